"""What a policy that lifts is shown and what it may ask for: features, and gymnasium's spaces of them.

The `table` frame has its origin in the middle of the table's top; x points away from the robot, z up.
"""

from __future__ import annotations

import gymnasium
import numpy as np

from millwright.core.features import Feature, Features
from millwright.robots.panda_hand import MAX_DELTA_M, MAX_DELTA_RAD

CONTROL_HZ = 20
JOINT_NAMES = tuple(f"joint{number}" for number in range(1, 8))

STATE = Feature("observation.state", (8,), unit="rad, m", frame="joints", names=(*JOINT_NAMES, "opening"))
HAND_POSE = Feature(
    "observation.hand_pose", (7,), unit="m, wxyz", frame="table", names=("x", "y", "z", "qw", "qx", "qy", "qz")
)
"""The midpoint between the fingertips: its z axis points out of the hand, the fingers open along y."""
TASK = Feature("task", (1,), dtype="string")
ACTION = Feature(
    "action",
    (7,),
    unit=", ".join([f"{MAX_DELTA_M} m"] * 3 + [f"{MAX_DELTA_RAD} rad"] * 3 + ["sign"]),
    frame="table",
    names=("dx", "dy", "dz", "rx", "ry", "rz", "gripper (-1 open, 1 closed)"),
)
"""As robosuite's OSC_POSE takes it: how far from where it is, and by which axis times angle, the hand is to go."""
CAMERAS = ("agentview", "wrist")


def list_observed(image_size: int) -> Features:
    """What is observed, with pictures of `image_size` pixels square."""
    images = (Feature(f"observation.images.{name}", (image_size, image_size, 3), dtype="uint8") for name in CAMERAS)
    return Features(*images, STATE, HAND_POSE, TASK)


def make_action_space() -> gymnasium.spaces.Box:
    """Every number in [-1, 1]."""
    return gymnasium.spaces.Box(-1.0, 1.0, ACTION.shape, np.float32)
