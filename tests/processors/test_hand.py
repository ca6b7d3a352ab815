"""Hand targets survive the way into the hand's frame and back, whatever the yaw."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from millwright.processors.hand import HandAbsolute, HandRelative, compute_yaw

POSE = "observation.hand_pose"
angle = st.floats(-math.pi, math.pi)
metres = st.floats(-1, 1)


def pointing_down(yaw):
    """The quaternion wxyz of a hand whose z axis points down and whose x axis points along `yaw`."""
    x = np.array([math.cos(yaw), math.sin(yaw), 0])
    z = np.array([0, 0, -1.0])
    return Rotation.from_matrix(np.stack((x, np.cross(z, x), z), 1)).as_quat(scalar_first=True)


def pose_at(position, yaw):
    return torch.tensor([[*position, *pointing_down(yaw)]], dtype=torch.float32)


@settings(max_examples=100, deadline=None)
@given(angle, st.floats(0.1, 10), st.sampled_from([1.0, -1.0]))
def test_yaw_is_the_direction_of_the_x_axis_whatever_the_quaternion_s_sign_and_length(yaw, length, sign):
    quaternion = torch.tensor(pointing_down(yaw) * length * sign, dtype=torch.float32)[None]
    found = compute_yaw(quaternion).item()
    assert math.remainder(found - yaw, 2 * math.pi) == pytest.approx(0, abs=1e-4)


def test_yaw_of_a_tilted_hand_is_the_heading_of_its_x_axis():
    rotation = Rotation.from_euler("xyz", [math.pi + 0.2, -0.3, 0.7])
    x_axis = rotation.apply([1, 0, 0])
    found = compute_yaw(torch.tensor(rotation.as_quat(scalar_first=True))[None].float()).item()
    assert found == pytest.approx(math.atan2(x_axis[1], x_axis[0]), abs=1e-5)


@settings(max_examples=100, deadline=None)
@given(st.tuples(metres, metres, metres), angle, st.tuples(metres, metres, metres), st.floats(-3.1, 3.1), metres)
def test_relative_to_absolute_and_back_is_the_identity(position, yaw, offset, turn, opening):
    target = torch.tensor([[[*offset, turn, opening], [0, 0, 0, 0, 0]]], dtype=torch.float32)
    batch = {POSE: pose_at(position, yaw), "target": target}
    absolute = HandAbsolute()(batch)["action"]
    back = HandAbsolute().inverse()({POSE: batch[POSE], "action": absolute})["target"]
    torch.testing.assert_close(back, target, atol=2e-5, rtol=1e-5)


@settings(max_examples=50, deadline=None)
@given(st.tuples(metres, metres, metres), angle, st.tuples(metres, metres, metres), angle)
def test_absolute_to_relative_and_back_is_the_identity_for_hands_that_point_down(position, yaw, goal, goal_yaw):
    action = torch.tensor([[[*goal, *pointing_down(goal_yaw), 0.03]]], dtype=torch.float32)
    batch = {POSE: pose_at(position, yaw), "action": action}
    back = HandRelative().inverse()(HandRelative()(batch))["action"]
    torch.testing.assert_close(back[..., [0, 1, 2, 7]], action[..., [0, 1, 2, 7]], atol=2e-5, rtol=1e-5)
    assert abs((back[..., 3:7] * action[..., 3:7]).sum()).item() == pytest.approx(1, abs=1e-5)


def test_dx_is_forward_along_the_hand_and_dz_is_up():
    forward = torch.tensor([[[0.1, 0.0, 0.02, 0.0, 0.05]]])
    action = HandAbsolute()({POSE: pose_at((0.4, 0.2, 0.3), math.pi / 2), "target": forward})["action"][0, 0]
    np.testing.assert_allclose(action[:3], (0.4, 0.3, 0.32), atol=1e-6)
    assert action[7] == pytest.approx(0.05)


def test_quaternions_of_a_chunk_never_jump_sign():
    turning = torch.zeros((1, 60, 5))
    turning[0, :, 3] = torch.linspace(-3, 3, 60)
    quaternions = HandAbsolute()({POSE: pose_at((0, 0, 0), 3.0), "target": turning})["action"][0, :, 3:7]
    assert ((quaternions[1:] * quaternions[:-1]).sum(1) > 0.99).all()
