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


class NoChange(Policy):
    """Asks for nothing; for robots whose action is how they should change."""

    name = "nothing"

    def __init__(self, dof: int) -> None:
        self._action: Action = np.zeros(dof, dtype=np.float32)

    def reset(self, seed: int) -> None:
        pass

    def act(self, observation: Observation) -> Action:
        return self._action


class RandomChange(Policy):
    """Asks for any change in [-1, 1], and for the same for some ticks, so that it comes about."""

    name = "random"

    def __init__(self, dof: int, ticks: int = 5) -> None:
        self._dof, self._ticks = dof, ticks

    def reset(self, seed: int) -> None:
        self._rng, self._tick = np.random.default_rng(seed), 0

    def act(self, observation: Observation) -> Action:
        if self._tick % self._ticks == 0:
            self._action: Action = self._rng.uniform(-1, 1, self._dof).astype(np.float32)
        self._tick += 1
        return self._action
