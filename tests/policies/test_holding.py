"""While there is no plan a robot stays where it is, whatever its actions mean."""

import numpy as np
import pytest

from millwright.core.errors import ActionError
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


def test_whose_frame_is_not_told_are_states_where_they_have_the_shape_of_one():
    action = Feature("action", (7,))
    last = np.full(7, 0.5, np.float32)
    assert np.array_equal(choose_hold(action)(SEEN, None), SEEN["observation.state"])
    assert np.array_equal(choose_hold(action)(SEEN, last), last)


def test_joints_with_a_longer_state_stay_where_they_were_sent_and_are_never_sent_to_nothing():
    seen, last = {"observation.state": np.ones(14, np.float32)}, np.full(7, 0.5, np.float32)
    assert np.array_equal(choose_hold(JOINTS)(seen, last), last)
    with pytest.raises(ActionError, match=r"\(7,\), the state is \(14,\)"):
        choose_hold(JOINTS)(seen, None)
