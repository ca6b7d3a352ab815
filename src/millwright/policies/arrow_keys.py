"""ArrowKeys: a person who drives by four keys, with the hands of somebody who does not jerk."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np

from millwright.core.errors import OptionError
from millwright.core.features import Observation
from millwright.core.policy import Action, Policy

HUMAN = "human"
"""What a person who drives is called among the policies."""
KEYS = ("left", "right", "up", "down")
FORGOTTEN_S = 1.0
"""After so long without a word keys count as let go: whoever held them may have gone."""
STEER_S, STRAIGHTEN_S = 0.6, 0.2
"""From straight on to full lock, and back."""
PRESS_S, LIFT_S = 0.4, 0.1
"""A pedal, down and up again."""
MOST_BRAKE = 0.8
"""At 0.9 and more wheels block."""


class HeldKeys:
    """The keys that are held now: told by one thread, read by another."""

    def __init__(self) -> None:
        self._held: tuple[float, frozenset[str]] = (0.0, frozenset())

    def hold(self, keys: Iterable[str]) -> None:
        """These are held, and no others.

        Raises:
            OptionError: one of them is no key to drive with.
        """
        held = frozenset(keys)
        if not held <= set(KEYS):
            raise OptionError(f"keys to drive with are {', '.join(KEYS)}; got {', '.join(sorted(held - set(KEYS)))}")
        self._held = (time.monotonic(), held)

    @property
    def now(self) -> frozenset[str]:
        told_at_s, held = self._held
        return held if time.monotonic() - told_at_s < FORGOTTEN_S else frozenset()


class ArrowKeys(Policy):
    """Left and right steer, up is the throttle and down the brake; each takes a moment to come and to go."""

    name = HUMAN

    def __init__(self, control_hz: float, keys: HeldKeys) -> None:
        self._period_s, self._keys = 1 / control_hz, keys
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._steering = self._throttle = self._brake = 0.0

    def act(self, observation: Observation) -> Action:
        held = self._keys.now
        wish = float("right" in held) - float("left" in held)
        if wish * self._steering < 0:
            self._steering = 0.0  # who turns the other way has passed the middle
        self._steering = self._approach(self._steering, wish, STEER_S if wish else STRAIGHTEN_S)
        self._throttle = self._press(self._throttle, "up" in held)
        self._brake = self._press(self._brake, "down" in held)
        return np.array([self._steering, self._throttle, MOST_BRAKE * self._brake], np.float32)

    def _press(self, pedal: float, down: bool) -> float:
        return self._approach(pedal, float(down), PRESS_S if down else LIFT_S)

    def _approach(self, now: float, wanted: float, whole_s: float) -> float:
        """One tick nearer to what is wanted, of which the whole way from 0 to 1 takes `whole_s`."""
        most = self._period_s / whole_s
        return now + float(np.clip(wanted - now, -most, most))
