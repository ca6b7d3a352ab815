"""What jaws can get at: the room for fingers beside a brick's long sides and behind its ends."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats
from millwright.geometry.separation import Boxes, compute_separations
from millwright.robots.jaws import PAD_HALF_WIDTH_M, find_finger_boxes, find_gap_boxes

GRASPS_M: Floats = np.linspace(-0.028, 0.028, 15)
"""Along a brick from its middle: where fingers may grasp it, their pads over more than a centimetre of it."""
LOWEST_M = 0.012
"""Of the hand: fingertips then end 3 mm above the table."""
NEAR_M = 0.13
"""Between the centres of bricks that may be in each other's way."""
HELD_MARGIN_M = 0.002
"""By which something may be narrower than what is held beside it, and slip out."""
FINGER_SLACK_M = 0.005
"""By which fingers that come down around something are further apart than it is wide."""
PUSH_GAP_M = 0.003
"""Between a brick's end and fingers that come down behind it."""


def find_heading(bricks: Boxes, target: int) -> float:
    """Of the hand, rad, whose fingers close on a brick's width: along its length."""
    return math.atan2(bricks.axes[target, 1, 1], bricks.axes[target, 0, 1])


def find_grasp_room(bricks: Boxes, target: int, opening: float, offsets: ArrayLike = GRASPS_M) -> Floats:
    """(k,) m that a grasp has to spare: beside both fingers, and before others would be held along with the target.

    Arguments as for `find_side_room`.
    """
    sides: Floats = find_side_room(bricks, target, opening, offsets).min(axis=0)
    others = _find_others(bricks, target)
    if not len(others.centers):
        return sides
    width = 2 * float(bricks.halves[target, 0]) - HELD_MARGIN_M
    held = find_gap_boxes(_find_places(bricks, target, np.asarray(offsets)), find_heading(bricks, target), width)
    room: Floats = np.minimum(sides, compute_separations(held, others).min(axis=1))
    return room


def find_side_room(bricks: Boxes, target: int, opening: float, offsets: ArrayLike = GRASPS_M) -> Floats:
    """(2, k) m from a finger on the target's +x and on its -x side to the next brick; below 0 there is no room.

    Args:
        opening: of the fingers, which stand with the target in their middle, m.
        offsets: (k,) of the hand along the target, m.
    """
    return _find_room(bricks, target, np.asarray(offsets), opening)


def find_end_room(bricks: Boxes, target: int) -> Floats:
    """(2,) m from closed fingers behind the target's +y and its -y end to the next brick; below 0 there is no room."""
    start = find_push_start(bricks, target)
    room: Floats = _find_room(bricks, target, np.array([start, -start]), 0.0).min(axis=0)
    return room


def find_push_start(bricks: Boxes, target: int) -> float:
    """From the target's middle to that of closed fingers that are to push its end, m."""
    return float(bricks.halves[target, 1]) + PAD_HALF_WIDTH_M + PUSH_GAP_M


def _find_room(bricks: Boxes, target: int, offsets: Floats, opening: float) -> Floats:
    others = _find_others(bricks, target)
    if not len(others.centers):
        return np.full((2, len(offsets)), NEAR_M)
    places = _find_places(bricks, target, offsets)
    fingers = find_finger_boxes(places, find_heading(bricks, target), np.full(len(offsets), opening))
    room: Floats = compute_separations(fingers, others).min(axis=1).reshape(len(offsets), 2, -1).min(axis=2).T
    return room


def _find_others(bricks: Boxes, target: int) -> Boxes:
    near = np.linalg.norm(bricks.centers - bricks.centers[target], axis=1) < NEAR_M
    near[target] = False
    return bricks.select(np.flatnonzero(near))


def _find_places(bricks: Boxes, target: int, offsets: Floats) -> Floats:
    """(k, 3) of the hand, along the target."""
    places: Floats = bricks.centers[target] + offsets[:, None] * bricks.axes[target, :, 1]
    places[:, 2] = np.maximum(places[:, 2], LOWEST_M)
    return places
