"""Separations: boxes overlap exactly when a linear programme finds a point in both."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from millwright.geometry.poses import quaternion_from_yaw
from millwright.geometry.separation import Boxes, compute_separations

HALF = np.array([0.016, 0.032, 0.012])
LEVEL = quaternion_from_yaw(0.0)


def put(*places):
    return Boxes.at(places, [LEVEL] * len(places), HALF)


def share_a_point(a: Boxes, b: Boxes) -> bool:
    reach = [(-half, half) for half in [*a.halves[0], *b.halves[0]]]
    sides = np.hstack([a.axes[0], -b.axes[0]])
    return linprog(np.zeros(6), A_eq=sides, b_eq=b.centers[0] - a.centers[0], bounds=reach).status == 0


@pytest.mark.parametrize("parallel", [False, True])
def test_boxes_overlap_exactly_when_some_point_is_in_both(parallel):
    rng = np.random.default_rng(0)
    outcomes = []
    for _ in range(60):
        places, turns = rng.uniform(-0.04, 0.04, (2, 3)), rng.normal(size=(2, 4))
        turns /= np.linalg.norm(turns, axis=1, keepdims=True)
        turns[1] = turns[0] if parallel else turns[1]
        a, b = (Boxes.at(places[i], turns[i], HALF) for i in (0, 1))
        outcomes.append(share_a_point(a, b))
        assert outcomes[-1] == (compute_separations(a, b)[0, 0] <= 0)
    assert 10 < sum(outcomes) < 50


def test_between_faces_the_separation_is_the_gap():
    a, b = put((0, 0, 0)), put((0.035, 0.01, 0), (0, 0.07, 0.002), (0, 0, 0.025), (0.03, 0, 0))
    assert np.allclose(compute_separations(a, b), [[0.003, 0.006, 0.001, -0.002]])


def test_every_box_is_set_against_every_other():
    a, b = put((0, 0, 0), (0.1, 0, 0)), put((0.04, 0, 0), (0.05, 0, 0), (0.2, 0, 0))
    assert np.allclose(compute_separations(a, b), [[0.008, 0.018, 0.168], [0.028, 0.018, 0.068]])
    assert np.array_equal(compute_separations(b, a), compute_separations(a, b).T)


def test_some_boxes_can_be_picked_out():
    boxes = put((0, 0, 0), (0.1, 0, 0), (0.2, 0, 0))
    assert np.array_equal(boxes.select([2, 0]).centers, [(0.2, 0, 0), (0, 0, 0)])
