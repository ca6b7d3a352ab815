"""Setpoints keep to the limits whatever is asked for, and get where they were sent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.robots.motion import JointMotion, Peaks

PERIOD_S, COUNT, SPEED, ACCELERATION = 1 / 240, 16, 3.0, 5.0
targets = st.lists(st.lists(st.floats(-4, 4), min_size=3, max_size=3), min_size=1, max_size=12)


def follow(ways) -> tuple[np.ndarray, Peaks]:
    motion, peaks, setpoints = (
        JointMotion(PERIOD_S, SPEED, ACCELERATION),
        Peaks(PERIOD_S, np.zeros(3)),
        np.zeros((1, 3)),
    )
    for target in ways:
        setpoints = motion.follow(setpoints[-1], np.array(target), COUNT)
        peaks.see(setpoints)
    return setpoints[-1], peaks


@given(targets)
def test_no_target_drives_a_joint_beyond_its_limits(ways):
    speed, acceleration = follow(ways)[1].take()
    assert speed <= SPEED * (1 + 1e-9)
    assert acceleration <= ACCELERATION * (1 + 1e-6)


def test_limit_of_acceleration_is_used_to_the_full_and_seen():
    peaks = follow([[2.0, 0.0, 0.0]] * 3)[1]
    assert peaks.take() == (pytest.approx(1.0), pytest.approx(ACCELERATION))
    assert peaks.take() == (0.0, 0.0)


def test_near_target_that_comes_in_small_steps_is_reached():
    way = [[0.3 * (1 - 0.8**tick), 0.0, 0.0] for tick in range(40)]
    assert follow(way)[0] == pytest.approx([0.3, 0, 0], abs=1e-3)


def test_joints_keep_in_step_but_for_the_last_which_is_not_waited_for():
    setpoints = JointMotion(PERIOD_S, SPEED, ACCELERATION).follow(np.zeros(3), np.array([0.1, 0.02, 0.001]), COUNT)
    assert setpoints[:, 1] == pytest.approx(0.2 * setpoints[:, 0])
    assert setpoints[4, 2] / setpoints[-1, 2] > 2 * setpoints[4, 0] / setpoints[-1, 0]


def test_stopped_motion_starts_from_rest():
    motion = JointMotion(PERIOD_S, SPEED, ACCELERATION)
    first = motion.follow(np.zeros(3), np.ones(3), COUNT)
    motion.stop()
    assert np.array_equal(motion.follow(np.zeros(3), np.ones(3), COUNT), first)
