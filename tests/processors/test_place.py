"""Where something is to be put does not depend on the frame that it is told in."""

import math

import pytest
import torch
from hypothesis import given, settings

from millwright.processors.limit import Limit
from millwright.processors.place import PlaceInHand, PointInHand
from tests.processors.test_hand import angle, metres, pose_at


def look(place, position, yaw):
    observed = {"observation.place": torch.tensor([place]), "observation.hand_pose": pose_at(position, yaw)}
    return PlaceInHand()(observed)["place"][0].tolist()


def test_place_ahead_of_a_hand_that_looks_along_y_is_ahead():
    assert look([0.4, 0.5, 0.0], [0.4, 0.2, 0.1], math.pi / 2) == pytest.approx([0.3, 0, -1, 0], abs=1e-5)
    assert look([0.4, 0.5, 0.0], [0.4, 0.2, 0.1], 0.0) == pytest.approx([0, 0.3, 1, 0], abs=1e-5)


def test_a_point_is_seen_as_a_place_is():
    observed = {
        "observation.anchor": torch.tensor([[0.4, 0.5]]),
        "observation.hand_pose": pose_at([0.4, 0.2, 0.1], 1.2),
    }
    assert PointInHand()(observed)["anchor"][0].tolist() == pytest.approx(look([0.4, 0.5, 0], [0.4, 0.2, 0.1], 1.2)[:2])


def test_what_runs_away_is_kept_within_bounds():
    batch = {"region": torch.tensor([[-7.0, 0.5, 2.0, 9.0]])}
    assert Limit("region", 2.0)(batch)["region"].tolist() == [[-2.0, 0.5, 2.0, 2.0]]


@settings(max_examples=50, deadline=None)
@given(metres, metres, angle, angle)
def test_half_a_turn_more_is_the_same_place(x, y, yaw, turn):
    one, other = (look([x, y, turn + extra], [0.1, 0.2, 0.3], yaw) for extra in (0.0, math.pi))
    assert one == pytest.approx(other, abs=1e-4)
    assert math.hypot(*one[:2]) == pytest.approx(math.hypot(x - 0.1, y - 0.2), abs=1e-5)
