"""Policies that drive by what they see: one at random, and rules."""

from __future__ import annotations

import numpy as np

from millwright.core.features import Observation
from millwright.core.policy import Action, Policy

SWING_S = 0.4
"""Over which a random driver's wishes fade."""
WANDER = np.array([0.5, 0.25, 0.1])
"""How far they go to either side of what is usual: steering, throttle, brake."""
USUAL_THROTTLE = 0.25
CAUTION_M_S = 30.0
"""At which a random driver lets go of the throttle."""


class RandomDriver(Policy):
    """Wanders smoothly, with a foot on the throttle: each wish is an Ornstein-Uhlenbeck process.

    What is drawn anew every tick cancels out, and brakes as much as it accelerates: a car that hardly moves shows a
    model of the world nothing. So the throttle hovers around a quarter (a prior, and the only one) until the car is at
    30 m/s, and the brake is mostly off.
    """

    name = "random"

    def __init__(self, control_hz: float) -> None:
        self._keep = float(np.exp(-1 / (control_hz * SWING_S)))

    def reset(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._wish = self._rng.normal(size=3)

    def act(self, observation: Observation) -> Action:
        fresh = self._rng.normal(size=3)
        self._wish = self._keep * self._wish + np.sqrt(1 - self._keep**2) * fresh
        steering, throttle, brake = self._wish * WANDER
        fast = observation["observation.state"][0] > CAUTION_M_S
        action = np.array([steering, 0.0 if fast else USUAL_THROTTLE + throttle, brake - WANDER[2]])
        clipped: Action = np.clip(action, [-1, 0, 0], 1).astype(np.float32)
        return clipped
