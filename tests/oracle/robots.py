"""What made-up robots see, tick by tick, on both sides; and what policies of LeRobot's call it."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

SIZE, DOF, TICKS = 96, 7, 10
CAMERAS = {
    "observation.images.agentview": "observation.images.top",
    "observation.images.wrist": "observation.images.wrist",
}
"""Our name -> LeRobot's."""
STATE, NUM_STATE = "observation.state", 8
TASKS = ("lift the cube", "lift the red block that lies on the left")
LENGTH, PLAYED = 8, 4
"""Actions of a chunk, and how many of them LeRobot plays."""


def observe(robot: int, tick: int) -> dict[str, Any]:
    """As our environments show it."""
    rng = np.random.default_rng((robot, tick))
    pictures = {name: rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8) for name in CAMERAS}
    return {**pictures, STATE: rng.normal(size=NUM_STATE).astype(np.float32), "task": TASKS[robot % len(TASKS)]}


def find_seed(observation: dict[str, Any]) -> int:
    """Of what is drawn for it: the documented one."""
    return zlib.crc32(observation[STATE].tobytes())
