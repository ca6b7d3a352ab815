"""Lacks: what recordings on the brick table never show, in words, for whoever asks what a policy knows nothing of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from millwright.envs.brick_table.layout import GRID_JITTER_M, GRID_JITTER_RAD, HALF_SIZES, NAMES
from millwright.envs.brick_table.variation import RANDOMISED

ALWAYS = (
    "No real robot, camera or light: everything is simulated.",
    "One arm, one gripper, one height of the table, one place of the camera that looks on.",
    f"Bricks alone, in {len(NAMES)} colours ({NAMES[0]} to {NAMES[-1]}): no other things, no hands, no people.",
)
_SIZE = " x ".join(f"{2000 * half:.0f}" for half in HALF_SIZES)
_TURN = f"{math.degrees(GRID_JITTER_RAD):.0f}"
WORLD: Mapping[str, str] = {
    "hard": f"Bricks lie within {100 * GRID_JITTER_M:.0f} cm of a grid's places, turned by at most {_TURN} degrees.",
    "clutter": "Bricks lie apart: none touches, leans on or covers another.",
    "bump": "Nothing moves a brick but the robot.",
    "miscalibrated": "The wrist camera is exactly where it is believed to be.",
    "click_noise": "Every click hits the brick that it means.",
    "lighting": "One light, of one direction, strength and colour.",
    "texture": "One table top.",
    "camera_moved": "One place of the camera on the wrist.",
    "fisheye": "One lens of the wrist camera.",
    "sensor_noise": "Clean pictures: no blur, noise, shift of colours or compression.",
    "twins": "No two bricks of a scene share a colour.",
    "sizes": f"One size of brick, {_SIZE} mm.",
    "shapes": "Blocks alone: no round bars, no cylinders.",
}
"""Option -> what recordings without it never show."""
OTHER = frozenset(
    {"max_steps", "control_hz", "image_size", "depth", "glow", "tracked", "restless", "randomise", "tray", "underway"}
)
"""Options that are no part of how the world may differ."""


def describe_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What none of the recordings shows, a sentence each.

    Args:
        recorded: options of the environment of each kind of recording.
    """
    shown = {name for options in recorded for name, value in options.items() if value}
    shown |= set(RANDOMISED) if "randomise" in shown else set()
    tray = ("One tray, always in the same place.",) if "tray" in shown else ()
    return (*ALWAYS, *tray, *(lack for option, lack in WORLD.items() if option not in shown))
