"""HandTargets: lets a policy that decides where the hand goes drive a robot that takes joint targets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Event, Policy
from millwright.robots.jaws import TIP_M
from millwright.robots.servo import HandServo

LOWEST_M = TIP_M + 0.0025
"""Of the hand's origin, above the table, which is z = 0: no target presses the fingertips onto it."""


class HandTargets(Policy):
    """A policy around a policy: hand targets (8,) xyz m, wxyz, opening m become joint targets (6,) rad + opening.

    A cell knows where its table is, so targets end above it, whatever the policy wants.
    """

    def __init__(self, policy: Policy, servo: HandServo | None = None) -> None:
        self._policy = policy
        self._servo = servo or HandServo()
        self.name = policy.name

    def reset(self, seed: int) -> None:
        self._policy.reset(seed)

    def act(self, observation: Observation) -> Action:
        target = np.array(self._policy.act(observation))
        target[2] = max(target[2], LOWEST_M)
        return self._servo.follow(observation["observation.state"][:6], target)

    @property
    def plan(self) -> Chunk | None:
        return self._policy.plan

    @property
    def events(self) -> tuple[Event, ...]:
        return self._policy.events

    def metrics(self) -> Mapping[str, float]:
        return self._policy.metrics()

    def close(self) -> None:
        self._policy.close()
