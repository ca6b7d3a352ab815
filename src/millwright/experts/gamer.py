"""Gamer: what policies that cheat have in common: they see the truth and string motions of a hand together."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from millwright.core.facts import GraspFacts
from millwright.core.features import Observation
from millwright.core.policy import Action, Privileged
from millwright.experts.brick_picker import BrickPicker, PickStyle
from millwright.geometry.poses import Floats, quaternion_of_hand, wrap_angle, yaw_from_quaternion

SPEED_M_S, TURN_RAD_S = 0.45, 2.5
NEAR_M, NEAR_RAD = 0.004, 0.04
"""A place is reached when the hand is this near to it."""
OFF_M = 0.02
"""What is deeper beneath the top of the table is not on it."""


class Hands(Protocol):
    """What a cheat moves: the hand of some robot, and the expert that it can be."""

    grasp_m: float
    """Height of the hand around an object that lies there."""
    open_m: float
    """How far the expert opens the fingers."""

    def reset(self, seed: int) -> None:
        """Forget the last episode."""

    def follow(self, facts: Any, target: ArrayLike) -> Action:
        """One tick towards a hand target (8,): xyz m, wxyz, opening m."""

    def pick(self, facts: Any, observation: Observation) -> Action:
        """What the expert would do about the target."""


class BrickHands:
    """Those of the brick table.

    Args:
        control_hz: ticks a second.
        rise_m: how far above the grasp the expert lifts; None: as far as it does anyhow.
        style: how it picks otherwise.
    """

    grasp_m = 0.012

    def __init__(self, control_hz: float, rise_m: float | None = None, style: PickStyle | None = None) -> None:
        style = style or PickStyle()
        if rise_m is not None:
            style = replace(style, lift_height=self.grasp_m + rise_m)
        self._picker = BrickPicker(control_hz, style=style)
        self.open_m = style.open_width

    def reset(self, seed: int) -> None:
        self._picker.reset(seed)

    def follow(self, facts: GraspFacts, target: ArrayLike) -> Action:
        return self._picker.servo.follow(facts.joint_positions, target)

    def pick(self, facts: GraspFacts, observation: Observation) -> Action:
        self._picker.see(facts)
        return self._picker.act(observation)


MakeHands = Callable[[float, float | None], Hands]
"""Ticks a second, and how far above the grasp to lift (m; None: the expert's own) -> hands."""


class Gamer(Privileged):
    """Tries to be called successful without doing the task: a subclass strings motions together in `_cheat`.

    Args:
        control_hz: ticks a second.
        make_hands: what it moves.
    """

    rise_m: float | None = None
    """How far it lifts what it picks, where that is not as far as the expert does."""

    def __init__(self, control_hz: float, make_hands: MakeHands = BrickHands) -> None:
        self._period_s = 1.0 / control_hz
        self._hands = make_hands(control_hz, self.rise_m)

    def reset(self, seed: int) -> None:
        self._motions: Iterator[Action] | None = None
        self._hands.reset(seed)

    def see(self, facts: GraspFacts) -> None:
        self._facts = facts

    def act(self, observation: Observation) -> Action:
        self._observation = observation
        if self._motions is None:
            self._motions = self._cheat()
        return next(self._motions)

    @abstractmethod
    def _cheat(self) -> Iterator[Action]:
        """An action a tick, without end."""

    # ---------------------------------------------------------------- what it sees

    @property
    def _target(self) -> Floats:
        """Where the target is, (3,) m."""
        place: Floats = self._facts.positions[self._facts.target]
        return place

    @property
    def _hand_yaw(self) -> float:
        return yaw_from_quaternion(self._facts.hand_pose[3:])

    def _find_yaw(self, brick: int) -> float:
        """The yaw of the hand, of the two nearest its own, at which the fingers close on the brick's width."""
        across = yaw_from_quaternion(self._facts.orientations[brick]) - math.pi / 2
        return self._hand_yaw + wrap_angle(across - self._hand_yaw, math.pi)

    def _sort_others(self) -> list[int]:
        """The other objects that are not off the table, the nearest to the target first."""
        distances = np.linalg.norm(self._facts.positions - self._target, axis=1)
        there = self._facts.positions[:, 2] > -OFF_M
        there[self._facts.target] = False
        return [int(index) for index in np.argsort(distances, kind="stable") if there[index]]

    # ---------------------------------------------------------------- motions

    def _steer(self, place: ArrayLike, yaw: float, opening: float, speed: float = SPEED_M_S) -> Action:
        """One tick towards a place (3,) of the fingertips, in a straight line."""
        way = np.asarray(place) - self._facts.hand_pose[:3]
        share = min(1.0, speed * self._period_s / max(float(np.linalg.norm(way)), 1e-9))
        turn = wrap_angle(yaw - self._hand_yaw)
        turned = self._hand_yaw + float(np.clip(turn, -TURN_RAD_S * self._period_s, TURN_RAD_S * self._period_s))
        pose = [*(self._facts.hand_pose[:3] + share * way), *quaternion_of_hand(turned), opening]
        return self._hands.follow(self._facts, pose)

    def _go(self, place: ArrayLike, yaw: float, opening: float, speed: float = SPEED_M_S) -> Iterator[Action]:
        """To a place of the fingertips; gives up after twice the time that the way should take."""
        goal = np.array(place, dtype=np.float64)
        way = float(np.linalg.norm(goal - self._facts.hand_pose[:3]))
        for _ in range(10 + int(2 * way / speed / self._period_s)):
            away = float(np.linalg.norm(goal - self._facts.hand_pose[:3]))
            if away < NEAR_M and abs(wrap_angle(yaw - self._hand_yaw)) < NEAR_RAD:
                return
            yield self._steer(goal, yaw, opening, speed)

    def _stay(self, opening: float, ticks: int | None = None) -> Iterator[Action]:
        """Where the hand is; for ever without `ticks`."""
        place, yaw = self._facts.hand_pose[:3].copy(), self._hand_yaw
        while ticks is None or ticks > 0:
            yield self._steer(place, yaw, opening)
            ticks = None if ticks is None else ticks - 1

    def _pick(self, brick: int, until: Callable[[], bool]) -> Iterator[Action]:
        """As the expert would pick this brick, until something is so."""
        while not until():
            yield self._hands.pick(replace(self._facts, target=brick), self._observation)

    def _is_high(self, brick: int, height_m: float) -> bool:
        return bool(self._facts.positions[brick, 2] > height_m)

    def _is_held(self, brick: int) -> bool:
        closed = abs(self._facts.opening_speed) < 0.02
        return closed and bool(self._facts.pad_contacts[brick].all())
