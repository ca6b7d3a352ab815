"""Whatever a policy says, what the limiter asks an arm for is within limits; what was within them passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.core.errors import ActionError, ExpiredPlanError, OptionError
from millwright.core.policy import Privileged
from millwright.serving.limiter import Limiter
from millwright.serving.motion import LimitedMotion
from tests.serving.arms import BOX, ENVELOPE, GRIPPER, HZ, LIMITS, Saying, compute_rates, drive, find_point, observe

ROUNDING = 1e-5
WILD = st.one_of(
    st.floats(-4, 4),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 2.0, -2.0, 3.0, 1e300, -1e300, 1e-300]),
)
ACTIONS = st.lists(st.tuples(WILD, WILD, WILD), min_size=1, max_size=25)
STARTS = st.tuples(st.floats(-2, 2), st.floats(-1, 3))


def check_inside(actions, start):
    low, high = LIMITS.position.T
    assert np.isfinite(actions).all()
    assert (actions[:, :2] >= low - ROUNDING).all()
    assert (actions[:, :2] <= high + ROUNDING).all()
    assert (actions[:, 2] >= GRIPPER[0, 0]).all()
    assert (actions[:, 2] <= np.float32(GRIPPER[0, 1])).all()
    velocity, acceleration, jerk = compute_rates(actions[:, :2], np.array(start, np.float32))
    assert (velocity <= LIMITS.velocity + 1e-4).all()
    assert (acceleration <= LIMITS.acceleration + 1e-3).all()
    assert (jerk <= LIMITS.jerk + 1e-1).all()


@settings(max_examples=60, deadline=None)
@given(said=ACTIONS, start=STARTS)
def test_whatever_is_said_what_comes_out_is_within_every_limit_tick_by_tick(said, start):
    policy = Saying(*(np.array(action) for action in said))
    check_inside(drive(Limiter(policy, ENVELOPE, HZ), 30, start), start)


@settings(max_examples=30, deadline=None)
@given(said=st.lists(st.tuples(st.floats(-1.2, 1.2), st.floats(-1, 1.2)), min_size=1, max_size=20))
def test_the_hand_stays_in_its_box_and_the_joints_within_their_limits(said):
    policy = Saying(*(np.array([*action, 0.0]) for action in said))
    actions = drive(Limiter(policy, replace(ENVELOPE, workspace=BOX), HZ), 30)
    points = np.array([find_point(action[:2]) for action in actions])
    check_inside(actions, (0.0, 0.0))
    assert (points >= BOX.low - ROUNDING).all()
    assert (points <= BOX.high + ROUNDING).all()


@settings(max_examples=20, deadline=None)
@given(reach=st.floats(0.05, 0.8), hz=st.floats(0.05, 0.15), phase=st.floats(0, 1))
def test_what_is_asked_for_slowly_passes_as_it_is(reach, hz, phase):
    time_s = np.arange(60) / HZ
    ways = [reach * (1 - np.cos(2 * np.pi * hz * (time_s + delay))) / 2 for delay in (0.0, phase / HZ)]
    asked = np.stack([ways[0], ways[1] - ways[1][0], np.full(60, 0.03)], axis=1)
    limiter = Limiter(Saying(*asked), ENVELOPE, HZ)
    actions = drive(limiter, 60)
    assert np.abs(actions - asked).max() < 2e-3
    assert np.median(np.abs(actions - asked)) < 1e-6


def test_standing_still_is_no_intervention():
    limiter = Limiter(Saying(np.array([0.3, 0.4, 0.02])), ENVELOPE, HZ)
    actions = drive(limiter, 10, start=(0.3, 0.4))
    assert np.allclose(actions, [0.3, 0.4, 0.02], atol=1e-6)
    assert limiter.events == ()
    assert set(limiter.metrics().values()) == {0.0}


def test_a_far_target_is_reached_and_kept():
    limiter = Limiter(Saying(np.array([1.5, 2.5, 0.05])), ENVELOPE, HZ)
    actions = drive(limiter, 45)
    assert np.allclose(actions[-5:, :2], [1.5, 2.5], atol=1e-6)
    metrics = limiter.metrics()
    assert metrics["limited_velocity"] > 0
    assert metrics["interventions"] == len({event.tick for event in limiter.events})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([9.0, 0.0, 0.02], "position"),
        ([1.9, 0.0, 0.02], "velocity"),
        ([0.1, 0.0, 0.02], "acceleration"),
        ([0.015, 0.0, 0.02], "jerk"),
        ([0.0, 0.0, 0.2], "gripper"),
    ],
)
def test_the_first_reason_says_what_was_too_much(said, why):
    limiter = Limiter(Saying(np.array(said)), ENVELOPE, HZ)
    drive(limiter, 1)
    assert [(event.tick, event.what, event.why) for event in limiter.events] == [(0, "limited", why)]


def test_a_target_outside_of_the_box_is_not_gone_for_and_one_inside_is_again():
    outside, inside = np.array([1.4, 0.0, 0.02]), np.array([-0.2, 0.0, 0.02])
    limiter = Limiter(Saying(*[outside] * 20, inside), replace(ENVELOPE, workspace=BOX), HZ)
    actions = drive(limiter, 60)
    assert limiter.metrics()["limited_workspace"] > 5
    assert limiter.stopped is None
    assert actions[-1][0] == pytest.approx(-0.2, abs=1e-5)


def test_a_way_to_rest_is_looked_at_on_the_way_too():
    asked = []
    motion = LimitedMotion(LIMITS, 1 / HZ, lambda joints: not asked.append(joints[0]))
    motion.begin(np.zeros(2))
    motion.aim(np.array([1.5, 0.0]), np.zeros(2), 1 / HZ)
    for _ in range(5):
        asked.clear()
        motion.step()
    assert asked[0] == pytest.approx(motion.state.position[0])
    assert sum(asked[0] + 0.01 < place < asked[-1] - 0.001 for place in asked) >= 2


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (np.array([np.nan, 0, 0]), "not_finite"),
        (np.array([0, 0, np.inf]), "not_finite"),
        (np.zeros(5), "refused"),
        ("ahead", "refused"),
        (ActionError("no"), "refused"),
    ],
)
def test_what_must_not_be_played_stops_the_arm_until_reset(said, why):
    moving = [np.array([0.05 * tick, 0.0, 0.02]) for tick in range(8)]
    policy = Saying(*moving, said, *moving)
    limiter = Limiter(policy, ENVELOPE, HZ)
    actions = drive(limiter, 30)
    assert limiter.stopped == why
    assert policy.asked == 9
    assert limiter.metrics()[f"stopped_{why}"] == 1
    assert np.abs(np.diff(actions[-10:], axis=0)).max() == 0
    check_inside(actions, (0.0, 0.0))
    limiter.reset(1)
    assert limiter.stopped is None
    assert limiter.events == ()


@pytest.mark.parametrize(("force_n", "why"), [(31.0, "force"), (float("nan"), "not_finite")])
def test_a_wrench_that_is_too_great_or_no_number_stops_the_arm_before_the_policy_is_asked(force_n, why):
    policy = Saying(np.array([1.0, 0.0, 0.02]))
    limiter = Limiter(policy, ENVELOPE, HZ)
    limiter.reset(0)
    limiter.act(observe())
    limiter.act(observe(force_n=force_n))
    limiter.act(observe())
    assert limiter.stopped == why
    assert policy.asked == 1


def test_a_force_below_the_limit_changes_nothing():
    said = [np.array([0.01 * tick, 0.0, 0.02]) for tick in range(10)]
    assert np.array_equal(
        drive(Limiter(Saying(*said), ENVELOPE, HZ), 10, force_n=29.0), drive(Limiter(Saying(*said), ENVELOPE, HZ), 10)
    )


def test_a_plan_older_than_its_expiry_holds_the_arm_and_a_younger_one_lets_it_go():
    policy = Saying(*(np.array([0.02 * tick, 0.0, 0.02]) for tick in range(40)), expires_at_s=0.5)
    limiter = Limiter(policy, ENVELOPE, HZ)
    limiter.reset(0)
    actions = [limiter.act(observe()) for _ in range(20)]
    assert limiter.stopped is None
    assert {event.tick for event in limiter.events if event.why == "stale"} == set(range(8, 20))
    assert np.array_equal(actions[-1], actions[-2])
    policy.expires_at_s = 10.0
    for _ in range(30):
        limiter.act(observe())
    assert limiter.act(observe())[0] == pytest.approx(0.78, abs=1e-5)


def test_a_player_that_refuses_an_expired_plan_holds_the_arm_too():
    limiter = Limiter(Saying(ExpiredPlanError("old"), np.array([0.0, 0.0, 0.02])), ENVELOPE, HZ)
    drive(limiter, 5)
    assert [(event.tick, event.what) for event in limiter.events] == [(0, "held")]


@settings(max_examples=20, deadline=None)
@given(opening=st.floats(allow_nan=True, allow_infinity=True, width=32), force_n=st.sampled_from([0.0, 31.0]))
def test_a_gripper_is_sent_nowhere_else_even_if_the_arm_stops_at_once(opening, force_n):
    limiter = Limiter(Saying(np.array([0.1, 0.0, np.nan])), ENVELOPE, HZ)
    seen = observe((0.0, 0.0), force_n)
    seen["observation.state"][2] = opening
    if not np.isfinite(opening):
        with pytest.raises(ActionError, match="gripper stands at"):
            limiter.act(seen)
    else:
        check_inside(np.array([limiter.act(seen) for _ in range(3)]), (0.0, 0.0))


@pytest.mark.parametrize("start", [(2.1, 0.0), (float("nan"), 0.0)])
def test_an_arm_that_stands_outside_of_its_limits_is_not_moved(start):
    with pytest.raises(ActionError, match="stands at"):
        drive(Limiter(Saying(np.zeros(3)), ENVELOPE, HZ), 1, start)


def test_an_arm_that_stands_outside_of_its_box_is_not_moved():
    with pytest.raises(ActionError, match="workspace"):
        drive(Limiter(Saying(np.zeros(3)), replace(ENVELOPE, workspace=BOX), HZ), 1, (1.5, 0.5))


def test_who_sees_the_truth_is_refused():
    class Seer(Saying, Privileged):
        def see(self, facts): ...

    with pytest.raises(OptionError, match="sees the truth"):
        Limiter(Seer(np.zeros(3)), ENVELOPE, HZ)
