"""DrivesLap: a lap worth 900 points, and why another was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from millwright.core.facts import DrivingFacts
from millwright.core.judging import Judge, Verdict


@dataclass(frozen=True)
class DriveLimits:
    """Thresholds of `DrivesLap`."""

    return_wanted: float = 900.0
    """Gymnasium's line for a solved CarRacing: a whole lap in 20 s gives 900, whatever is missed or late costs."""
    off_road_share: float = 0.02
    """More ticks than this with all four wheels off the road: the document's limit for collisions."""
    stall_s: float = 2.0
    """So long without a new tile is a stall."""
    round_share: float = 0.95
    """Who reached so many tiles went round: CarRacing itself calls it a lap, once the first tile is reached again."""
    rolling_m_s: float = 10.0
    """Who is faster still drives."""
    start_s: float = 1.0
    """Stalls and swings count from here on: a car has to gather speed first."""
    swing: float = 0.2
    """Steering that goes from beyond this on one side to beyond it on the other is a reversal."""
    reversals_per_s: float = 1.5
    """More than this is an oscillation."""


@dataclass(frozen=True)
class _Memory:
    """What the judge has to remember between ticks."""

    ticks: int = 0
    off_ticks: int = 0
    wheels_off: int = 0
    departures: int = 0
    stalled_ticks: int = 0
    stalls: int = 0
    reversals: int = 0
    side: int = 0
    """To which the steering last went beyond a swing."""
    speed_sum: float = 0.0
    idle_s: float = 0.0
    """Since a tile was found."""


class DrivesLap(Judge):
    """One lap of CarRacing: success is a return of 900 or more.

    The failure is the first that applies: `off_track` (it left the world, or was beside the road for too many ticks),
    `missed_tiles` (it went round and on, and found no new tile in the last two seconds: those that it had missed lie
    behind), `stall` (no new tile for two seconds), `oscillation` (its steering swung from side to side), else `slow`.
    """

    failures: ClassVar[tuple[str, ...]] = ("off_track", "missed_tiles", "stall", "oscillation", "slow")

    def __init__(self, limits: DriveLimits | None = None) -> None:
        self.limits = limits or DriveLimits()
        self.reset()

    def reset(self) -> None:
        self._memory = _Memory()
        self._now: DrivingFacts | None = None

    def see(self, facts: DrivingFacts) -> None:
        before, self._now = self._now, facts
        if before is None or before.over:
            return
        memory, started = self._memory, facts.time_s > self.limits.start_s
        idle_s = self._find_idle_s(facts, before)
        stalled = started and idle_s >= self.limits.stall_s
        steering = float(facts.action[0])
        side = int(np.sign(steering)) if started and abs(steering) > self.limits.swing else memory.side
        self._memory = replace(
            memory,
            ticks=memory.ticks + 1,
            off_ticks=memory.off_ticks + (not facts.on_road),
            wheels_off=memory.wheels_off + int((~facts.wheels_on_road).sum()),
            departures=memory.departures + (before.on_road and not facts.on_road),
            stalled_ticks=memory.stalled_ticks + stalled,
            stalls=memory.stalls + (stalled and memory.idle_s < self.limits.stall_s),
            reversals=memory.reversals + (memory.side * side < 0),
            side=side,
            speed_sum=memory.speed_sum + facts.speed_m_s,
            idle_s=idle_s,
        )

    def _find_idle_s(self, facts: DrivingFacts, before: DrivingFacts) -> float:
        """Seconds since a tile was found; a tick lasts as long as it did last."""
        return 0.0 if facts.idle_ticks == 0 else self._memory.idle_s + facts.time_s - before.time_s

    @property
    def decided(self) -> bool:
        return self._now is not None and self._now.over

    def verdict(self) -> Verdict:
        failure = self._find_failure()
        return Verdict(failure is None, failure, self._gather_evidence())

    def metrics(self) -> Mapping[str, float]:
        """Return, shares of tiles (0 to 1) and of ticks, events, mean speed (m/s), raw steps, whether it was a lap."""
        facts, memory = self._now, self._memory
        if facts is None:
            return {}
        ticks = max(memory.ticks, 1)
        return {
            "return": facts.total_reward,
            "tile_share": facts.tiles / facts.num_tiles,
            "off_road_share": memory.off_ticks / ticks,
            "wheels_off_share": memory.wheels_off / (4 * ticks),
            "departures": float(memory.departures),
            "stall_ticks": float(memory.stalled_ticks),
            "stalls": float(memory.stalls),
            "reversals": float(memory.reversals),
            "reversals_per_s": self._reversals_per_s(facts),
            "mean_speed_m_s": memory.speed_sum / ticks,
            "raw_steps": float(facts.raw_steps),
            "laps": float(facts.lap_finished),
        }

    def _reversals_per_s(self, facts: DrivingFacts) -> float:
        return self._memory.reversals / max(facts.time_s - self.limits.start_s, 1.0)

    def _went_round(self, facts: DrivingFacts) -> bool:
        limits = self.limits
        found = facts.tiles >= limits.round_share * facts.num_tiles and not facts.lap_finished
        return found and self._memory.idle_s >= limits.stall_s and facts.speed_m_s > limits.rolling_m_s

    def _find_failure(self) -> str | None:
        facts, limits = self._now, self.limits
        if facts is None:
            return "slow"
        if facts.over and facts.total_reward >= limits.return_wanted:
            return None
        metrics = self.metrics()
        applies = {
            "off_track": facts.left_field or metrics["off_road_share"] > limits.off_road_share,
            "missed_tiles": self._went_round(facts),
            "stall": self._memory.stalls > 0,
            "oscillation": metrics["reversals_per_s"] > limits.reversals_per_s,
        }
        return next((name for name in self.failures if applies.get(name)), "slow")

    def _gather_evidence(self) -> dict[str, Any]:
        facts, memory = self._now, self._memory
        if facts is None:
            return {}
        return {
            "return": round(facts.total_reward, 2),
            "tiles": facts.tiles,
            "num_tiles": facts.num_tiles,
            "lap_finished": facts.lap_finished,
            "left_field": facts.left_field,
            "off_road_ticks": memory.off_ticks,
            "departures": memory.departures,
            "stalls": memory.stalls,
            "reversals": memory.reversals,
            "time_s": round(facts.time_s, 2),
        }
