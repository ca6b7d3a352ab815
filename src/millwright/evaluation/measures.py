"""Measures of one episode, and its reduction to an EpisodeResult."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.episode import Episode
from millwright.core.facts import DrivingFacts
from millwright.evaluation.moments import Moment
from millwright.evaluation.result import EpisodeResult

STATE, PROMPT = "observation.state", "observation.environment_state"


def reduce_episode(
    episode: Episode, film: str | None = None, strip: str | None = None, moments: tuple[Moment, ...] = ()
) -> EpisodeResult:
    """Everything that is kept of an episode, with the names of its film and of its strip of key moments, if written."""
    call_ms = tuple(_milliseconds(step.timings["policy_s"]) for step in episode.steps)
    plan_ms = tuple(ms for ms, made in zip(call_ms, find_new_plans(episode), strict=True) if made)
    measured = {"steps": float(len(episode)), "call_latency_ms": float(np.mean(call_ms))}
    jerk = compute_mean_jerk(episode)
    if jerk is not None:
        measured["jerk_rad_s3"] = jerk
    metrics = {name: float(value) for name, value in episode.metrics.items()}
    finite = {name: value for name, value in (metrics | measured).items() if np.isfinite(value)}
    return EpisodeResult(
        seed=episode.seed,
        success=episode.verdict.success,
        failure=episode.verdict.failure,
        task=describe_task(episode),
        metrics=finite,
        times_s=tuple(round(step.time_s, 4) for step in episode.steps),
        distances_m=compute_distances(episode),
        call_ms=call_ms,
        plan_ms=plan_ms,
        prompt_at=find_prompt(episode),
        film=film,
        provenance=dict(episode.provenance),
        properties=keep_plain(episode.properties),
        evidence={} if episode.verdict.success else keep_plain(episode.verdict.evidence),
        strip=strip,
        moments=tuple((moment.label, round(episode.steps[moment.index].time_s, 3)) for moment in moments),
        stages=episode.stages,
        surprises=episode.surprises,
    )


def keep_plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it: numbers of numpy as numbers, those that are not finite left out, other things as their words."""
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    return {
        name: value if isinstance(value, str | int | float | None) else str(value)
        for name, value in plain.items()
        if not isinstance(value, float) or np.isfinite(value)
    }


def describe_task(episode: Episode) -> str:
    """What was asked for, and what the judge took for the target where the words do not say it."""
    target = str(episode.verdict.evidence.get("target", ""))
    return episode.task if target in episode.task else f"{episode.task} ({target})"


def compute_mean_jerk(episode: Episode) -> float | None:
    """Mean |third difference| of the observed joint positions, rad/s^3; None for fewer than four steps or no joints.

    The mean is over ticks and joints; the rate of the steps is taken as constant.
    """
    drives = isinstance(episode.steps[0].facts, DrivingFacts)
    if len(episode) < 4 or drives or STATE not in episode.steps[0].observation:
        return None
    states: NDArray[np.float64] = np.array([step.observation[STATE] for step in episode.steps], np.float64)
    joints = states[:, : max(1, states.shape[1] - 1)]  # the opening comes last
    period_s = episode.duration_s / (len(episode) - 1)
    return float(np.abs(np.diff(joints, n=3, axis=0)).mean() / period_s**3)


def compute_distances(episode: Episode) -> tuple[float, ...]:
    """Distance of the fingertips to the target at every tick, m; empty if the judge does not measure one."""
    rows = [step.verdict.evidence.get("distance_m") for step in episode.steps]
    return tuple(round(float(row), 5) for row in rows if row is not None) if None not in rows else ()


def find_new_plans(episode: Episode) -> list[bool]:
    """For every step: the policy made a plan from this observation, rather than play on with an older one."""
    observed = [None, *(None if step.plan is None else step.plan.observed_at_s for step in episode.steps)]
    return [new is not None and new != old for old, new in pairwise(observed)]


def find_prompt(episode: Episode) -> tuple[float, float] | None:
    """Centre of the prompt box in the first observation, fractions of the image; None if there is none."""
    box = episode.steps[0].observation.get(PROMPT)
    if box is None or len(box) < 5 or not box[4]:
        return None
    return round(float(box[0] + box[2]) / 2, 4), round(float(box[1] + box[3]) / 2, 4)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 4)
