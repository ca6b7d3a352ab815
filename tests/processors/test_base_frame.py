"""Absolute hand targets survive the way without a quaternion and back, whatever the yaw."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.core.errors import FeatureError
from millwright.processors.base_frame import BaseFrame, FromBaseFrame
from millwright.processors.hand import compute_yaw

angle = st.floats(-math.pi, math.pi)
metres = st.floats(-1, 1)


def pointing_down(yaw):
    return (0.0, math.cos(yaw / 2), math.sin(yaw / 2), 0.0)


@settings(max_examples=100, deadline=None)
@given(st.tuples(metres, metres, metres), angle, metres, st.sampled_from([1.0, -1.0]))
def test_a_target_that_points_down_comes_back_whatever_its_quaternion_s_sign(position, yaw, opening, sign):
    quaternion = [sign * value for value in pointing_down(yaw)]
    action = torch.tensor([[[*position, *quaternion, opening]]])
    batch = BaseFrame()({"action": action})
    assert batch["target"].shape == (1, 1, 6)
    back = BaseFrame().inverse()(batch)["action"]
    torch.testing.assert_close(back[..., [0, 1, 2, 7]], action[..., [0, 1, 2, 7]])
    assert abs((back[..., 3:7] * action[..., 3:7]).sum()).item() == pytest.approx(1, abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(st.tuples(metres, metres, metres), angle, st.floats(0.1, 3), metres)
def test_a_prediction_counts_by_the_direction_of_its_cosine_and_sine(position, yaw, length, opening):
    target = torch.tensor([[[*position, length * math.cos(yaw), length * math.sin(yaw), opening]]])
    action = FromBaseFrame()({"target": target})["action"]
    torch.testing.assert_close(action[..., 3:7].norm(dim=2), torch.ones(1, 1))
    assert math.remainder(compute_yaw(action[0, :, 3:7]).item() - yaw, 2 * math.pi) == pytest.approx(0, abs=1e-4)
    back = FromBaseFrame().inverse()({"action": action})["target"]
    torch.testing.assert_close(back[..., [0, 1, 2, 5]], target[..., [0, 1, 2, 5]])
    torch.testing.assert_close(back[..., 3:5] * length, target[..., 3:5], atol=1e-5, rtol=1e-4)


def test_where_the_hand_is_now_does_not_matter():
    action = torch.tensor([[[0.4, 0.1, 0.2, *pointing_down(0.3), 0.02]]])
    target = BaseFrame()({"action": action, "observation.hand_pose": torch.full((1, 7), torch.nan)})["target"]
    torch.testing.assert_close(target[0, 0], torch.tensor([0.4, 0.1, 0.2, math.cos(0.3), math.sin(0.3), 0.02]))


def test_a_missing_target_is_named():
    with pytest.raises(FeatureError, match="no 'target'; it has action"):
        FromBaseFrame()({"action": torch.zeros(1, 1, 8)})
