"""PlacedInTray: one object, and no other, lifted by closed fingers, let go above the tray and at rest inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from millwright.core.facts import Floats, PlaceFacts
from millwright.core.judging import Judge, Verdict
from millwright.geometry.boxes import compute_corners
from millwright.judges.lift import (
    LiftLimits,
    SustainedLift,
    compute_distance,
    find_collision,
    find_disturbed,
    is_carried,
    is_lying,
)


@dataclass(frozen=True)
class PlaceLimits:
    """Thresholds of `PlacedInTray`; SI units."""

    lift: LiftLimits = field(default_factory=lambda: LiftLimits(height_m=0.04, hold_s=0.2))
    overhang_m: float = 0.002
    """A corner this far beyond the inside of a wall is still within: contacts give a little."""
    release_speed: float = 0.5
    """m/s: what is let go faster is thrown."""
    flight_m: float = 0.03
    """How far it may go by itself from where a pad touched it last: farther, it was dropped in from high, or thrown."""
    opened_m: float = 0.001
    """By which the fingers have to be wider apart than when they held the object."""
    clear_m: float = 0.05
    """How far above the object's centre the fingertips have to be: out of the way, ready for the next one."""
    rest_s: float = 0.1
    """How long it has to lie still."""


@dataclass(frozen=True)
class _Memory:
    """What the judge has to remember between ticks."""

    lay_outside: bool = False
    lowest_m: Floats | None = None  # (n,) that each object has been
    lifted: bool = False
    let_go_well: bool = False
    let_go_at_m: Floats | None = None  # (3,) where a pad touched it last
    flown_m: float = 0.0
    held_opening_m: float = 0.0
    lies_since_s: float | None = None
    succeeded_at_s: float | None = None
    dropped: bool = False
    wrong_object: str | None = None
    collision: str | None = None
    max_force_n: float = 0.0
    max_speed: float = 0.0
    max_acceleration: float = 0.0
    min_distance_m: float = float("inf")


class PlacedInTray(Judge):
    """Putting one object, and no other, into the tray.

    Success needs, in this order:

    * that the object was found lying outside the tray,
    * an honest lift, as `SustainedLift` has it (closed fingers, both pads, moving with the hand), lower and shorter,
    * that the fingers let go above the tray, and slowly: what is thrown in from outside does not count,
    * that from there it never went farther by itself than it takes to be put down, also if it is touched again later,
    * that the object lies still with all its corners within the walls: not on the rim,
    * that no pad touches it, the fingers are wider apart than when they held it, and the hand is clear of it,

    and, from the start on, no other object was lifted, thrown, taken out of the tray or pushed off the table, and
    nothing collided. An object that comes to rest elsewhere has to be lifted anew.
    """

    failures: ClassVar[tuple[str, ...]] = (
        "wrong_object", "collision", "dropped", "not_released", "slip", "miss", "timeout",
    )  # fmt: skip

    def __init__(self, limits: PlaceLimits | None = None) -> None:
        self.limits = limits or PlaceLimits()
        self._lift = SustainedLift(self.limits.lift)
        self.reset()

    def reset(self) -> None:
        self._lift.reset()
        self._memory = _Memory()
        self._start: PlaceFacts | None = None
        self._now: PlaceFacts | None = None

    def see(self, facts: PlaceFacts) -> None:
        start = self._start = self._start or facts
        before, self._now = self._now, facts
        if self.decided:
            return
        limits, memory = self.limits, self._memory
        heights = facts.positions[:, 2]
        lowest_m = heights if memory.lowest_m is None else np.minimum(memory.lowest_m, heights)
        disturbed = find_disturbed(facts, start, lowest_m, limits.lift) or find_taken_out(facts, start)
        self._memory = replace(
            memory,
            lowest_m=lowest_m,
            wrong_object=memory.wrong_object or disturbed,
            collision=memory.collision or find_collision(facts, limits.lift),
            max_force_n=max(memory.max_force_n, facts.max_contact_force_n),
            max_speed=max(memory.max_speed, facts.joint_speed),
            max_acceleration=max(memory.max_acceleration, facts.joint_acceleration),
            min_distance_m=min(memory.min_distance_m, compute_distance(facts)),
        )
        self._follow_lift(facts)
        self._follow_rest(facts, before)

    def _follow_lift(self, facts: PlaceFacts) -> None:
        """Whether the target was lifted, and how the fingers last had it."""
        memory = self._memory
        if not memory.lifted:
            self._lift.see(facts)
            if memory.lay_outside and self._lift.verdict().success:
                memory = replace(memory, lifted=True, flown_m=0.0)
        if facts.pad_contacts[facts.target].any():
            slow = float(np.linalg.norm(facts.velocities[facts.target])) <= self.limits.release_speed
            here = facts.positions[facts.target]
            memory = replace(memory, let_go_well=slow and is_over_tray(facts), let_go_at_m=here)
        elif memory.lifted and memory.let_go_at_m is not None:
            flown_m = float(np.linalg.norm(facts.positions[facts.target] - memory.let_go_at_m))
            memory = replace(memory, flown_m=max(memory.flown_m, flown_m))
        if is_carried(facts, self.limits.lift):
            memory = replace(memory, held_opening_m=facts.opening_m)
        self._memory = memory

    def _follow_rest(self, facts: PlaceFacts, before: PlaceFacts | None) -> None:
        """Whether the target has come to rest, and where."""
        limits, memory = self.limits, self._memory
        if not is_lying(facts, before, limits.lift):
            self._memory = replace(memory, lies_since_s=None)
            return
        memory = replace(memory, lay_outside=not is_over_tray(facts))
        if memory.lifted and not (self._was_put_down() and lies_in_tray(facts, limits)):
            self._lift.reset()
            self._lift.see(facts)
            self._memory = replace(memory, lifted=False, dropped=True, lies_since_s=None)
            return
        since = facts.time_s if memory.lies_since_s is None else memory.lies_since_s
        done = memory.lifted and self._is_released(facts) and facts.time_s - since >= limits.rest_s - 1e-9
        won = done and not memory.wrong_object and not memory.collision
        self._memory = replace(memory, lies_since_s=since, succeeded_at_s=facts.time_s if won else None)

    def _was_put_down(self) -> bool:
        """The fingers let go of it as one should."""
        return self._memory.let_go_well and self._memory.flown_m <= self.limits.flight_m

    def _is_released(self, facts: PlaceFacts) -> bool:
        """The fingers are open and out of the way."""
        opened = facts.opening_m >= self._memory.held_opening_m + self.limits.opened_m
        return opened and float(facts.hand_pose[2] - facts.positions[facts.target, 2]) >= self.limits.clear_m

    @property
    def decided(self) -> bool:
        memory = self._memory
        return bool(memory.succeeded_at_s is not None or memory.wrong_object or memory.collision)

    def verdict(self) -> Verdict:
        return Verdict(self._memory.succeeded_at_s is not None, self._find_failure(), self._gather_evidence())

    def metrics(self) -> Mapping[str, float]:
        """Distance (m), force, greatest joint speed and acceleration, cycle time (s, only of successes), events."""
        if self._now is None:
            return {}
        memory = self._memory
        rows = {
            "final_distance_m": compute_distance(self._now),
            "min_distance_m": memory.min_distance_m,
            "max_contact_force_n": memory.max_force_n,
            "max_joint_speed_rad_s": memory.max_speed,
            "max_joint_acceleration_rad_s2": memory.max_acceleration,
            "collision": float(memory.collision is not None),
            "wrong_object": float(memory.wrong_object is not None),
        }
        return rows if memory.succeeded_at_s is None else {**rows, "cycle_time_s": memory.succeeded_at_s}

    def _find_failure(self) -> str | None:
        memory = self._memory
        if memory.succeeded_at_s is not None:
            return None
        applies = {
            "wrong_object": memory.wrong_object is not None,
            "collision": memory.collision is not None,
            "dropped": memory.dropped or (memory.lifted and self._is_lost()),
            "not_released": memory.lifted,
        }
        return next((name for name in self.failures if applies.get(name)), self._lift.verdict().failure or "miss")

    def _is_lost(self) -> bool:
        """The target was let go, but not well, and has not come to rest yet."""
        facts = self._now
        return facts is not None and not facts.pad_contacts[facts.target].any() and not self._was_put_down()

    def _gather_evidence(self) -> dict[str, Any]:
        facts, memory = self._now, self._memory
        if facts is None:
            return {}
        left, right = (bool(touch) for touch in facts.pad_contacts[facts.target])
        return {
            "target": facts.target_name,
            "lifted": memory.lifted,
            "within_walls": lies_in_tray(facts, self.limits),
            "let_go_above_tray": memory.let_go_well and not (left or right),
            "flown_m": round(memory.flown_m, 4),
            "at_rest": memory.lies_since_s is not None,
            "released": memory.lifted and self._is_released(facts),
            "left_pad": left,
            "right_pad": right,
            "distance_m": round(compute_distance(facts), 4),
            "opening_m": round(facts.opening_m, 4),
            "other_disturbed": memory.wrong_object,
            "collision": memory.collision,
            "max_contact_force_n": round(memory.max_force_n, 1),
        }


def is_over_tray(facts: PlaceFacts) -> bool:
    """The target's centre is above the space within the walls."""
    return bool(_are_over_tray(facts)[facts.target])


def lies_in_tray(facts: PlaceFacts, limits: PlaceLimits) -> bool:
    """All corners of the target are within the walls; it may lie on others there."""
    target = facts.target
    corners = compute_corners(facts.positions[target], facts.orientations[target], facts.half_sizes[target])
    low, high = facts.tray[:, :2]
    margin = limits.overhang_m
    return bool((corners[:, :2] > low - margin).all() and (corners[:, :2] < high + margin).all())


def find_taken_out(facts: PlaceFacts, start: PlaceFacts) -> str | None:
    """The name of another object that was above the tray at the start and is no more."""
    taken = _are_over_tray(start) & ~_are_over_tray(facts)
    taken[facts.target] = False
    return facts.names[int(np.argmax(taken))] if taken.any() else None


def _are_over_tray(facts: PlaceFacts) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    low, high = facts.tray[:, :2]
    here = facts.positions[:, :2]
    return np.asarray(((here > low) & (here < high)).all(axis=1))
