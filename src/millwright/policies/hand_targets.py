"""HandTargets: lets a policy that decides where the hand goes drive a robot that takes joint targets."""

from __future__ import annotations

import numpy as np

from millwright.core.features import Observation
from millwright.core.policy import Action, Policy, Wrapper
from millwright.robots.jaws import TIP_M
from millwright.robots.servo import HandServo

LOWEST_M = TIP_M + 0.0025
"""Of the hand's origin, above the table, which is z = 0: no target presses the fingertips onto it."""


class HandTargets(Wrapper):
    """A policy around a policy: hand targets (8,) xyz m, wxyz, opening m become joint targets (6,) rad + opening.

    A cell knows where its table is, so targets end above it, whatever the policy wants.
    """

    def __init__(self, policy: Policy, servo: HandServo | None = None) -> None:
        super().__init__(policy)
        self._servo = servo or HandServo()

    def act(self, observation: Observation) -> Action:
        target = np.array(self._policy.act(observation))
        target[2] = max(target[2], LOWEST_M)
        self._policy.tell_done(target)
        return self._servo.follow(observation["observation.state"][:6], target)

    def tell_done(self, action: Action) -> None:
        """Joints that were changed are no hand target; the policy knows what it wanted of the hand."""
