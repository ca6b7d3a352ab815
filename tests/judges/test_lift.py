"""SustainedLift: what it calls a lift, and what it calls everything else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.judging import judge_facts
from millwright.judges.lift import LiftLimits, SustainedLift
from tests.judges.lifts import BY_NONE, HZ, UP, make_facts, make_free, make_lift, move


def play_lift(ticks: int = 12, **changes) -> SustainedLift:
    """A judge that saw a lift to 12 cm held for `ticks`, with `changes` while it is up."""
    judge = SustainedLift()
    judge_facts(judge, make_lift(ticks, **changes))
    return judge


def test_lift_that_is_held_half_a_second_succeeds():
    verdict = play_lift().verdict()
    assert verdict.success
    assert verdict.failure is None
    assert verdict.evidence["held_s"] >= 0.5
    assert verdict.evidence["height_m"] == 0.12
    assert verdict.evidence["found_lying"]
    assert verdict.evidence["target"] == "red"


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"positions": move(0, (0, 0, -0.03))}, "slip"),  # 9 cm is not 10
        ({"pad_contacts": np.array([[True, False], [False, False]])}, "slip"),
        ({"pad_contacts": BY_NONE}, "slip"),
        ({"opening_m": 0.05}, "slip"),  # open: nothing can be held
        ({"opening_m": 0.0}, "slip"),  # shut: nothing is between
        ({"opening_speed": -0.1}, "slip"),  # still closing
        ({"velocities": np.array([[0.3, 0, 0], [0, 0, 0]])}, "slip"),  # flies past the hand
        ({"hand_velocity": 0.3 * UP}, "slip"),  # the hand leaves it behind
        ({"hand_pose": np.array([0.5, 0.1, 0.132, 0, 1, 0, 0])}, "slip"),  # hangs somewhere else
        ({"positions": move(1, (0, 0, 0.05))}, "wrong_object"),  # another one lifted too
        ({"positions": move(1, (0, 0, -0.05))}, "wrong_object"),  # another one off the table
        ({"velocities": np.array([[0, 0, 0], [2.0, 0, 0]])}, "wrong_object"),  # another one thrown
        ({"robot_collision": True}, "collision"),
        ({"max_contact_force_n": 400.0}, "collision"),
        ({"max_penetration_m": 0.02}, "collision"),
    ],
)
def test_failures_are_told_apart(changes, failure):
    verdict = play_lift(**changes).verdict()
    assert not verdict.success
    assert verdict.failure == failure


def test_lift_that_is_dropped_too_early_is_a_slip():
    judge = play_lift(ticks=6)
    assert judge.verdict().failure == "slip"
    assert not judge.decided


def test_hold_has_to_be_in_one_piece():
    judge = play_lift(ticks=6)
    judge.see(make_facts(11, 0.12, hand_velocity=0.3 * UP))
    for tick in range(12, 18):
        judge.see(make_facts(tick, 0.12))
    assert not judge.verdict().success


def test_object_that_starts_high_has_to_be_lifted_from_there():
    lying = [make_free(tick, 0.3) for tick in range(2)]
    assert not judge_facts(SustainedLift(), [*lying, *(make_facts(tick, 0.3) for tick in range(2, 30))]).success
    assert judge_facts(SustainedLift(), [*lying, *(make_facts(tick, 0.41) for tick in range(2, 30))]).success


def test_object_that_is_in_the_hand_from_the_start_was_not_lifted():
    facts = [make_facts(0, 0.3), *(make_facts(tick, 0.42) for tick in range(1, 30))]
    verdict = judge_facts(SustainedLift(), facts)
    assert not verdict.success
    assert not verdict.evidence["found_lying"]


def test_object_that_was_thrown_counts_again_once_it_lies():
    thrown = [make_free(0, 0.0), make_free(1, 0.0), make_free(2, 0.2, 1.0)]
    caught = [make_facts(tick, 0.33) for tick in range(3, 20)]
    assert not judge_facts(SustainedLift(), [*thrown, *caught]).success
    landed = [make_free(3, 0.0), make_free(4, 0.0), *(make_facts(tick, 0.12) for tick in range(5, 20))]
    assert judge_facts(SustainedLift(), [*thrown, *landed]).success


def test_object_that_is_nudged_about_before_the_grasp_is_still_found_lying():
    lying = [make_free(0, 0.0), make_free(1, 0.0)]
    nudged = [make_free(tick, 0.004 * (tick % 2), 0.06) for tick in range(2, 6)]
    assert judge_facts(SustainedLift(), [*lying, *nudged, *(make_facts(tick, 0.12) for tick in range(6, 20))]).success


def test_collision_before_the_lift_is_never_forgiven():
    facts = make_lift()
    verdict = judge_facts(SustainedLift(), [facts[0], make_free(1, 0.0, robot_collision=True), *facts[1:]])
    assert verdict.failure == "collision"


def test_wrong_object_comes_before_collision():
    both = make_free(1, 0.0, robot_collision=True, positions=move(1, (0, 0, 0.05)))
    assert judge_facts(SustainedLift(), [make_free(0, 0.0), both]).failure == "wrong_object"


def test_fingers_that_closed_on_nothing_missed_and_idle_ones_ran_out_of_time():
    judge = SustainedLift()
    judge.see(make_free(0, 0.0))
    assert judge.verdict().failure == "timeout"
    judge.see(make_free(1, 0.0, opening_m=0.0))
    assert judge.verdict().failure == "miss"


def test_fingers_that_began_half_open_have_not_closed_until_they_do():
    judge = SustainedLift()
    judge.see(make_free(0, 0.0, opening_m=0.03))
    judge.see(make_free(1, 0.0, opening_m=0.05))
    assert judge.verdict().failure == "timeout"
    judge.see(make_free(2, 0.0, opening_m=0.03))
    assert judge.verdict().failure == "miss"


def test_limits_are_what_decides():
    assert not judge_facts(SustainedLift(LiftLimits(height_m=0.2)), make_lift()).success
    assert judge_facts(SustainedLift(LiftLimits(height_m=0.2)), make_lift(height=0.21)).success


def test_metrics_hold_a_cycle_time_only_for_successes():
    assert play_lift().metrics()["cycle_time_s"] == pytest.approx(13 / HZ)
    assert "cycle_time_s" not in play_lift(ticks=3).metrics()


def shift_other(facts: list, *heights: float) -> list:
    """The other object that much higher, tick by tick; the last height stays."""
    last = [heights[-1]] * (len(facts) - len(heights))
    return [
        replace(row, positions=row.positions + np.array([[0, 0, 0], [0, 0, height]]))
        for row, height in zip(facts, [*heights, *last], strict=True)
    ]


def test_another_object_that_slides_off_something_was_only_pushed():
    assert judge_facts(SustainedLift(), shift_other(make_lift(), 0.024, 0.024, 0.0)).success


def test_another_object_that_falls_below_where_the_lowest_began_is_off_the_table():
    verdict = judge_facts(SustainedLift(), shift_other(make_lift(), 0.024, 0.024, -0.024))
    assert verdict.failure == "wrong_object"


def test_another_object_that_fell_is_lifted_from_where_it_fell_to():
    assert judge_facts(SustainedLift(), shift_other(make_lift(), 0.024, 0.0, 0.027)).success
    assert judge_facts(SustainedLift(), shift_other(make_lift(), 0.024, 0.0, 0.035)).failure == "wrong_object"
