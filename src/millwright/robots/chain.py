"""A serial chain of revolute joints: forward kinematics, Jacobian, and a damped step towards a pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats, pose_from_matrix


@dataclass(frozen=True)
class Joint:
    """A revolute joint: the frame of its body in its parent's at angle 0, and its axis in its body's frame."""

    name: str
    body: str
    pose_in_parent: tuple[float, ...]  # (7,) xyz m + wxyz
    axis: tuple[float, float, float]


class Chain:
    """Kinematics from the base to a tool frame that is fixed to the last body.

    MuJoCo computes it on a model of the bare chain: four times as fast as small matrices in numpy.
    """

    def __init__(self, joints: Sequence[Joint], tool_in_last: Floats) -> None:
        self.joints = tuple(joints)
        self._model = _make_model(self.joints, pose_from_matrix(tool_in_last))
        self._data = mujoco.MjData(self._model)
        self._jacobian = np.zeros((6, len(self.joints)))

    def compute_pose(self, joints: ArrayLike) -> Floats:
        """Tool pose in the base frame, (4, 4), of joint angles (dof,) rad."""
        self._data.qpos[:] = joints
        mujoco.mj_kinematics(self._model, self._data)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = self._data.site_xmat[0].reshape(3, 3), self._data.site_xpos[0]
        return pose

    def compute_jacobian(self, joints: ArrayLike) -> tuple[Floats, Floats]:
        """Tool pose (4, 4) and geometric Jacobian (6, dof): linear m/rad above angular rad/rad, base frame."""
        pose = self.compute_pose(joints)
        self._differentiate()
        return pose, self._jacobian.copy()

    def step_towards(
        self, joints: ArrayLike, target: Floats, iterations: int = 3, damping: float = 1e-3, max_step_rad: float = 0.3
    ) -> Floats:
        """Joint angles (dof,) near `joints` whose tool pose approaches `target` (4, 4).

        Damped least squares (Wampler 1986): dq = J^T (J J^T + damping^2 I)^-1 error, at most `max_step_rad`
        a joint and iteration. For a hot loop: three iterations reach 0.1 mm from 3 cm away. A search from far
        away belongs to `robots.inverse_kinematics`.
        """
        data, q = self._data, np.array(joints, dtype=np.float64)
        wanted, found, error, solved = np.empty(4), np.empty(4), np.empty(6), np.empty(6)
        ridge = damping**2 * np.eye(6)
        mujoco.mju_mat2Quat(wanted, target[:3, :3].ravel())
        for _ in range(iterations):
            data.qpos[:] = q
            mujoco.mj_kinematics(self._model, data)
            self._differentiate()
            mujoco.mju_mat2Quat(found, data.site_xmat[0])
            mujoco.mju_subQuat(error[3:], wanted, found)
            error[3:] = data.site_xmat[0].reshape(3, 3) @ error[3:]
            error[:3] = target[:3, 3] - data.site_xpos[0]
            normal = self._jacobian @ self._jacobian.T + ridge
            mujoco.mju_cholFactor(normal, 0.0)
            mujoco.mju_cholSolve(solved, normal, error)
            step = self._jacobian.T @ solved
            q += step * min(1.0, max_step_rad / max(float(np.abs(step).max()), 1e-12))
        return q

    def _differentiate(self) -> None:
        mujoco.mj_comPos(self._model, self._data)
        mujoco.mj_jacSite(self._model, self._data, self._jacobian[:3], self._jacobian[3:], 0)


def _make_model(joints: Sequence[Joint], pose_tool_in_last: Floats) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    body = spec.worldbody
    for joint in joints:
        body = body.add_body(name=joint.body, pos=joint.pose_in_parent[:3], quat=joint.pose_in_parent[3:])
        body.mass, body.inertia, body.explicitinertial = 1.0, [1.0, 1.0, 1.0], True
        body.add_joint(name=joint.name, axis=joint.axis)
    body.add_site(name="tool", pos=pose_tool_in_last[:3], quat=pose_tool_in_last[3:])
    return spec.compile()
