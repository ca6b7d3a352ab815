"""Joint targets go through as they are, both ways."""

import torch

from millwright.processors.joints import JointTargets


def test_what_is_predicted_is_what_the_joints_are_told():
    target = torch.randn(2, 4, 7)
    batch = JointTargets()({"target": target})
    assert batch["action"] is target
    assert JointTargets().inverse()({"action": target})["target"] is target
