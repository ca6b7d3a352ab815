"""Clearing a table: one Episode a pick, scene and arm staying as they are, and what many such tables come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from millwright.core.episode import Episode
from millwright.core.errors import NothingLeftError, PromptError
from millwright.core.judging import Judge
from millwright.core.loop import run_episode
from millwright.core.policy import Policy
from millwright.evaluation.measures import keep_plain
from millwright.evaluation.statistics import clustered_wilson, describe, wilson

Clear = Callable[[int], Iterator[Episode]]
Prompt = Mapping[str, Any]
"""Options of a reset that point at something: `{"target": "red"}`, a click, or nothing for one that is drawn."""
LIMITS = ("max_joint_speed_rad_s", "max_joint_acceleration_rad_s2", "max_contact_force_n")
"""Metrics of a pick whose greatest value over all picks is told."""

UNPROMPTED = "unprompted"
"""The failure of a pick that never began, as nobody could point at anything that was left."""


def clear_table(
    env: Any,
    policy: Policy,
    judge: Judge,
    seed: int,
    queue: Iterable[Prompt],
    *,
    provenance: Mapping[str, Any] | None = None,
) -> Iterator[Episode]:
    """Play pick after pick in the scene of `seed`, one for each prompt, until the queue or the table is empty.

    Only the first pick gets a new scene; whatever a failed one left behind stays as it is.

    Args:
        env: an environment that can be reset with `{"continue": True}`.
        queue: asked for the next prompt when a pick is over, so it may grow meanwhile.

    Raises:
        PromptError: a prompt points at nothing that is left, or nobody can point at what was drawn; the picks before
            it stand.
    """
    for number, prompt in enumerate(queue):
        options = {**prompt, "continue": True} if number else prompt
        about = {**(provenance or {}), "pick": number}
        try:
            yield run_episode(env, policy, judge, seed, options=options, provenance=about)
        except NothingLeftError:
            return


class Pick(NamedTuple):
    """What is kept of one pick."""

    target: str
    success: bool
    failure: str | None
    duration_s: float
    metrics: Mapping[str, float]
    evidence: Mapping[str, Any]
    """Of failures."""


@dataclass(frozen=True)
class ReduceClearing:
    """Picklable: clears the table of a seed and keeps what a summary needs.

    Args:
        make_clear: called once a worker, gives what clears the table of a seed.
    """

    make_clear: Callable[[], Clear]

    def __call__(self) -> Callable[[int], list[Pick]]:
        clear = self.make_clear()
        return lambda seed: list(_reduce_table(clear(seed)))


def _reduce_table(episodes: Iterator[Episode]) -> Iterator[Pick]:
    """Its picks. Where something is left at which nobody can point any more, that is a failed pick, and the last."""
    try:
        for episode in episodes:
            yield _reduce(episode)
    except PromptError as error:
        yield Pick("", False, UNPROMPTED, 0.0, {}, {"prompt": str(error)})


def _reduce(episode: Episode) -> Pick:
    verdict = episode.verdict
    evidence = {} if verdict.success else keep_plain(verdict.evidence)
    target = str(verdict.evidence.get("target", ""))
    return Pick(target, verdict.success, verdict.failure, episode.duration_s, keep_plain(episode.metrics), evidence)


def summarise(scenes: Mapping[int, list[Pick]], num_picks: int) -> dict[str, Any]:
    """Counts, rates and 95% intervals of single picks and of whole tables, cycle times, and what was hardest on joints.

    Picks of one table hang together, as each leaves its scene to the next, so their interval takes tables for clusters
    (`clustered_wilson`).

    Args:
        scenes: the picks of every seed, in order.
        num_picks: how many make up a table; one is cleared when so many succeeded in a row.
    """
    tables = list(scenes.values())
    picks = [pick for table in tables for pick in table]
    won = [sum(pick.success for pick in table) for table in tables]
    wins = sum(won)
    cleared = sum(len(scene) == num_picks and all(pick.success for pick in scene) for scene in scenes.values())
    cycles = [pick.metrics["cycle_time_s"] for pick in picks if "cycle_time_s" in pick.metrics]
    worst = {name: max((pick.metrics[name] for pick in picks if name in pick.metrics), default=None) for name in LIMITS}
    return {
        "scenes": len(scenes),
        "picks": len(picks),
        "successes": wins,
        "rate": wins / len(picks),
        "interval": list(clustered_wilson(won, [len(table) for table in tables])),
        "clusters": "tables",
        "tables": {"cleared": cleared, "rate": cleared / len(scenes), "interval": list(wilson(cleared, len(scenes)))},
        "failures": dict(Counter(pick.failure for pick in picks if pick.failure).most_common()),
        **describe("cycle_time_s", cycles),
        "duration_s_mean": float(np.mean([pick.duration_s for pick in picks if pick.failure != UNPROMPTED])),
        **worst,
        "wins_by_number": [
            sum(scene[number].success for scene in scenes.values() if number < len(scene))
            for number in range(num_picks)
        ],
    }


def from_json(rows: Iterable[Any]) -> list[Pick]:
    """The picks of a table as JSON gives them back."""
    return [Pick(*row) for row in rows]
