"""What who drives is shown and what it may ask for: features, and gymnasium's spaces of them."""

from __future__ import annotations

import gymnasium
import numpy as np

from millwright.core.features import Feature, Features

RAW_HZ = 50
"""Steps of CarRacing's physics a second."""
WHEELS = ("front_left", "front_right", "rear_left", "rear_right")
STATE = Feature(
    "observation.state",
    (7,),
    unit="m/s, rad/s, rad, rad/s",
    names=("speed", *(f"{wheel}_speed" for wheel in WHEELS), "steering", "gyro"),
)
"""Read from the picture's indicator bar (`bar.read_bar`); steering and gyro are positive to the right, as actions."""
TASK = Feature("task", (1,), dtype="string")
ACTION = Feature("action", (3,), unit="share of the greatest", names=("steering", "throttle", "brake"))
"""Steering from -1, left, to 1, right; throttle and brake from 0 to 1; a brake of 0.9 and more blocks the wheels."""
SAID = "drive a lap"


def list_observed(image_size: int) -> Features:
    """What is observed, with a picture of `image_size` pixels square."""
    front = Feature("observation.images.front", (image_size, image_size, 3), dtype="uint8")
    return Features(front, STATE, TASK)


def make_action_space() -> gymnasium.spaces.Box:
    """CarRacing's own; what lies outside is clipped."""
    return gymnasium.spaces.Box(np.array([-1, 0, 0], np.float32), np.ones(3, np.float32))
