"""HandServo: turns a target of the hand into joint targets, one tick at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright.geometry.poses import matrix_from_pose
from millwright.robots.ur5e import make_chain


class HandServo:
    """Follows hand targets with the UR5e, from the joint angles it has."""

    def __init__(self, iterations: int = 3) -> None:
        self._chain = make_chain()
        self._iterations = iterations

    def follow(self, joints: ArrayLike, hand_target: ArrayLike) -> NDArray[np.float32]:
        """Action (7,): joint targets (rad) that put the hand at `hand_target`, and the opening (m).

        Args:
            joints: (6,) present joint angles, rad.
            hand_target: (8,) xyz m, wxyz, opening m, base frame.
        """
        target = np.asarray(hand_target, dtype=np.float64)
        goal = self._chain.step_towards(joints, matrix_from_pose(target[:7]), self._iterations)
        return np.array([*goal, target[7]], dtype=np.float32)
