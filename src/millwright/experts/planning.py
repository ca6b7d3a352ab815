"""What experts have in common: at every tick a plan from the facts alone, of which the first row is followed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from millwright.core.facts import GraspFacts
from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Privileged
from millwright.robots.servo import HandServo

FactsT = TypeVar("FactsT", bound=GraspFacts)


class PlanningExpert(Privileged, Generic[FactsT]):
    """Plans anew at every tick, from the facts alone; the first row of its plan is its action.

    Args:
        control_hz: ticks a second.
    """

    name = "expert"

    def __init__(self, control_hz: float) -> None:
        self._rate_hz = control_hz
        self._facts: FactsT | None = None
        self._plan: Chunk | None = None

    def reset(self, seed: int) -> None:
        self._facts, self._plan = None, None

    def see(self, facts: FactsT) -> None:
        self._facts = facts

    @property
    def plan(self) -> Chunk | None:
        return self._plan

    def act(self, observation: Observation) -> Action:
        assert self._facts is not None, "the loop calls see() before act()"
        rows = self._make_plan(self._facts, observation)
        self._plan = Chunk(rows, self._rate_hz, observed_at_s=self._facts.time_s)
        return self._follow(self._facts, rows[0])

    @abstractmethod
    def _make_plan(self, facts: FactsT, observation: Observation) -> NDArray[np.float32]:
        """The next rows (plan_length, dof), one a tick."""

    def _follow(self, facts: FactsT, row: NDArray[np.float32]) -> Action:
        return row


class HandPlanningExpert(PlanningExpert[FactsT]):
    """Its plans are hand targets (plan_length, 8): xyz m, wxyz, opening m; the arm's joints follow the first."""

    def __init__(self, control_hz: float) -> None:
        super().__init__(control_hz)
        self.servo = HandServo()

    def _follow(self, facts: FactsT, row: NDArray[np.float32]) -> Action:
        return self.servo.follow(facts.joint_positions, row)
