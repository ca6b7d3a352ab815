"""UR5e with a parallel gripper: kinematic chain, limits, and the hand's place on the flange.

Link offsets as in Universal Robots' published DH parameters (d1 0.1625, a2 0.425, a3 0.3922, d4 0.1333,
d5 0.0997, d6 0.0996), laid out as in robosuite's model of the arm. Joint order: shoulder_pan,
shoulder_lift, elbow, wrist_1, wrist_2, wrist_3.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from millwright.geometry.poses import Floats, matrix_from_pose
from millwright.robots.chain import Chain, Joint
from millwright.robots.limits import MotionLimits

ASSETS = Path(__file__).parent / "assets" / "ur5e"

_S = math.sqrt(0.5)
JOINTS = (
    Joint("shoulder_pan", "shoulder_link", (0, 0, 0.1625, 1, 0, 0, 0), (0, 0, 1)),
    Joint("shoulder_lift", "upper_arm_link", (0, 0.138, 0, _S, 0, _S, 0), (0, 1, 0)),
    Joint("elbow", "forearm_link", (0, -0.131, 0.425, 1, 0, 0, 0), (0, 1, 0)),
    Joint("wrist_1", "wrist_1_link", (0, 0, 0.3922, _S, 0, _S, 0), (0, 1, 0)),
    Joint("wrist_2", "wrist_2_link", (0, 0.1263, 0, 1, 0, 0, 0), (0, 0, 1)),
    Joint("wrist_3", "wrist_3_link", (0, 0, 0.0997, 1, 0, 0, 0), (0, 1, 0)),
)
JOINT_NAMES = tuple(joint.name for joint in JOINTS)

POSE_FLANGE_IN_WRIST_3: Floats = np.array([0, 0.0996, 0, _S, -_S, 0, 0])
FINGERTIP_OFFSET_M = 0.19
"""From the flange along its z axis to the middle between the finger pads."""

POSITION_LIMITS_RAD: Floats = np.array([[-2, 2], [-2, 2], [-1, 1], [-2, 2], [-2, 2], [-2, 2]]) * math.pi
VELOCITY_LIMIT_RAD_S = math.pi
"""Every joint's limit in the data sheet: 180 deg/s."""
ACCELERATION_LIMIT_RAD_S2 = 5.0
"""Universal Robots publishes limits of torque, none of acceleration. This is the one that its own driver gives MoveIt
for every joint, chosen to hold anywhere (Universal_Robots_ROS2_Driver, pull request 645)."""
JERK_LIMIT_RAD_S3 = 100.0
"""Nobody publishes one. This one lets a joint speed up as fast as it may within 50 ms: a choice."""
TORQUE_LIMITS_N_M: Floats = np.array([150.0, 150.0, 150.0, 28.0, 28.0, 28.0])

SEED_JOINTS: Floats = np.array([0.0, -1.6, 1.9, -1.87, -math.pi / 2, 0.0])
"""Elbow up, tool down, in front of the base: where searches for a posture start."""

MAX_OPENING_M = 0.05
"""Less than a brick is long: jaws that open wider would turn bricks straight merely by closing."""
CLOSING_SPEED_M_S = 0.2
"""Of the opening; each finger moves half as fast."""


def make_chain() -> Chain:
    """The chain from the base to the hand frame: origin between the pads, z approach, y the way fingers open."""
    tool = matrix_from_pose(POSE_FLANGE_IN_WRIST_3)
    tip = np.eye(4)
    tip[2, 3] = FINGERTIP_OFFSET_M
    return Chain(JOINTS, tool @ tip)


def make_limits() -> MotionLimits:
    """The limits above, for every joint."""
    every = np.ones(len(JOINTS))
    return MotionLimits(
        POSITION_LIMITS_RAD,
        VELOCITY_LIMIT_RAD_S * every,
        ACCELERATION_LIMIT_RAD_S2 * every,
        JERK_LIMIT_RAD_S3 * every,
    )
