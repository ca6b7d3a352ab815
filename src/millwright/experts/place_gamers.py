"""Gamers of placing: the cheats that a judge of trays is tried on, besides those of grasping."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from millwright.core.facts import PlaceFacts
from millwright.core.policy import Action
from millwright.experts.brick_placer import SWIFT
from millwright.experts.gamer import BrickHands, Gamer
from millwright.geometry.poses import Floats

CARRY_M, RELEASE_M = 0.085, 0.022
"""Heights of the hand with a brick in it: above all others, and about to let it go."""
ACROSS_X = -np.pi / 2
"""The yaw of a hand whose fingers open along x."""


class PlaceGamer(Gamer):
    """A cheat that has a tray before it."""

    _facts: PlaceFacts

    def __init__(self, control_hz: float) -> None:
        super().__init__(control_hz, partial(BrickHands, style=SWIFT))

    @property
    def _middle(self) -> Floats:
        """Of the tray, x and y (m)."""
        middle: Floats = self._facts.tray[:, :2].mean(axis=0)
        return middle

    @property
    def _slot(self) -> Floats:
        """Where the brick ought to go, x and y (m)."""
        return np.asarray(self._observation["observation.place"], np.float64)[:2]

    def _fetch(self, brick: int) -> Iterator[Action]:
        """Pick a brick up and hold it where it can be carried away."""
        yield from self._pick(brick, until=lambda: self._is_held(brick) and self._is_high(brick, CARRY_M - 0.015))

    def _put(self, place: ArrayLike, height: float, open_up: bool = True) -> Iterator[Action]:
        """Carry what is held to a place (2,), lower it, let go of it if so wanted, and come up."""
        x, y = np.asarray(place)
        yield from self._go([x, y, CARRY_M + 0.04], ACROSS_X, 0.0)
        yield from self._go([x, y, height], ACROSS_X, 0.0, 0.2)
        opening = self._hands.open_m if open_up else 0.0
        yield from self._stay(opening, 4)
        if open_up:
            yield from self._go([x, y, CARRY_M + 0.04], ACROSS_X, opening)
        yield from self._stay(opening)


class Hold(PlaceGamer):
    """Lifts the target and holds it for ever: all that a lift asks for."""

    name = "hold"

    def _cheat(self) -> Iterator[Action]:
        yield from self._pick(self._facts.target, until=lambda: False)


class Keep(PlaceGamer):
    """Carries the target into the tray and never lets go of it."""

    name = "keep"

    def _cheat(self) -> Iterator[Action]:
        yield from self._fetch(self._facts.target)
        yield from self._put(self._slot, RELEASE_M, open_up=False)


class PutBeside(PlaceGamer):
    """Puts the target down as one should, but next to the tray."""

    name = "put-beside"
    beside_m = 0.05

    def _cheat(self) -> Iterator[Action]:
        yield from self._fetch(self._facts.target)
        yield from self._put([self._middle[0], self._facts.tray[0, 1] - self.beside_m], RELEASE_M)


class PutOnRim(PlaceGamer):
    """Lets go of the target above the wall of the tray, so that it comes to hang there."""

    name = "put-on-rim"

    def _cheat(self) -> Iterator[Action]:
        yield from self._fetch(self._facts.target)
        rim = self._facts.tray[0, 1] - 0.002  # over the wall: further in, it may slip off and lie where it ought to
        yield from self._put([self._middle[0], rim], float(self._facts.tray[1, 2]) + RELEASE_M)


class Toss(PlaceGamer):
    """Swings the target towards the tray and lets it fly in from outside."""

    name = "toss"
    height_m, speed_m_s, before_m = 0.15, 1.0, 0.2

    def _cheat(self) -> Iterator[Action]:
        yield from self._fetch(self._facts.target)
        start = [self._middle[0], -0.1, self.height_m]
        yield from self._go(start, ACROSS_X, 0.0)
        opening = 0.0
        for _ in range(25):
            if self._facts.hand_pose[1] > self._facts.tray[0, 1] - self.before_m:
                opening = self._facts.max_opening_m
            yield self._steer([start[0], self._facts.tray[1, 1], self.height_m], ACROSS_X, opening, self.speed_m_s)
        yield from self._stay(opening)


class DropIn(PlaceGamer):
    """Carries the target above its slot and lets go of it from high up."""

    name = "drop-in"
    height_m = 0.16

    def _cheat(self) -> Iterator[Action]:
        yield from self._fetch(self._facts.target)
        yield from self._put(self._slot, self.height_m)


class PlaceAnother(PlaceGamer):
    """Puts the nearest other brick into the tray instead of the target."""

    name = "place-another"

    def _cheat(self) -> Iterator[Action]:
        yield from self._fetch(self._sort_others()[0])
        yield from self._put(self._slot, RELEASE_M)


PLACE_GAMERS: dict[str, type[Gamer]] = {
    kind.name: kind for kind in (Hold, Keep, PutBeside, PutOnRim, Toss, DropIn, PlaceAnother)
}
