"""Every object of a scene named in turn: if it is the words that decide, each is what is lifted when it is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from millwright.core.judging import Judge
from millwright.core.loop import run_episode
from millwright.core.policy import Policy
from millwright.evaluation.statistics import clustered_wilson


class Named(NamedTuple):
    """How it went when an object was named."""

    target: str
    said: str
    success: bool
    failure: str | None


def name_each(
    env: Any, policy: Policy, judge: Judge, seed: int, *, options: Mapping[str, Any] | None = None
) -> list[Named]:
    """Play the scene of a seed from its beginning once for each object in it.

    Args:
        env: one whose reset takes `target`, any of the `object_names` that it has after a reset.
        options: handed to every reset.
    """
    env.reset(seed=seed, options=dict(options or {}))
    outcomes = []
    for target in env.unwrapped.object_names:
        episode = run_episode(env, policy, judge, seed, options={**(options or {}), "target": target})
        verdict = episode.verdict
        said = str(episode.steps[0].observation["task"])
        outcomes.append(Named(target, said, verdict.success, verdict.failure))
    return outcomes


def count_named(scenes: Mapping[int, Sequence[Named]]) -> dict[str, Any]:
    """How many were right, with a 95% interval in which each scene counts as one cluster; JSON values."""
    rows = list(scenes.values())
    right, trials = [sum(one.success for one in row) for row in rows], [len(row) for row in rows]
    low, high = clustered_wilson(right, trials)
    failures = Counter(str(one.failure) for row in rows for one in row if not one.success)
    return {
        "scenes": len(rows),
        "scenes_all_right": sum(a == b for a, b in zip(right, trials, strict=True)),
        "trials": sum(trials),
        "successes": sum(right),
        "rate": sum(right) / sum(trials),
        "interval": [low, high],
        "failures": dict(failures.most_common()),
    }
