"""What jaws can get at beside a brick, and that the boxes around fingers hold the fingers."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.envs.mujoco.scene import TIP_M
from millwright.geometry.poses import quaternion_from_yaw
from millwright.geometry.separation import Boxes
from millwright.robots.jaws import find_finger_boxes
from millwright.robots.reach import (
    GRASPS_M,
    find_end_room,
    find_grasp_room,
    find_heading,
    find_push_start,
    find_side_room,
)

HALF = np.array([0.016, 0.032, 0.012])


def lay(*places):
    """Bricks at x, y, z (m), yaw (rad)."""
    return Boxes.at([place[:3] for place in places], [quaternion_from_yaw(place[3]) for place in places], HALF)


def free(bricks, **changes):
    return find_side_room(bricks, 0, 0.037, **changes) > 0


def test_a_brick_by_itself_has_room_all_around():
    bricks = lay((0.5, 0, 0.012, 0.3))
    assert free(bricks).all()
    assert (find_end_room(bricks, 0) > 0).all()
    assert find_heading(bricks, 0) == pytest.approx(0.3 + np.pi / 2)


def test_a_brick_alongside_takes_the_room_of_one_side():
    assert free(lay((0.5, 0, 0.012, 0), (0.5325, 0, 0.012, 0))).tolist() == [[False] * 15, [True] * 15]


def test_beside_half_a_brick_there_is_room_at_the_other_half():
    plus, minus = free(lay((0.5, 0, 0.012, 0), (0.5325, 0.035, 0.012, 0)))
    assert minus.all()
    assert GRASPS_M[plus].max() == pytest.approx(-0.016)
    assert plus.sum() == 4


def test_a_brick_at_its_end_leaves_room_for_one_push():
    ends = find_end_room(lay((0.5, 0, 0.012, 0), (0.5, 0.0645, 0.012, 0)), 0)
    assert ends[0] < 0 < ends[1]


def test_a_brick_on_another_has_room_on_both_sides():
    assert free(lay((0.5, 0, 0.0363, 0.2), (0.5, 0, 0.012, 0), (0.5325, 0, 0.012, 0))).all()


def test_a_tower_alongside_needs_more_room_than_a_brick_as_fingers_get_thicker():
    beside = 0.5 + 0.0325 + 0.0095
    assert free(lay((0.5, 0, 0.012, 0), (beside, 0, 0.012, 0))).all()
    tower = [(beside, 0, z, 0) for z in (0.012, 0.036, 0.06)]
    assert not free(lay((0.5, 0, 0.012, 0), *tower))[0].any()


def test_the_boxes_of_fingers_begin_and_end_where_fingers_do():
    boxes = find_finger_boxes([(0.5, 0.1, 0.012)], 0.4, [0.03])
    assert len(boxes.centers) == 6
    lowest = boxes.centers[:, 2] - boxes.halves[:, 2]
    assert lowest.min() == pytest.approx(0.012 - TIP_M)
    assert find_push_start(lay((0, 0, 0, 0)), 0) == pytest.approx(0.053)


def test_a_grasp_that_would_hold_the_next_brick_too_has_no_room():
    alone, row = lay((0.5, 0, 0.012, 0)), lay((0.5, 0, 0.012, 0), (0.5, 0.0645, 0.012, 0))
    assert (find_grasp_room(alone, 0, 0.037) > 0).all()
    assert free(row).all()
    held_too = find_grasp_room(row, 0, 0.037) <= 0
    assert np.array_equal(held_too, GRASPS_M > 0.0145)
