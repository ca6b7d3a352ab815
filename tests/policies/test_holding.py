"""While there is no plan a robot stays where it is, whatever its actions mean."""

import numpy as np
import pytest

from millwright.core.features import Feature
from millwright.policies.holding import choose_hold, is_place

SEEN = {
    "observation.state": np.array([1, 2, 3, 4, 5, 6, 0.05], np.float32),
    "observation.hand_pose": np.array([0.1, 0.2, 0.3, 1, 0, 0, 0], np.float32),
}
JOINTS, HAND = Feature("action", (7,), frame="joints"), Feature("hand_target", (8,))
MOTION, PEDALS = Feature("hand_motion", (7,)), Feature("action", (3,))


@pytest.mark.parametrize(
    ("action", "stays"),
    [
        (JOINTS, SEEN["observation.state"]),
        (HAND, [*SEEN["observation.hand_pose"], np.float32(0.05)]),
        (MOTION, np.zeros(7)),
        (PEDALS, np.zeros(3)),
    ],
)
def test_at_first_it_stays_where_it_is_seen(action, stays):
    held = choose_hold(action)(SEEN, None)
    assert held.dtype == np.float32
    assert held.tolist() == pytest.approx(list(stays))


@pytest.mark.parametrize("action", [JOINTS, HAND, MOTION, PEDALS])
def test_later_it_stays_where_it_was_sent_and_what_moves_is_let_go(action):
    last = np.full(action.shape, 0.5, np.float32)
    assert np.array_equal(choose_hold(action)(SEEN, last), last if is_place(action) else np.zeros(action.shape))
