"""Twelve bricks: their names and colours, and where they lie on the table."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from millwright.core.errors import MillwrightError
from millwright.geometry.boxes import compute_clearance
from millwright.geometry.poses import Floats, quaternion_from_yaw

COLORS: dict[str, str] = {
    "red": "#d01c1f",
    "orange": "#f2760c",
    "yellow": "#f6cf1b",
    "lime": "#8fce2b",
    "green": "#12803a",
    "teal": "#0fa396",
    "sky": "#58b7f0",
    "blue": "#1748b8",
    "purple": "#6d2f9e",
    "pink": "#f06cae",
    "brown": "#6b3f22",
    "white": "#f4f4f2",
}
NAMES = tuple(COLORS)

HALF_SIZES: Floats = np.array([0.016, 0.032, 0.012])
MASS_KG = 0.035
TABLE_CENTER = (0.45, 0.0)
TABLE_HALF = (0.52, 0.55)

GRID_CENTER = (0.52, 0.0)
GRID_SPACING = (0.11, 0.14)
GRID_SHAPE = (3, 4)
GRID_JITTER_M = 0.02
GRID_JITTER_RAD = math.radians(45)

HARD_HALF = (0.15, 0.25)
"""Half-extents of the area around the grid's centre for brick centres in the `hard` layout."""
HARD_CLEARANCE_M = 0.01


def draw_layout(rng: np.random.Generator, hard: bool) -> Floats:
    """x, y (m) and yaw (rad) of every brick, (12, 3); which brick gets which place is drawn too."""
    places = _draw_free(rng) if hard else _draw_grid(rng)
    return places[rng.permutation(len(NAMES))]


def lay_flat(places: ArrayLike, half_heights: ArrayLike) -> Floats:
    """Poses (n, 7) xyz m, wxyz of bricks that lie on the table at `places` (n, 3): x, y (m), yaw (rad)."""
    rows = zip(np.asarray(places), np.asarray(half_heights), strict=True)
    return np.array([[x, y, z, *quaternion_from_yaw(yaw)] for (x, y, yaw), z in rows])


def _draw_grid(rng: np.random.Generator) -> Floats:
    rows, columns = GRID_SHAPE
    xs = GRID_CENTER[0] + GRID_SPACING[0] * (np.arange(rows) - (rows - 1) / 2)
    ys = GRID_CENTER[1] + GRID_SPACING[1] * (np.arange(columns) - (columns - 1) / 2)
    grid = np.array([(x, y, 0.0) for x in xs for y in ys])
    jitter = np.array([GRID_JITTER_M, GRID_JITTER_M, GRID_JITTER_RAD])
    places: Floats = grid + rng.uniform(-1, 1, grid.shape) * jitter
    return places


def _draw_free(rng: np.random.Generator, attempts: int = 50, tries: int = 200) -> Floats:
    """Any yaw, anywhere in the area, at least HARD_CLEARANCE_M apart: bricks are put down one after the other."""
    low = np.array([GRID_CENTER[0] - HARD_HALF[0], GRID_CENTER[1] - HARD_HALF[1], -math.pi])
    high = np.array([GRID_CENTER[0] + HARD_HALF[0], GRID_CENTER[1] + HARD_HALF[1], math.pi])
    reach = 2 * float(np.linalg.norm(HALF_SIZES[:2])) + HARD_CLEARANCE_M
    for _ in range(attempts):
        placed: list[Floats] = []
        for _ in range(tries):
            place = rng.uniform(low, high)
            near = [p for p in placed if math.dist(p[:2], place[:2]) < reach]
            if all(compute_clearance(p, place, HALF_SIZES[:2]) >= HARD_CLEARANCE_M for p in near):
                placed.append(place)
            if len(placed) == len(NAMES):
                return np.array(placed)
    raise MillwrightError(f"could not place {len(NAMES)} bricks {HARD_CLEARANCE_M} m apart in {attempts} attempts")
