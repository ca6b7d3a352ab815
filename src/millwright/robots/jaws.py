"""The gripper's fingers: their shape, and the room that they take."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats
from millwright.geometry.separation import Boxes

PAD_HALF_WIDTH_M, PAD_THICKNESS_M = 0.018, 0.003
TIP_M, TIP_THICKNESS_M = 0.009, 0.0045
"""How far fingers reach beyond the hand frame's origin, and how thick they end."""
KNUCKLE_M, KNUCKLE_THICKNESS_M = -0.03, 0.008
ROOT_M, ROOT_THICKNESS_M, ROOT_HALF_WIDTH_M = -0.125, 0.024, 0.012
"""How far before the hand frame's origin a finger is that thick: a wedge in two parts, its inner face flat."""

_SLABS: Floats = np.array([(-0.013, TIP_M, 0.0065), (-0.041, -0.013, 0.0099), (ROOT_M, -0.041, ROOT_THICKNESS_M)])
"""Of a finger along the hand's z axis: from, to, and how thick it is at most, m."""


def find_finger_boxes(places: ArrayLike, yaw: float, openings: ArrayLike) -> Boxes:
    """Boxes around both fingers of k hands that point down: (6 k) of them, hand by hand.

    Args:
        places: (k, 3) of the middle between the fingertips, base frame, m.
        yaw: heading of the hands' x axis, rad; fingers open across it.
        openings: (k,) m.
    """
    hands, opened = np.atleast_2d(np.asarray(places, dtype=np.float64)), np.atleast_1d(np.asarray(openings, float))
    axes = _find_axes(yaw)
    low, high, thick = _SLABS.T
    centers, halves = [], np.stack([np.full(3, PAD_HALF_WIDTH_M), thick / 2, (high - low) / 2], axis=1)
    for side in (1.0, -1.0):
        across = side * (opened[:, None] / 2 + thick / 2)  # (k, 3)
        local = np.stack([np.zeros_like(across), across, np.broadcast_to((low + high) / 2, across.shape)], axis=2)
        centers.append(hands[:, None] + local @ axes.T)
    middle = np.concatenate(centers, axis=1).reshape(-1, 3)
    return Boxes(middle, np.broadcast_to(axes, (len(middle), 3, 3)), np.tile(halves, (2 * len(hands), 1)))


def find_gap_boxes(places: ArrayLike, yaw: float, width: float) -> Boxes:
    """Boxes (k) around what k hands that point down hold when their pads are `width` (m) apart."""
    centers = np.array(places, dtype=np.float64, ndmin=2)
    axes = _find_axes(yaw)
    halves = np.array([PAD_HALF_WIDTH_M, width / 2, TIP_M])
    return Boxes(centers, np.broadcast_to(axes, (len(centers), 3, 3)), np.broadcast_to(halves, centers.shape))


def _find_axes(yaw: float) -> Floats:
    """The hand's axes (3, 3), columns, in the base frame."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])
