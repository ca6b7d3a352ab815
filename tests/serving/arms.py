"""A two-joint arm for tests: its limits, and policies that say what they are told to."""

from __future__ import annotations

import numpy as np

from millwright.core.errors import ActionError
from millwright.core.planner import Chunk
from millwright.core.policy import Policy
from millwright.robots.limits import Envelope, MotionLimits, Workspace
from millwright.serving.command_loop import Arm

HZ = 15.0
LIMITS = MotionLimits(
    np.array([[-2.0, 2.0], [-1.0, 3.0]]), np.array([2.0, 3.0]), np.array([5.0, 4.0]), np.full(2, 60.0)
)
GRIPPER = np.array([[0.0, 0.05]])
ENVELOPE = Envelope(LIMITS, GRIPPER, max_force_n=30.0)


def find_point(joints):
    """A planar arm of two links of 1 m."""
    angles = np.cumsum(joints)
    return np.array([np.cos(angles).sum(), np.sin(angles).sum(), 0.0])


BOX = Workspace(np.array([-3.0, -0.5, -1.0]), np.array([3.0, 1.2, 1.0]), find_point)


class Saying(Policy):
    """Says one action after the other, the last one for ever; an exception is raised."""

    name = "saying"

    def __init__(self, *actions, expires_at_s=float("inf")):
        self.actions, self.expires_at_s = actions, expires_at_s

    def reset(self, seed):
        self.asked = 0

    def act(self, observation):
        said = self.actions[min(self.asked, len(self.actions) - 1)]
        self.asked += 1
        if isinstance(said, ActionError):
            raise said
        return said

    @property
    def plan(self):
        return Chunk(np.zeros((1, 3), np.float32), HZ, expires_at_s=self.expires_at_s)


def observe(joints=(0.0, 0.0), force_n=0.0):
    return {
        "observation.state": np.array([*joints, 0.02], np.float32),
        "observation.wrench": np.array([force_n, 0, 0, 0, 0, 0], np.float32),
    }


def drive(policy, ticks, start=(0.0, 0.0), force_n=0.0):
    """Actions (ticks, dof + 1) of an arm that goes where it is sent."""
    policy.reset(0)
    actions = []
    for _ in range(ticks):
        joints = actions[-1][:2] if actions else start
        actions.append(policy.act(observe(joints, force_n)).astype(float))
    return np.array(actions)


def compute_rates(setpoints, start, hz=HZ):
    """Greatest velocity, acceleration and jerk (dof,) of setpoints (n, dof), by their differences, from rest."""
    way, rates = np.vstack([np.tile(start, (3, 1)), setpoints]), []
    for _ in range(3):
        way = np.diff(way, axis=0) * hz
        rates.append(np.abs(way).max(axis=0))
    return rates


class StillArm(Arm):
    """Goes where it is sent, at once; feels what it is told to."""

    def __init__(self, joints=(0.0, 0.0)):
        self.joints, self.wrench, self.sent = np.array(joints), np.zeros(6), []

    def read(self):
        return self.joints, self.wrench

    def send(self, joints):
        self.joints = joints
        self.sent.append(joints)


def make_envelope():
    return ENVELOPE


def make_arm_outside():
    return StillArm((5.0, 0.0))
