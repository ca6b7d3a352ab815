"""Troubles: a brick that is bumped while the hand comes down, and a wrist camera that is not where one thinks.

Both are drawn from the environment's generator, so the same seed gives the same trouble.
"""

from __future__ import annotations

import math

import numpy as np

from millwright.envs.brick_table.layout import GRID_CENTER, HALF_SIZES, HARD_HALF
from millwright.geometry.boxes import compute_clearance
from millwright.geometry.poses import Floats, matrix_from_pose

BUMP_M, BUMP_RAD = (0.02, 0.06), math.radians(45)
BUMP_HEIGHTS_M, BUMP_REACH_M = (0.045, 0.09), 0.04
"""The hand's height at which a brick is bumped, and how near above it the hand is."""
FINGERS_ABOVE_M = 0.034
"""Higher than this, the fingertips of the hand are above a brick that lies on the table."""
BUMP_CLEARANCE_M, BUMP_ROOM_M = 0.005, 0.04
"""A bumped brick stays this far from its neighbours, and at most this far outside of where bricks are put."""
CAMERA_OFF_M, CAMERA_OFF_RAD = (0.01, 0.02), (math.radians(1), math.radians(3))


class Bump:
    """One knock an episode at the target: 2 to 6 cm in any direction and up to 45 degrees."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._height_m = rng.uniform(*BUMP_HEIGHTS_M)

    def is_due(self, hand: Floats, brick: Floats, half_height: float = HALF_SIZES[2]) -> bool:
        """The hand (3,) is down to the height that was drawn, its fingertips above the brick (3,), which lies.

        `half_height`: of the brick, m.
        """
        taller = 2 * (half_height - HALF_SIZES[2])
        beside = math.hypot(hand[0] - brick[0], hand[1] - brick[1])
        lies = brick[2] < 1.5 * half_height
        return bool(FINGERS_ABOVE_M < hand[2] - taller < self._height_m and beside < BUMP_REACH_M and lies)

    def move(self, places: Floats, target: int, tries: int = 200) -> Floats:
        """Where the target of bricks at `places` (n, 3: x, y, yaw) lands; where it was if there is no room."""
        others = np.delete(places, target, axis=0)
        center, half = np.array(GRID_CENTER), np.array(HARD_HALF) + BUMP_ROOM_M
        for _ in range(tries):
            way, heading, turn = self._rng.uniform((BUMP_M[0], -math.pi, -BUMP_RAD), (BUMP_M[1], math.pi, BUMP_RAD))
            moved = places[target] + [way * math.cos(heading), way * math.sin(heading), turn]
            free = all(compute_clearance(moved, other, HALF_SIZES[:2]) >= BUMP_CLEARANCE_M for other in others)
            if free and (np.abs(moved[:2] - center) <= half).all():
                return np.array(moved)
        return np.array(places[target])


def draw_camera_error(rng: np.random.Generator) -> Floats:
    """(4, 4): where a camera is believed to be, in its own true frame: 1 to 2 cm and 1 to 3 degrees off."""
    directions = rng.normal(size=(2, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    half = rng.uniform(*CAMERA_OFF_RAD) / 2
    return matrix_from_pose(
        [*(directions[0] * rng.uniform(*CAMERA_OFF_M)), math.cos(half), *(math.sin(half) * directions[1])]
    )
