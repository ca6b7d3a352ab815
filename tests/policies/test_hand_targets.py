"""HandTargets turns hand targets into joint targets, and none of them presses the fingertips onto the table."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.policy import Policy
from millwright.geometry.poses import quaternion_of_hand
from millwright.policies.hand_targets import LOWEST_M, HandTargets
from millwright.robots import ur5e


class Wanting(Policy):
    """Wants one hand target for ever."""

    name = "wanting"

    def __init__(self, height_m):
        self.target = np.array([0.5, 0.1, height_m, *quaternion_of_hand(0.3), 0.02], np.float32)

    def reset(self, seed):
        pass

    def act(self, observation):
        return self.target


class Noting:
    """A servo that notes what it is to follow."""

    def follow(self, joints, target):
        self.followed = np.array(target)
        return np.zeros(7, np.float32)


@pytest.mark.parametrize(("wanted", "followed"), [(0.3, 0.3), (0.012, 0.012), (0.009, LOWEST_M), (-0.2, LOWEST_M)])
def test_only_what_is_too_low_is_raised_and_only_in_height(wanted, followed):
    policy, servo = Wanting(wanted), Noting()
    HandTargets(policy, servo).act({"observation.state": np.zeros(7, np.float32)})
    assert servo.followed[2] == pytest.approx(followed)
    assert np.array_equal(np.delete(servo.followed, 2), np.delete(policy.target, 2))
    assert policy.target[2] == pytest.approx(wanted)


def test_it_gives_six_joints_and_the_opening():
    state = np.array([*ur5e.SEED_JOINTS, 0.05], np.float32)
    action = HandTargets(Wanting(0.2)).act({"observation.state": state})
    assert action.shape == (7,)
    assert action[6] == pytest.approx(0.02)
