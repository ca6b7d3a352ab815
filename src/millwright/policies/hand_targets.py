"""HandTargets: lets a policy that decides where the hand goes drive a robot that takes joint targets."""

from __future__ import annotations

from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Policy
from millwright.robots.servo import HandServo


class HandTargets(Policy):
    """A policy around a policy: hand targets (8,) xyz m, wxyz, opening m become joint targets (6,) rad + opening."""

    def __init__(self, policy: Policy, servo: HandServo | None = None) -> None:
        self._policy = policy
        self._servo = servo or HandServo()
        self.name = policy.name

    def reset(self, seed: int) -> None:
        self._policy.reset(seed)

    def act(self, observation: Observation) -> Action:
        return self._servo.follow(observation["observation.state"][:6], self._policy.act(observation))

    @property
    def plan(self) -> Chunk | None:
        return self._policy.plan

    def close(self) -> None:
        self._policy.close()
