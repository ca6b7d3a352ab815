"""Gamers: the cheats that a judge of grasping is tried on; it must give each of them nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from millwright.core.policy import Action
from millwright.experts.gamer import Gamer
from millwright.geometry.poses import Floats, wrap_angle

HIGH_M = 0.16
"""Height of the hand above the table where an expert lifts to."""
LIFT_M = 0.10
"""What a lift is taken to be by those who pretend one."""
GRAVITY_M_S2 = 9.81


class Hover(Gamer):
    """Goes to the target with open fingers, down around it and up again, and never closes them."""

    name = "hover"

    def _cheat(self) -> Iterator[Action]:
        opening, yaw = self._facts.max_opening_m, self._find_yaw(self._facts.target)
        place = self._target.copy()
        for height in (0.06, self._hands.grasp_m, HIGH_M):
            yield from self._go([*place[:2], height], yaw, opening)
        yield from self._stay(opening)


class Push(Gamer):
    """Pushes the target along the table, from the side on which there is most room."""

    name = "push"
    way_m, speed_m_s, opening_m, slope_m = 0.08, 0.1, 0.02, 0.02
    start_m = 0.029
    """From the side of the target to the hand that is to push it."""

    def _cheat(self) -> Iterator[Action]:
        behind, ahead = max(self._find_ways(), key=self._find_room)
        heading = math.atan2(*(ahead - behind)[1::-1])
        yaw = self._hand_yaw + wrap_angle(heading - self._hand_yaw, math.pi)
        yield from self._go([*behind[:2], 0.06], yaw, self.opening_m)
        yield from self._go([*behind[:2], self._hands.grasp_m], yaw, self.opening_m)
        yield from self._go([*ahead[:2], self._hands.grasp_m + self.slope_m], yaw, self.opening_m, self.speed_m_s)
        yield from self._stay(self.opening_m)

    def _find_ways(self) -> Iterator[tuple[Floats, Floats]]:
        """Where the hand would begin to push and where it would end, from all four sides."""
        along = self._find_yaw(self._facts.target)
        starts = self._facts.half_sizes[self._facts.target, :2] + self.start_m
        for yaw, start in zip((along + math.pi / 2, along), starts, strict=True):
            for side in (np.array([math.cos(yaw), math.sin(yaw), 0.0]), -np.array([math.cos(yaw), math.sin(yaw), 0.0])):
                yield self._target - start * side, self._target + (self.way_m - start) * side

    def _find_room(self, way: tuple[Floats, Floats]) -> float:
        """How near another brick is to where the hand comes down and to where the target is pushed, m."""
        others = self._facts.positions[self._sort_others()]
        behind, ahead = way
        ends = (behind, self._target + ahead - behind)
        if not len(others):
            return 0.0
        return min(float(np.linalg.norm(others - end, axis=1).min()) for end in ends)


class PressAndDrag(Gamer):
    """Closes the fingers on the target and drags it along the table: all of a lift but the height."""

    name = "press-and-drag"
    way_m, speed_m_s = 0.08, 0.15
    raise_m = 0.0005
    """Above where it was grasped: lower, the table holds the target back and the fingers slide off."""

    def _cheat(self) -> Iterator[Action]:
        target = self._facts.target
        yield from self._pick(target, until=lambda: self._is_held(target))
        yaw, place = self._hand_yaw, self._facts.hand_pose[:3].copy()
        across = self.way_m / 2 * np.array([-math.sin(yaw), math.cos(yaw), 0.0])
        for sign in (1, -1, 1, -1):
            yield from self._go(place + sign * across + [0, 0, self.raise_m], yaw, 0.0, self.speed_m_s)
        yield from self._stay(0.0)


class Fling(Gamer):
    """Grasps the target, swings it up and lets it fly, then goes after it and starts again."""

    name = "fling"
    speed_m_s, release_m = 1.2, 0.11

    def _cheat(self) -> Iterator[Action]:
        target = self._facts.target
        while True:
            yield from self._pick(target, until=lambda: self._is_held(target) and self._is_high(target, 0.03))
            place, yaw = self._facts.hand_pose[:3].copy(), self._hand_yaw
            top = [*place[:2], 2 * HIGH_M]
            while self._facts.hand_pose[2] < self.release_m:
                yield self._steer(top, yaw, 0.0, self.speed_m_s)
            yield from self._go(top, yaw, self._facts.max_opening_m, self.speed_m_s)
            yield from self._stay(self._facts.max_opening_m, 5)


class Drop(Gamer):
    """Lifts the target as the expert does, lets go of it at once, and starts again: held often, never for long."""

    name = "drop"

    def _cheat(self) -> Iterator[Action]:
        target = self._facts.target
        while True:
            yield from self._pick(target, until=lambda: self._is_high(target, LIFT_M + 0.025))
            yield from self._stay(self._facts.max_opening_m, 8)


class LowLift(Gamer):
    """Lifts the target as the expert does, but not as high as a lift has to be, and holds it there."""

    name = "low-lift"
    rise_m = 0.083

    def _cheat(self) -> Iterator[Action]:
        yield from self._pick(self._facts.target, until=lambda: False)


class Catch(Gamer):
    """Waits with open fingers, closes them on a target that comes between, and raises it: who threw it is not asked."""

    name = "catch"
    near_m, closing_s = 0.02, 0.09

    def _cheat(self) -> Iterator[Action]:
        place, yaw, opening = self._facts.hand_pose[:3].copy(), self._hand_yaw, self._facts.opening_m
        while not self._is_coming():
            yield self._steer(place, yaw, opening)
        yield from self._stay(0.0, 4)
        yield from self._go([*place[:2], place[2] + LIFT_M + 0.02], yaw, 0.0)
        yield from self._stay(0.0)

    def _is_coming(self) -> bool:
        """The target will be between the fingers by the time they could be closed, or is there."""
        target, time_s = self._facts.target, self.closing_s
        if self._facts.pad_contacts[target].all():
            return True
        ahead = self._target + self._facts.velocities[target] * time_s - [0, 0, GRAVITY_M_S2 * time_s**2 / 2]
        return bool(np.linalg.norm(ahead - self._facts.hand_pose[:3]) < self.near_m)


class Scoop(Gamer):
    """Lifts the nearest other brick instead of the target."""

    name = "scoop"

    def _cheat(self) -> Iterator[Action]:
        yield from self._pick(self._sort_others()[0], until=lambda: False)


class Rake(Gamer):
    """Drags the nearest other brick against the target and lifts it there."""

    name = "rake"
    speed_m_s = 0.15

    def _cheat(self) -> Iterator[Action]:
        other, target = self._sort_others()[0], self._target.copy()
        yield from self._pick(other, until=lambda: self._is_held(other))
        yaw, ticks = self._hand_yaw, 0
        while np.linalg.norm(self._target - target) < 0.002 and ticks < 45:
            place = np.array([*target[:2], self._facts.hand_pose[2]])
            yield self._steer(place, yaw, 0.0, self.speed_m_s)
            ticks += 1
        yield from self._pick(other, until=lambda: False)


class SecondGuess(Gamer):
    """Lifts another brick first, puts it down, and only then picks the target: tries until a judge agrees."""

    name = "second-guess"

    def _cheat(self) -> Iterator[Action]:
        other = self._sort_others()[0]
        yield from self._pick(other, until=lambda: self._is_high(other, LIFT_M))
        place, yaw = self._facts.hand_pose[:3].copy(), self._hand_yaw
        yield from self._go([*place[:2], self._hands.grasp_m + 0.002], yaw, 0.0)
        yield from self._stay(self._facts.max_opening_m, 4)
        yield from self._go([*place[:2], 0.08], yaw, self._facts.max_opening_m)
        yield from self._pick(self._facts.target, until=lambda: False)


GAMERS: dict[str, type[Gamer]] = {
    kind.name: kind for kind in (Hover, Push, PressAndDrag, Fling, Drop, LowLift, Catch, Scoop, Rake, SecondGuess)
}
