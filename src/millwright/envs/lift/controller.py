"""OperationalSpace: robosuite's OSC_POSE for the Panda, computed once instead of part by part.

Khatib, "A unified approach for motion and force control of robot manipulators" (1987). The torques are those of
robosuite's own controller, which takes longer: it serves any robot with any number of arms.
"""

from __future__ import annotations

import math

import mujoco
import numpy as np

from millwright.geometry.poses import Floats
from millwright.robots.panda_hand import MAX_DELTA_M, MAX_DELTA_RAD, STIFFNESS

ARM, FINGERS = slice(0, 7), slice(7, 9)
"""Of the model's joints and actuators."""
POSTURE_STIFFNESS = 10.0
"""Of the pull towards the joints of the start, where that does not move the hand."""
GRIPPER_SPEED = 0.2
"""By how much a tick moves the fingers' command, which lies between -1 and 1."""


class OperationalSpace:
    """Torques for a Panda's arm, and where its fingers are to be.

    Args:
        site: the point that is controlled, by its number.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, site: int) -> None:
        self._model, self._data, self._site = model, data, site
        self._low, self._high = model.actuator_ctrlrange.T.copy()
        self._jacobian = np.zeros((6, model.nv))
        self._inertia = np.zeros((model.nv, model.nv))
        self.begin()

    def begin(self, closed: float = 0.0) -> None:
        """An episode that begins as things are; `closed` is the fingers' command, -1 to 1."""
        self._posture = self._data.qpos[ARM].copy()
        self._fingers = closed * np.array([-1.0, 1.0])
        self._place, self._turned = self._data.site_xpos[self._site].copy(), self._rotation.copy()

    def aim(self, action: Floats) -> None:
        """Take up an action (7,), which is cut to [-1, 1]: a tick begins."""
        wanted = np.clip(action, -1.0, 1.0)
        self._place = self._data.site_xpos[self._site] + MAX_DELTA_M * wanted[:3]
        self._turned = make_rotation(MAX_DELTA_RAD * wanted[3:6]) @ self._rotation
        closing = GRIPPER_SPEED * np.sign(action[6]) * np.array([-1.0, 1.0])
        self._fingers = np.clip(self._fingers + closing, -1.0, 1.0)

    def control(self) -> None:
        """Set the controls of this instant, after the positions and before the forces are computed."""
        middle, half = (self._high[FINGERS] + self._low[FINGERS]) / 2, (self._high[FINGERS] - self._low[FINGERS]) / 2
        self._data.ctrl[ARM] = np.clip(self._compute_torques(), self._low[ARM], self._high[ARM])
        self._data.ctrl[FINGERS] = middle + half * self._fingers

    @property
    def _rotation(self) -> Floats:
        rotation: Floats = self._data.site_xmat[self._site].reshape(3, 3)
        return rotation

    def _compute_torques(self) -> Floats:
        model, data = self._model, self._data
        mujoco.mj_jacSite(model, data, self._jacobian[:3], self._jacobian[3:], self._site)
        mujoco.mj_fullM(model, self._inertia, data.qM)
        jacobian, inertia = self._jacobian[:, ARM], self._inertia[ARM, ARM]
        joints, speeds = data.qpos[ARM], data.qvel[ARM]
        error = np.concatenate([self._place - data.site_xpos[self._site], find_turn(self._turned, self._rotation)])
        pull = STIFFNESS * error - 2 * math.sqrt(STIFFNESS) * (jacobian @ speeds)
        mobility = jacobian @ np.linalg.inv(inertia) @ jacobian.T
        wrench = np.concatenate(
            [np.linalg.solve(mobility[:3, :3], pull[:3]), np.linalg.solve(mobility[3:, 3:], pull[3:])]
        )
        rest = POSTURE_STIFFNESS * (self._posture - joints) - 2 * math.sqrt(POSTURE_STIFFNESS) * speeds
        wrench -= np.linalg.solve(mobility, jacobian @ rest)  # what the pull of the posture would do to the hand
        torques: Floats = jacobian.T @ wrench + inertia @ rest + data.qfrc_bias[ARM]
        return torques


def find_turn(wanted: Floats, present: Floats) -> Floats:
    """(3,) the axis about which `present` is to be turned, times the sine of the angle; rotation matrices (3, 3)."""
    turn = wanted @ present.T
    return 0.5 * np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])


def make_rotation(vector: Floats) -> Floats:
    """Rotation matrix (3, 3) of an axis times an angle (3,) rad."""
    angle = float(np.linalg.norm(vector))
    quaternion, matrix = np.zeros(4), np.zeros(9)
    mujoco.mju_axisAngle2Quat(quaternion, vector / max(angle, 1e-12), angle)
    mujoco.mju_quat2Mat(matrix, quaternion)
    return matrix.reshape(3, 3)
