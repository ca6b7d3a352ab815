"""Snapshot: one instant of the session, immutable, as every browser sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.episode import Step
from millwright.core.features import Observation
from millwright.core.judging import Verdict
from millwright.dashboard.dreaming import DreamTold
from millwright.dashboard.latency import Latency
from millwright.evaluation.statistics import wilson

STARTING, LOADING, READY, RUNNING, FINISHED, FAILED = "starting", "loading", "ready", "running", "finished", "failed"


@dataclass(frozen=True)
class Tally:
    """Judged picks of one policy; stopped ones are not counted."""

    successes: int = 0
    episodes: int = 0
    recent: tuple[bool, ...] = ()
    privileged: bool = False

    def add(self, success: bool, privileged: bool) -> Tally:
        return Tally(self.successes + success, self.episodes + 1, (*self.recent, success)[-20:], privileged)

    def to_json(self) -> dict[str, Any]:
        return {
            "successes": self.successes,
            "episodes": self.episodes,
            "interval": wilson(self.successes, self.episodes),
            "recent": self.recent,
            "privileged": self.privileged,
        }


@dataclass(frozen=True)
class Outcome:
    """How the last judged episode ended."""

    policy: str
    privileged: bool
    target: str
    task: str
    seed: int
    steps: int
    duration_s: float
    verdict: Verdict


@dataclass(frozen=True)
class Pace:
    """How well control kept to its schedule over the last two seconds."""

    rate_hz: float = 0.0
    late_ms: float = 0.0
    worst_late_ms: float = 0.0


@dataclass(frozen=True)
class Scenery:
    """What lies in the scene on show, and how it may be asked for."""

    names: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    """Of each object, in the facts."""
    examples: tuple[str, ...] = ()
    """Instructions, where objects are asked for in words."""

    def rename(self, verdict: Verdict, names: Sequence[str]) -> Verdict:
        """The verdict with the names on show in its evidence, where the facts have `names` of their own."""
        known = {names[row]: name for row, name in zip(self.rows, self.names, strict=True)}
        evidence = {
            key: known.get(value, value) if isinstance(value, str) else value for key, value in verdict.evidence.items()
        }
        return replace(verdict, evidence=evidence)

    def to_json(self) -> dict[str, Any]:
        objects = [{"name": name, "color": color} for name, color in zip(self.names, self.colors, strict=True)]
        return {"objects": objects, "examples": self.examples}


@dataclass(frozen=True)
class Snapshot:
    """Everything a browser or the viewer process needs of one instant."""

    phase: str = STARTING
    message: str = ""
    note: str = ""
    """What the whole session is about, where it is about more than looking."""
    seed: int = 0
    scene: int = 0
    """Counts the start scenes shown; a click names the one it was aimed at."""
    scenery: Scenery = Scenery()
    start: Observation | None = None
    """What a policy would see first in this scene."""
    policy: str = ""
    privileged: bool = False
    state: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    positions: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))  # (objects, 3) m
    episode: int = 0
    target: str | None = None
    task: str = ""
    """What the policy is told in words."""
    step: int = 0
    time_s: float = 0.0
    distance_m: float | None = None
    opening_m: float | None = None
    box: tuple[float, ...] | None = None
    """x0, y0, x1, y1 (fractions of the wrist picture), visible, age_s."""
    gauges: Mapping[str, float] = field(default_factory=dict)
    """Of a car that is driven."""
    verdict: Verdict | None = None
    queue: tuple[str, ...] = ()
    """What is to be picked next, in this order."""
    trace: tuple[tuple[float, float], ...] = ()
    """(time s, distance m or speed m/s) of every step so far."""
    dream: DreamTold = field(default_factory=DreamTold)
    dream_trace: tuple[tuple[float, ...], ...] = ()
    """Of every step so far what `Dreams.trace` tells."""
    newest_step: Step | None = None
    """Of the running episode, or of the one that just ended."""
    pace: Pace = Pace()
    latency: Latency = field(default_factory=Latency)
    outcome: Outcome | None = None
    tallies: Mapping[str, Tally] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Without scenery, start, state, positions, traces and the newest step, which travel by other ways."""
        return {
            "phase": self.phase,
            "message": self.message,
            "seed": self.seed,
            "scene": self.scene,
            "policy": self.policy,
            "privileged": self.privileged,
            "episode": self.episode,
            "target": self.target,
            "task": self.task,
            "step": self.step,
            "time_s": self.time_s,
            "queue": self.queue,
            "distance_m": self.distance_m,
            "opening_m": self.opening_m,
            "gauges": _plain(self.gauges),
            "note": self.note,
            "dream": self.dream.to_json(),
            "verdict": _plain(self.verdict),
            "pace": _plain(self.pace),
            "latency": {"plans": self.latency.plans, "stages": _plain(self.latency.stages)},
            "outcome": _plain(self.outcome),
            "tallies": {name: tally.to_json() for name, tally in self.tallies.items()},
        }


def _plain(value: Any) -> Any:
    """`value` as JSON can say it: numpy becomes lists, dataclasses dicts, numbers that are not finite null."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value if isinstance(value, str | int | bool | None) else str(value)
