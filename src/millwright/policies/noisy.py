"""Noisy: a policy that does not quite do what the one inside wants, so that recordings show more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from millwright.core.features import Observation
from millwright.core.policy import Action, Policy, Wrapper

KEEP = 0.7
"""Of the error, from one tick to the next."""


class Noisy(Wrapper):
    """Adds errors that fade over some ticks to each number of an action; what lies out of bounds the robot clips.

    Args:
        deviation: of what is added to the errors each tick; 0: none.
    """

    def __init__(self, policy: Policy, deviation: float) -> None:
        super().__init__(policy)
        self._deviation = deviation

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._rng = np.random.default_rng(seed)
        self._error: NDArray[np.float64] | float = 0.0

    def act(self, observation: Observation) -> Action:
        action = self._policy.act(observation)
        self._error = KEEP * self._error + self._deviation * self._rng.standard_normal(action.shape)
        noisy: Action = (action + self._error).astype(np.float32)
        return noisy
