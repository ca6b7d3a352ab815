"""Limits that make no sense are refused when they are made; those that do are kept but for rounding."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.errors import OptionError
from millwright.robots.limits import MotionLimits, Workspace

POSITION, RATE = np.array([[-1.0, 1.0], [0.0, 2.0]]), np.ones(2)


@pytest.mark.parametrize(
    "limits",
    [
        (POSITION, RATE, RATE, np.ones(3)),
        (POSITION.T[0], RATE, RATE, RATE),
        (POSITION[:, ::-1], RATE, RATE, RATE),
        (POSITION, 0 * RATE, RATE, RATE),
        (POSITION, RATE, np.inf * RATE, RATE),
        (np.nan * POSITION, RATE, RATE, RATE),
    ],
)
def test_limits_that_leave_nothing_or_everything_are_refused(limits):
    with pytest.raises(OptionError, match="limits"):
        MotionLimits(*limits)


@pytest.mark.parametrize(
    ("joints", "held"), [([0, 1], True), ([1, 2], True), ([1.01, 1], False), ([0, -0.01], False), ([np.nan, 1], False)]
)
def test_positions_are_held_up_to_the_limit(joints, held):
    assert MotionLimits(POSITION, RATE, RATE, RATE).hold(np.array(joints, float)) is held


def test_a_workspace_holds_what_its_point_is_within():
    box = Workspace(np.zeros(3), np.ones(3), lambda joints: np.array([joints[0], 0.5, 0.5]))
    assert box.holds(np.array([1.0]))
    assert not box.holds(np.array([1.1]))
