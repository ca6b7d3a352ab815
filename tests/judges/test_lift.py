"""SustainedLift: each clause is needed, shown by hand-written facts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.facts import GraspFacts
from millwright.judges.lift import LiftLimits, SustainedLift

HZ = 15
UP = np.array([0.0, 0.0, 1.0])


def make_facts(tick: int, height: float, **changes) -> GraspFacts:
    """A good grasp of object 0 at `height`; the hand is where the object is."""
    positions = np.array([[0.5, 0.0, 0.012 + height], [0.6, 0.1, 0.012]])
    facts = GraspFacts(
        names=("red", "blue"),
        target=0,
        time_s=tick / HZ,
        positions=positions,
        orientations=np.tile([1.0, 0, 0, 0], (2, 1)),
        velocities=np.zeros((2, 3)),
        pad_contacts=np.array([[True, True], [False, False]]),
        hand_pose=np.array([*positions[0], 0, 1, 0, 0]),
        hand_velocity=np.zeros(3),
        wrist_position=positions[0] + 0.19 * UP,
        joint_positions=np.zeros(6),
        opening_m=0.031,
        opening_speed=0.0,
        max_opening_m=0.05,
        robot_collision=False,
        max_contact_force_n=3.0,
        max_penetration_m=0.0005,
    )
    return replace(facts, **changes)


def play_lift(ticks: int = 12, **changes) -> SustainedLift:
    """A lift to 12 cm that is then held for `ticks`, with `changes` while it is up."""
    judge = SustainedLift()
    judge.see(make_facts(0, 0.0))
    for tick in range(1, 4):
        judge.see(make_facts(tick, 0.04 * tick - 0.03))
    for tick in range(4, 4 + ticks):
        judge.see(make_facts(tick, 0.12, **changes))
    return judge


def test_lift_that_is_held_half_a_second_succeeds():
    verdict = play_lift().verdict()
    assert verdict.success
    assert verdict.failure is None
    assert verdict.evidence["held_s"] >= 0.5
    assert verdict.evidence["target"] == "red"


def moved(index: int, delta: tuple[float, float, float]) -> np.ndarray:
    positions = make_facts(0, 0.12).positions.copy()
    positions[index] += delta
    return positions


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"positions": moved(0, (0, 0, -0.03))}, "slip"),  # 9 cm is not 10
        ({"pad_contacts": np.array([[True, False], [False, False]])}, "slip"),
        ({"pad_contacts": np.zeros((2, 2), bool)}, "slip"),
        ({"opening_m": 0.05}, "slip"),  # open: nothing can be held
        ({"opening_m": 0.0}, "slip"),  # shut: nothing is between
        ({"opening_speed": -0.1}, "slip"),  # still closing
        ({"velocities": np.array([[0.3, 0, 0], [0, 0, 0]])}, "slip"),  # flies past the hand
        ({"hand_velocity": 0.3 * UP}, "slip"),  # the hand leaves it behind
        ({"hand_pose": np.array([0.5, 0.1, 0.132, 0, 1, 0, 0])}, "slip"),  # hangs somewhere else
        ({"positions": moved(1, (0, 0, 0.05))}, "wrong_object"),  # another one lifted too
        ({"positions": moved(1, (0, 0, -0.05))}, "wrong_object"),  # another one off the table
        ({"velocities": np.array([[0, 0, 0], [2.0, 0, 0]])}, "wrong_object"),  # another one thrown
        ({"robot_collision": True}, "collision"),
        ({"max_contact_force_n": 400.0}, "collision"),
        ({"max_penetration_m": 0.02}, "collision"),
    ],
)
def test_each_clause_is_needed(changes, failure):
    verdict = play_lift(**changes).verdict()
    assert not verdict.success
    assert verdict.failure == failure


def test_lift_that_is_dropped_too_early_is_a_slip():
    judge = play_lift(ticks=6)
    assert judge.verdict().failure == "slip"
    assert not judge.decided


def test_hold_has_to_be_in_one_piece():
    judge = play_lift(ticks=6)
    judge.see(make_facts(10, 0.12, pad_contacts=np.zeros((2, 2), bool)))
    for tick in range(11, 17):
        judge.see(make_facts(tick, 0.12))
    assert not judge.verdict().success


def test_object_that_starts_high_has_to_be_lifted_from_there():
    judge = SustainedLift()
    for tick in range(30):
        judge.see(make_facts(tick, 0.3))
    assert not judge.verdict().success


def test_collision_before_the_lift_is_never_forgiven():
    judge = SustainedLift()
    judge.see(make_facts(0, 0.0))
    judge.see(make_facts(1, 0.0, robot_collision=True))
    for tick in range(2, 20):
        judge.see(make_facts(tick, 0.12))
    assert judge.verdict().failure == "collision"


def test_wrong_object_comes_before_collision():
    judge = SustainedLift()
    judge.see(make_facts(0, 0.0))
    judge.see(make_facts(1, 0.0, robot_collision=True, velocities=np.array([[0, 0, 0], [2.0, 0, 0]])))
    assert judge.verdict().failure == "wrong_object"


def test_fingers_that_closed_on_nothing_missed_and_idle_ones_ran_out_of_time():
    judge = SustainedLift()
    nothing = np.zeros((2, 2), bool)
    judge.see(make_facts(0, 0.0, opening_m=0.05, pad_contacts=nothing))
    assert judge.verdict().failure == "timeout"
    judge.see(make_facts(1, 0.0, opening_m=0.0, pad_contacts=nothing))
    assert judge.verdict().failure == "miss"


def test_limits_are_what_decides():
    judge = SustainedLift(LiftLimits(height_m=0.2))
    judge.see(make_facts(0, 0.0))
    for tick in range(1, 20):
        judge.see(make_facts(tick, 0.12))
    assert not judge.verdict().success


def test_metrics_hold_a_cycle_time_only_for_successes():
    assert play_lift().metrics()["cycle_time_s"] == pytest.approx(12 / HZ)
    assert "cycle_time_s" not in play_lift(ticks=3).metrics()
