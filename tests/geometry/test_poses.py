"""Rotations form a group, and every way of writing a pose says the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.geometry import poses
from millwright.geometry.boxes import compute_bounding_box, compute_clearance, compute_corners

unit = st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1)
quaternions = unit.map(lambda q: np.array(q) / np.linalg.norm(q))
angles = st.floats(-10, 10)


@given(quaternions, quaternions)
def test_product_of_quaternions_is_product_of_matrices(a, b):
    product = poses.matrix_from_quaternion(poses.compose_quaternions(a, b))
    assert np.allclose(product, poses.matrix_from_quaternion(a) @ poses.matrix_from_quaternion(b))


@given(quaternions)
def test_quaternion_survives_the_way_through_a_matrix_up_to_its_sign(q):
    back = poses.quaternion_from_matrix(poses.matrix_from_quaternion(q))
    assert min(np.abs(back - q).max(), np.abs(back + q).max()) < 1e-7


@given(quaternions, st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_inverse_of_a_pose_undoes_it(q, xyz):
    matrix = poses.matrix_from_pose([*xyz, *q])
    assert np.allclose(poses.invert_matrix(matrix) @ matrix, np.eye(4))


@given(angles)
def test_hand_that_points_down_keeps_its_yaw(yaw):
    quaternion = poses.quaternion_of_hand(yaw)
    assert abs(poses.wrap_angle(poses.yaw_from_quaternion(quaternion) - yaw)) < 1e-9
    assert np.allclose(poses.matrix_from_quaternion(quaternion)[:, 2], [0, 0, -1])


@given(quaternions)
def test_rotation_vector_turns_by_its_length(q):
    vector = poses.rotation_vector(poses.matrix_from_quaternion(q))
    cosine = (np.trace(poses.matrix_from_quaternion(q)) - 1) / 2
    assert math.cos(np.linalg.norm(vector)) == pytest.approx(cosine, abs=1e-6)


@given(angles, st.floats(0.1, 7))
def test_wrapped_angle_differs_by_whole_periods(angle, period):
    wrapped = poses.wrap_angle(angle, period)
    assert -period / 2 <= wrapped <= period / 2
    assert (angle - wrapped) / period == pytest.approx(round((angle - wrapped) / period), abs=1e-6)


def test_corners_of_a_turned_box_span_its_diagonal():
    corners = compute_corners([1, 2, 3], poses.quaternion_from_yaw(math.pi / 2), [0.1, 0.2, 0.3])
    assert np.allclose(corners.max(axis=0) - corners.min(axis=0), [0.4, 0.2, 0.6])
    assert np.allclose(compute_bounding_box(corners[:, :2]), [0.8, 1.9, 1.2, 2.1])


@pytest.mark.parametrize(
    ("other", "clearance"), [((0.1, 0, 0), 0.06), ((0, 0.1, 0), 0.02), ((0, 0, 1.0), 0.0), ((0.01, 0.01, 0.3), 0.0)]
)
def test_clearance_of_two_bricks(other, clearance):
    assert compute_clearance((0, 0, 0), other, (0.02, 0.04)) == pytest.approx(clearance, abs=1e-9)


def test_bricks_that_cross_without_a_corner_inside_have_no_clearance():
    assert compute_clearance((0, 0, 0), (0, 0, math.pi / 2), (0.016, 0.032)) == 0
