"""The gripper: a probability for the network, a sign for the robot."""

import torch

from millwright.processors.gripper import GripperSign
from millwright.processors.pipeline import Pipeline


def test_a_probability_becomes_a_sign_and_the_motion_stays():
    target = torch.rand(2, 3, 7)
    target[0, :, 6] = torch.tensor([0.49, 0.51, 1.0])
    action = GripperSign()({"target": target})["action"]
    assert action[0, :, 6].tolist() == [-1, 1, 1]
    assert torch.equal(action[..., :6], target[..., :6])
    assert target[0, 2, 6] == 1


def test_what_is_learned_is_whether_it_closes():
    action = torch.tensor([[[0.0] * 6 + [-1.0], [0.0] * 6 + [0.4], [0.0] * 6 + [0.0]]])
    target = Pipeline((), (GripperSign(),)).aim({}, action)["target"]
    assert target[0, :, 6].tolist() == [0, 1, 0]
    assert GripperSign().inverse().inverse() == GripperSign()
