"""Profile: how long each stage of a planner's call takes, and how large the planner is."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from millwright.core.errors import OptionError
from millwright.core.features import Observation
from millwright.core.planner import Memory, Planner
from millwright.evaluation.statistics import describe
from millwright.policies.watching import Watched

WHOLE = "whole"
"""Name of the time from an observation to a chunk."""
UNTIMED = 20
"""Calls before the first that counts: the first ones of a process are slow."""
COLUMNS = ("mean", "std", "p50", "p95", "p99")


class Weight(NamedTuple):
    """How large a policy is."""

    parameters: int | None
    """None: not told, as of exports."""
    file_bytes: int
    """Of its folder."""
    process_bytes: int
    """The most that the whole process had in memory, with the environment and the libraries in it."""


@dataclass(frozen=True)
class Profile:
    """Times of a planner's calls, one observation each."""

    times_ms: Mapping[str, tuple[float, ...]]
    """Stage -> of each call, ms; `WHOLE` among them."""
    weight: Weight | None = None

    def is_within(self, budget_ms: float) -> bool:
        """The 99th percentile of whole calls is."""
        return describe(WHOLE, self.times_ms[WHOLE])[f"{WHOLE}_p99"] <= budget_ms

    def to_json(self, budget_ms: float) -> dict[str, Any]:
        """Statistics of every stage, `NAME_mean, _std, _p50, _p95, _p99` in ms, and the weight."""
        stages = {key: value for name, times in self.times_ms.items() for key, value in describe(name, times).items()}
        weight = {} if self.weight is None else self.weight._asdict()
        calls = len(self.times_ms[WHOLE])
        return {
            "calls": calls, "budget_ms": budget_ms, "within_budget": self.is_within(budget_ms), **stages, **weight,
        }  # fmt: skip


class _Stopwatch:
    """A `Watch` that notes how long each stage took."""

    def __init__(self) -> None:
        self.laps_ms: dict[str, float] = {}
        self._last_s = time.perf_counter()

    def __call__(self, stage: str) -> None:
        now_s = time.perf_counter()
        self.laps_ms[stage] = 1e3 * (now_s - self._last_s)
        self._last_s = now_s


def check_calls(calls: int) -> None:
    """Refuse to measure nothing.

    Raises:
        OptionError: fewer than one call.
    """
    if calls < 1:
        raise OptionError(f"at least one call has to be timed, got {calls}")


def profile(planner: Planner, episodes: Iterator[Sequence[Observation]], calls: int) -> Profile:
    """Time a planner on observations, with the memory that its own calls left; the first `UNTIMED` calls are not.

    Args:
        planner: where it has a `watch`, its stages are told, else whole calls alone.
        episodes: as many as are needed, each from its start.
        calls: that are timed.

    Raises:
        OptionError: fewer than one call.
    """
    check_calls(calls)
    rows: list[dict[str, float]] = []
    while len(rows) < UNTIMED + calls:
        memory: Memory = None
        for observation in next(episodes):
            memory, row = _time(planner, observation, memory)
            rows.append(row)
    timed = rows[UNTIMED : UNTIMED + calls]
    return Profile({stage: tuple(row[stage] for row in timed) for stage in timed[0]})


def _time(planner: Planner, observation: Observation, memory: Memory) -> tuple[Memory, dict[str, float]]:
    with _watch(planner) as stopwatch:
        started_s = time.perf_counter()
        _, (memory,) = planner.plan([observation], [memory])
        whole_ms = 1e3 * (time.perf_counter() - started_s)
    return memory, {**stopwatch.laps_ms, WHOLE: whole_ms}


@contextmanager
def _watch(planner: Planner) -> Iterator[_Stopwatch]:
    """For a while a planner tells its stages, if it is one that does, to a stopwatch that begins now."""
    if not isinstance(planner, Watched):
        yield _Stopwatch()
        return
    before = planner.watch
    planner.watch = stopwatch = _Stopwatch()
    try:
        yield stopwatch
    finally:
        planner.watch = before


def measure_process_bytes() -> int:
    """The most that this process has had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def tabulate(found: Profile, budget_ms: float) -> str:
    """A table of stages, the weight, and whether the budget is kept."""
    width = max(map(len, found.times_ms))
    lines = [f"{'ms':<{width}} {''.join(f'{column:>9}' for column in COLUMNS)}"]
    for name, times in found.times_ms.items():
        told = describe(name, times)
        lines.append(f"{name:<{width}} " + "".join(f"{told[f'{name}_{column}']:9.3f}" for column in COLUMNS))
    if found.weight is not None:
        parameters, file_bytes, process_bytes = found.weight
        counted = "" if parameters is None else f"{parameters:,} parameters, "
        told_of = f"{process_bytes / 1e6:.0f} MB of memory, environment and libraries included"
        lines.append(f"{counted}{file_bytes / 1e6:.2f} MB on disk, {told_of}")
    kept = "within" if found.is_within(budget_ms) else "beyond"
    lines.append(f"{len(found.times_ms[WHOLE])} calls; the 99th percentile is {kept} the budget of {budget_ms:g} ms")
    return "\n".join(lines)
