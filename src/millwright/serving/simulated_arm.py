"""SimulatedArm: a simulated robot's arm as a command loop in another process sees it."""

from __future__ import annotations

import multiprocessing
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats
from millwright.serving.command_loop import Arm

WRENCH = 6


class SimulatedArm(Arm):
    """What a simulation shows of an arm goes one way, commands the other, in memory that both processes share.

    Also its own factory: shared memory can be inherited by a process, and be sent to none.

    Args:
        dof: joints, n.
    """

    def __init__(self, dof: int) -> None:
        context = multiprocessing.get_context("spawn")
        # no lock: a planner that is stopped while it holds one would stop the loop too
        self._seen: Any = context.RawArray("d", dof + WRENCH)
        self._sent: Any = context.RawArray("d", dof)
        self.dof = dof

    def __call__(self) -> Arm:
        return self

    def show(self, joints: ArrayLike, wrench: ArrayLike | None = None) -> None:
        """The simulation's side: where the arm stands (n,) rad, and the wrench (6,) N and N m."""
        self._seen[:] = [*np.asarray(joints, np.float64), *np.asarray(np.zeros(WRENCH) if wrench is None else wrench)]

    def stand(self) -> None:
        """The simulation's side: nothing has been sent yet, so what was is where the arm stands."""
        self._sent[:] = self._seen[: self.dof]

    @property
    def sent(self) -> Floats:
        """The newest command (n,) rad."""
        return np.array(self._sent[:])

    def read(self) -> tuple[Floats, Floats | None]:
        seen = np.array(self._seen[:])
        return seen[: self.dof], seen[self.dof :]

    def send(self, joints: Floats) -> None:
        self._sent[:] = joints.tolist()
