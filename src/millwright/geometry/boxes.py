"""Boxes: corners in space, distances on the ground, prompt boxes in an image."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright.geometry.poses import Floats, matrix_from_quaternion

_SIGNS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))


def compute_corners(position: ArrayLike, quaternion: ArrayLike, half_sizes: ArrayLike) -> Floats:
    """The eight corners (8, 3) of a box, m."""
    offsets: Floats = (_SIGNS * np.asarray(half_sizes)) @ matrix_from_quaternion(quaternion).T
    return offsets + np.asarray(position, dtype=np.float64)


def compute_bounding_box(points: NDArray[np.float64]) -> Floats:
    """x0, y0, x1, y1 around image points (n, 2), in their unit; not clipped."""
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def compute_clearance(a: ArrayLike, b: ArrayLike, half_sizes: ArrayLike) -> float:
    """Least distance (m) of two equal rectangles on the ground, 0 when they touch or overlap.

    `a`, `b`: (3,) x, y, yaw; `half_sizes`: (2,). For convex polygons that do not overlap the least
    distance is that of a corner of one to the other rectangle.
    """
    rectangles = [np.asarray(r, dtype=np.float64) for r in (a, b)]
    half = np.asarray(half_sizes, dtype=np.float64)
    least = math.inf
    for one, other in (rectangles, rectangles[::-1]):
        local = _rotate(_outline(one, half) - other[:2], -other[2])
        least = min(least, float(np.linalg.norm(np.maximum(np.abs(local) - half, 0), axis=1).min()))
    return least


def _outline(rectangle: Floats, half: Floats) -> Floats:
    """Points (n, 2) around the rim, dense enough to notice a crossing without a corner inside."""
    ticks = np.linspace(-1, 1, 9)
    rim = [(x, y) for x in ticks for y in ticks if max(abs(x), abs(y)) == 1]
    return rectangle[:2] + _rotate(np.array(rim) * half, rectangle[2])


def _rotate(points: Floats, yaw: float) -> Floats:
    c, s = math.cos(yaw), math.sin(yaw)
    rotated: Floats = points @ np.array([[c, s], [-s, c]])
    return rotated
