"""A serial chain of revolute joints: forward kinematics, Jacobian, and a damped step towards a pose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats, matrix_from_pose, rotation_vector


@dataclass(frozen=True)
class Joint:
    """A revolute joint: the frame of its body in its parent's at angle 0, and its axis in its body's frame."""

    name: str
    body: str
    pose_in_parent: tuple[float, ...]  # (7,) xyz m + wxyz
    axis: tuple[float, float, float]


class Chain:
    """Kinematics from the base to a tool frame that is fixed to the last body."""

    def __init__(self, joints: Sequence[Joint], tool_in_last: Floats) -> None:
        self.joints = tuple(joints)
        self._fixed = [matrix_from_pose(joint.pose_in_parent) for joint in joints]
        self._axes = [_axis_matrices(joint.axis) for joint in joints]
        self._unit_axes = [np.array(joint.axis, dtype=np.float64) for joint in joints]
        self._tool = tool_in_last

    def compute_pose(self, joints: ArrayLike) -> Floats:
        """Tool pose in the base frame, (4, 4), of joint angles (dof,) rad."""
        frame = np.eye(4)
        for fixed, (skew, square), angle in zip(
            self._fixed, self._axes, np.asarray(joints, dtype=np.float64), strict=True
        ):
            frame = frame @ fixed @ _rotation(skew, square, float(angle))
        return frame @ self._tool

    def compute_jacobian(self, joints: ArrayLike) -> tuple[Floats, Floats]:
        """Tool pose (4, 4) and geometric Jacobian (6, dof): linear m/rad above angular rad/rad, base frame."""
        frame = np.eye(4)
        origins, axes = [], []
        for fixed, (skew, square), unit, angle in zip(
            self._fixed, self._axes, self._unit_axes, np.asarray(joints, dtype=np.float64), strict=True
        ):
            frame = frame @ fixed @ _rotation(skew, square, float(angle))
            origins.append(frame[:3, 3])
            axes.append(frame[:3, :3] @ unit)
        pose = frame @ self._tool
        axis_rows, arms = np.array(axes), pose[:3, 3] - np.array(origins)
        return pose, np.concatenate([np.cross(axis_rows, arms).T, axis_rows.T])

    def step_towards(
        self, joints: ArrayLike, target: Floats, iterations: int = 3, damping: float = 1e-3, max_step_rad: float = 0.3
    ) -> Floats:
        """Joint angles (dof,) near `joints` whose tool pose approaches `target` (4, 4).

        Damped least squares (Wampler 1986): dq = J^T (J J^T + damping^2 I)^-1 error, at most `max_step_rad`
        a joint and iteration. For a hot loop: three iterations reach 0.1 mm from 3 cm away. A search from far
        away belongs to `robots.inverse_kinematics`.
        """
        q = np.array(joints, dtype=np.float64)
        for _ in range(iterations):
            pose, jacobian = self.compute_jacobian(q)
            error = np.concatenate([target[:3, 3] - pose[:3, 3], rotation_vector(target[:3, :3] @ pose[:3, :3].T)])
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping**2 * np.eye(6), error)
            q += step * min(1.0, max_step_rad / max(float(np.abs(step).max()), 1e-12))
        return q


def _axis_matrices(axis: tuple[float, float, float]) -> tuple[Floats, Floats]:
    x, y, z = axis
    skew = np.zeros((4, 4))
    skew[:3, :3] = [[0, -z, y], [z, 0, -x], [-y, x, 0]]
    return skew, skew @ skew


def _rotation(skew: Floats, square: Floats, angle: float) -> Floats:
    """Rodrigues' formula, homogeneous."""
    return np.eye(4) + math.sin(angle) * skew + (1 - math.cos(angle)) * square
