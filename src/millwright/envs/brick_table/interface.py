"""What a policy of the brick table is shown and what it may ask for: features, and gymnasium's spaces of them."""

from __future__ import annotations

import gymnasium
import numpy as np

from millwright.core.features import Feature, Features
from millwright.envs.brick_table.options import BrickTableOptions
from millwright.robots import ur5e

OBSERVATION = (
    Feature("observation.state", (7,), unit="rad, m", frame="joints", names=(*ur5e.JOINT_NAMES, "opening")),
    Feature("observation.hand_pose", (7,), unit="m, wxyz", frame="base", names=("x", "y", "z", "qw", "qx", "qy", "qz")),
    Feature("observation.wrench", (6,), unit="N, N m", frame="hand", names=("fx", "fy", "fz", "tx", "ty", "tz")),
    Feature(
        "observation.environment_state", (6,), frame="wrist image", names=("x0", "y0", "x1", "y1", "visible", "age_s")
    ),
    Feature("task", (1,), dtype="string"),
)
ANCHOR = Feature("observation.anchor", (2,), unit="m", frame="base", names=("x", "y"))
"""Where the click that chose the brick met the table: what the box shows, when the camera does not see it too."""
PLACE = Feature("observation.place", (3,), unit="m, m, rad", frame="base", names=("x", "y", "yaw"))
"""Where the hand is to put the brick, and how it is to be turned: the next slot of the cell's tray that is free.

Which slots are taken is read off the true places of the bricks that lie in the tray, as a sensor beneath each slot
would tell it; of bricks on the table it says nothing.
"""
ACTION = Feature("action", (7,), unit="rad, m", frame="joints", names=(*ur5e.JOINT_NAMES, "opening"))


def list_observed(options: BrickTableOptions) -> Features:
    """What is observed: pictures of `image_size` pixels square, depth where it is asked for; with a tray two places."""
    size = options.image_size
    image = Feature("observation.images.wrist", (size, size, 3), dtype="uint8")
    depth = Feature("observation.images.wrist_depth", (size, size, 1), unit="m", frame="wrist image")
    places = (ANCHOR, PLACE) if options.tray else ()
    return Features(image, *((depth,) if options.depth else ()), *OBSERVATION, *places)


def make_action_space() -> gymnasium.spaces.Box:
    """Joints within their limits, and the opening from shut to wide open."""
    low = np.array([*ur5e.POSITION_LIMITS_RAD[:, 0], 0.0], dtype=np.float32)
    high = np.array([*ur5e.POSITION_LIMITS_RAD[:, 1], ur5e.MAX_OPENING_M], dtype=np.float32)
    return gymnasium.spaces.Box(low, high, dtype=np.float32)
