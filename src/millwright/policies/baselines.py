"""Policies that any success test must give nothing: one that does nothing, one that acts at random."""

from __future__ import annotations

import numpy as np

from millwright.core.features import Observation
from millwright.core.policy import Action, Policy


class Nothing(Policy):
    """Holds whatever state it finds first; for robots whose action is the state they should take."""

    name = "nothing"

    def reset(self, seed: int) -> None:
        self._held: Action | None = None

    def act(self, observation: Observation) -> Action:
        if self._held is None:
            self._held = np.array(observation["observation.state"], dtype=np.float32)
        return self._held


class Random(Policy):
    """Wanders: every tick each joint target steps from the state by up to `step` (rad), the opening is drawn anew."""

    name = "random"

    def __init__(self, step: float = 0.15, max_opening_m: float = 0.05) -> None:
        self._step = step
        self._max_opening_m = max_opening_m

    def reset(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def act(self, observation: Observation) -> Action:
        joints = observation["observation.state"][:-1]
        moved = joints + self._rng.uniform(-self._step, self._step, joints.shape)
        return np.array([*moved, self._rng.uniform(0, self._max_opening_m)], dtype=np.float32)
