"""A box that forgot the warp lies where a pinhole would have it, and nowhere else."""

import numpy as np
import pytest
import torch

from millwright.geometry.cameras import Fisheye, Pinhole
from millwright.processors.pinhole_box import PinholeBox

BOX = "observation.environment_state"
FISHEYE, PINHOLE = Fisheye(64, 64, 155.0), Pinhole(64, 64, 155.0)


def test_corners_move_to_where_a_pinhole_sees_the_same_points():
    points = np.array([[0.02, -0.05, 0.3], [0.2, 0.1, 0.25]])
    seen = FISHEYE.project(points).reshape(1, 4)
    moved = PinholeBox()({BOX: torch.tensor([[*seen[0], 1.0, 0.5]])})[BOX]
    np.testing.assert_allclose(moved[:, :4].numpy(), PINHOLE.project(points).reshape(1, 4), atol=1e-5)
    assert moved[0, 4:].tolist() == [1.0, 0.5]


def test_the_middle_stays_and_the_rim_stays_within_the_picture():
    moved = PinholeBox()({BOX: torch.tensor([[0.5, 0.5, 1.4, -0.3]])})[BOX]
    assert moved[0, :2].tolist() == [0.5, 0.5]
    assert moved[0, 2:].tolist() == [1.0, 0.0]


def test_a_brick_beside_the_middle_is_boxed_far_from_where_it_is_seen():
    point = np.array([[np.sin(0.8), 0.0, np.cos(0.8)]])
    (fisheye,), (pinhole,) = FISHEYE.project(point), PINHOLE.project(point)
    assert fisheye[0] - 0.5 == pytest.approx(0.296, abs=0.01)
    assert pinhole[0] - 0.5 == pytest.approx(0.114, abs=0.01)
