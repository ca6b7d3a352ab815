"""Racer: the expert that drives, along the middle of the road as it is."""

from __future__ import annotations

import numpy as np

from millwright.core.facts import DrivingFacts
from millwright.core.features import Observation
from millwright.core.policy import Action, Privileged
from millwright.robots.race_car import DrivingStyle, follow

STYLE = DrivingStyle(grip=90.0, braking=80.0)


class Racer(Privileged):
    """Follows the true middle of the road at the speed that its curves allow, from any state."""

    name = "expert"

    def __init__(self, style: DrivingStyle = STYLE) -> None:
        self._style = style
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._facts: DrivingFacts | None = None

    def see(self, facts: DrivingFacts) -> None:
        self._facts = facts

    def act(self, observation: Observation) -> Action:
        assert self._facts is not None, "see comes before act"
        return follow(self._facts.line, self._facts.speed_m_s, self._style).astype(np.float32)
