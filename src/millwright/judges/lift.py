"""SustainedLift: one object, and no other, held up by closed fingers for a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from millwright.core.facts import Floats, GraspFacts
from millwright.core.judging import Judge, Verdict


@dataclass(frozen=True)
class LiftLimits:
    """Thresholds of `SustainedLift`; SI units. Any clause can be switched off by a value that everything meets."""

    height_m: float = 0.10
    hold_s: float = 0.5
    from_rest: bool = True  # height counts from where the object was found lying; else from where it started
    rest_m: float = 0.001  # what moves less than this in a tick
    rest_speed: float = 0.05  # and is slower than this, m/s, lies
    flight_m: float = 0.03  # this far above where it last lay, with no pad touching it, an object flies
    pads: int = 2  # that have to touch it
    closed_speed: float = 0.02  # m/s: fingers that still move have not closed on anything
    closed_margin_m: float = 0.002  # nearer than this to either end of their travel, fingers hold nothing
    carried_speed: float = 0.05  # m/s: faster than this against the hand, an object is not carried
    carried_distance_m: float = 0.05  # from the fingertips
    other_height_m: float = 0.03  # another object this high above the lowest that it has been was lifted
    other_speed: float = 1.0  # m/s: thrown
    other_fall_m: float = 0.02  # this far below where the lowest of all began: off the table
    force_n: float = 40.0  # harder is no touch but a blow
    penetration_m: float = 0.01  # deeper is no grasp: the solver is about to eject the object
    only_fingers: bool = True  # no other part of the robot may touch anything


@dataclass(frozen=True)
class _Memory:
    """What the judge has to remember between ticks."""

    lay_at_m: float | None = None
    lowest_m: Floats | None = None  # (n,) that each object has been
    held_since_s: float | None = None
    succeeded_at_s: float | None = None
    wrong_object: str | None = None
    collision: str | None = None
    best_height_m: float = 0.0
    longest_hold_s: float = 0.0
    was_carried: bool = False
    widest_m: float = 0.0
    tried: bool = False
    max_force_n: float = 0.0
    distances_m: tuple[float, ...] = ()


class SustainedLift(Judge):
    """Holding one object up, and no other, with closed fingers.

    Success needs, for `hold_s` on end and all at once:

    * the target is `height_m` above where it was found lying; if it flew since then, or never lay, it was not lifted,
    * the fingers have closed on something: at rest, at neither end of their travel,
    * the target touches both pads,
    * the target moves with the hand and is at the fingertips,

    and, from the start on, no other object was lifted, thrown or pushed off the table and nothing collided.
    """

    failures: ClassVar[tuple[str, ...]] = ("wrong_object", "collision", "slip", "miss", "timeout")

    def __init__(self, limits: LiftLimits | None = None) -> None:
        self.limits = limits or LiftLimits()
        self.reset()

    def reset(self) -> None:
        self._memory = _Memory()
        self._start: GraspFacts | None = None
        self._now: GraspFacts | None = None

    def see(self, facts: GraspFacts) -> None:
        start = self._start = self._start or facts
        before, self._now = self._now, facts
        if self.decided:
            return
        limits, memory = self.limits, self._memory
        lay_at_m = find_rest(facts, before, memory.lay_at_m, limits)
        height = compute_height(facts, start, lay_at_m)
        held = is_lifted(facts, start, lay_at_m, limits) and is_carried(facts, limits)
        since = (memory.held_since_s if memory.held_since_s is not None else facts.time_s) if held else None
        hold_s = facts.time_s - since if since is not None else 0.0
        heights = facts.positions[:, 2]
        lowest_m = heights if memory.lowest_m is None else np.minimum(memory.lowest_m, heights)
        wrong = memory.wrong_object or find_disturbed(facts, start, lowest_m, limits)
        collision = memory.collision or find_collision(facts, limits)
        closed_at_start = memory.widest_m == 0 and facts.pad_contacts[facts.target].any()
        opening_m = facts.max_opening_m if closed_at_start else min(facts.opening_m, facts.max_opening_m)
        widest_m = max(memory.widest_m, opening_m)
        won = hold_s >= limits.hold_s - 1e-9 and since is not None and not wrong and not collision
        self._memory = replace(
            memory,
            lay_at_m=lay_at_m,
            lowest_m=lowest_m,
            held_since_s=since,
            succeeded_at_s=facts.time_s if won else None,
            wrong_object=wrong,
            collision=collision,
            best_height_m=max(memory.best_height_m, height),
            longest_hold_s=max(memory.longest_hold_s, hold_s),
            was_carried=memory.was_carried or (is_carried(facts, limits) and height > 0.01),
            widest_m=widest_m,
            tried=memory.tried or facts.opening_m < 0.7 * widest_m,
            max_force_n=max(memory.max_force_n, facts.max_contact_force_n),
            distances_m=(*memory.distances_m, compute_distance(facts)),
        )

    @property
    def decided(self) -> bool:
        memory = self._memory
        return bool(memory.succeeded_at_s is not None or memory.wrong_object or memory.collision)

    def verdict(self) -> Verdict:
        memory = self._memory
        return Verdict(memory.succeeded_at_s is not None, self._find_failure(), self._gather_evidence())

    def metrics(self) -> Mapping[str, float]:
        """Distances (m) at the end, cycle time (s, only of successes), what went wrong (0 or 1)."""
        if self._now is None:
            return {}
        memory = self._memory
        rows = {
            "final_distance_m": compute_distance(self._now),
            "final_wrist_distance_m": float(
                np.linalg.norm(self._now.wrist_position - self._now.positions[self._now.target])
            ),
            "min_distance_m": min(memory.distances_m),
            "best_height_m": memory.best_height_m,
            "max_contact_force_n": memory.max_force_n,
            "collision": float(memory.collision is not None),
            "wrong_object": float(memory.wrong_object is not None),
        }
        return rows if memory.succeeded_at_s is None else {**rows, "cycle_time_s": memory.succeeded_at_s}

    def _find_failure(self) -> str | None:
        memory = self._memory
        applies = {
            "wrong_object": memory.wrong_object is not None,
            "collision": memory.collision is not None,
            "slip": memory.was_carried,
            "miss": memory.tried,
            "timeout": True,
        }
        if memory.succeeded_at_s is not None:
            return None
        return next(name for name in self.failures if applies[name])

    def _gather_evidence(self) -> dict[str, Any]:
        facts, start, memory = self._now, self._start, self._memory
        if facts is None or start is None:
            return {}
        left, right = (bool(touch) for touch in facts.pad_contacts[facts.target])
        return {
            "target": facts.target_name,
            "height_m": round(compute_height(facts, start, memory.lay_at_m), 4),
            "found_lying": memory.lay_at_m is not None,
            "left_pad": left,
            "right_pad": right,
            "fingers_closed": is_closed(facts, self.limits),
            "carried": is_carried(facts, self.limits),
            "held_s": round(memory.longest_hold_s, 3),
            "distance_m": round(compute_distance(facts), 4),
            "opening_m": round(facts.opening_m, 4),
            "other_disturbed": memory.wrong_object,
            "collision": memory.collision,
            "max_contact_force_n": round(memory.max_force_n, 1),
        }


def find_rest(facts: GraspFacts, before: GraspFacts | None, lay_at_m: float | None, limits: LiftLimits) -> float | None:
    """The height (m) at which the target last lay without the fingers; None when it flew since then, or never lay.

    Who is thrown a brick, or finds one in the hand, has lifted nothing.

    Args:
        before: the facts of the tick before.
        lay_at_m: what this function said then.
    """
    if not limits.from_rest:
        return None
    here = facts.positions[facts.target]
    if facts.pad_contacts[facts.target].any():
        return lay_at_m
    if is_lying(facts, before, limits):
        return float(here[2])
    flies = lay_at_m is not None and here[2] > lay_at_m + limits.flight_m
    return None if flies else lay_at_m


def is_lying(facts: GraspFacts, before: GraspFacts | None, limits: LiftLimits) -> bool:
    """The target rests, and no pad touches it, now and in the tick before."""
    if before is None or facts.pad_contacts[facts.target].any() or before.pad_contacts[facts.target].any():
        return False
    moved = float(np.linalg.norm(facts.positions[facts.target] - before.positions[facts.target]))
    speed = float(np.linalg.norm(facts.velocities[facts.target]))
    return moved < limits.rest_m and speed < limits.rest_speed


def compute_height(facts: GraspFacts, start: GraspFacts, lay_at_m: float | None = None) -> float:
    """How far the target is above where it lay, or else above where it started, m."""
    return float(
        facts.positions[facts.target, 2] - (start.positions[facts.target, 2] if lay_at_m is None else lay_at_m)
    )


def is_lifted(facts: GraspFacts, start: GraspFacts, lay_at_m: float | None, limits: LiftLimits) -> bool:
    """The target is as high as it has to be above where it lay; what never lay, or flew, was not lifted."""
    found = lay_at_m is not None or not limits.from_rest
    return found and compute_height(facts, start, lay_at_m) >= limits.height_m


def compute_distance(facts: GraspFacts) -> float:
    """From the middle between the fingertips to the target's centre, m."""
    return float(np.linalg.norm(facts.hand_pose[:3] - facts.positions[facts.target]))


def is_closed(facts: GraspFacts, limits: LiftLimits) -> bool:
    """The fingers rest, and at neither end of their travel: there is something between them."""
    margin = limits.closed_margin_m
    return abs(facts.opening_speed) <= limits.closed_speed and margin < facts.opening_m < facts.max_opening_m - margin


def is_carried(facts: GraspFacts, limits: LiftLimits) -> bool:
    """The target is between closed fingers, touches both pads and moves with the hand."""
    slip = float(np.linalg.norm(facts.velocities[facts.target] - facts.hand_velocity))
    return bool(
        facts.pad_contacts[facts.target].sum() >= limits.pads
        and is_closed(facts, limits)
        and slip <= limits.carried_speed
        and compute_distance(facts) <= limits.carried_distance_m
    )


def find_disturbed(facts: GraspFacts, start: GraspFacts, lowest_m: Floats, limits: LiftLimits) -> str | None:
    """The name of another object that was lifted, thrown or pushed off the table.

    To push others is no fault, nor that one slides off another: how far an object falls does not matter while it is as
    high as something was at the start. Whoever lifts it afterwards lifts it from where it fell to. What had left the
    table before is gone.

    Args:
        lowest_m: (n,) that each object has been so far.
    """
    heights = facts.positions[:, 2]
    speed = np.linalg.norm(facts.velocities, axis=1)
    gone = start.positions[:, 2] < -limits.other_fall_m
    fell = heights < np.where(gone, np.inf, start.positions[:, 2]).min() - limits.other_fall_m
    disturbed = (heights - lowest_m > limits.other_height_m) | fell | (speed > limits.other_speed)
    disturbed[gone] = False
    disturbed[facts.target] = False
    return facts.names[int(np.argmax(disturbed))] if disturbed.any() else None


def find_collision(facts: GraspFacts, limits: LiftLimits) -> str | None:
    """What collided, in words."""
    if facts.robot_collision and limits.only_fingers:
        return "a part of the robot that is not a finger touched something"
    if facts.max_contact_force_n > limits.force_n:
        return f"contact force {facts.max_contact_force_n:.0f} N"
    if facts.max_penetration_m > limits.penetration_m:
        return f"penetration {1000 * facts.max_penetration_m:.0f} mm"
    return None
