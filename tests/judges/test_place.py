"""What counts as placed in the tray, what does not, and how it is called."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from millwright.core.judging import judge_facts
from millwright.judges import OverTrayAlone, PlacedInTray
from millwright.judges.place import PlaceLimits
from tests.judges.lifts import UP
from tests.judges.placings import MIDDLE, TABLE, TRAY, make_placing, make_row

BESIDE = (0.4, 0.27, 0.012)
RIM = (0.4, 0.31, 0.04)
AT_WALL = (0.313, 0.4, 0.012)  # three millimetres of it within the wall
BY_ONE_PAD = np.array([[True, False], [False, False], [False, False]])
FOUND_IN_HAND = [make_row(tick, (*MIDDLE[:2], 0.1), held=True) for tick in range(9)]


def place_others(table=(0.6, 0.1, 0.012), tray=(0.45, 0.35, 0.012)) -> np.ndarray:
    return np.array([MIDDLE, table, tray])


def test_brick_that_was_lifted_let_go_above_the_tray_and_lies_in_it_is_placed():
    judge = PlacedInTray()
    verdict = judge_facts(judge, make_placing())
    assert verdict.success
    assert verdict.evidence["target"] == "red"
    metrics = judge.metrics()
    assert metrics["cycle_time_s"] == pytest.approx(15 / 15)
    assert (metrics["max_joint_speed_rad_s"], metrics["max_joint_acceleration_rad_s2"]) == (1.0, 4.0)


def test_brick_that_lies_on_another_in_the_tray_is_placed_too():
    assert judge_facts(PlacedInTray(), make_placing(end=(*MIDDLE[:2], 0.036))).success


def touch_again(facts: list) -> list:
    """The same, with a pad on the target just after it came down."""
    fallen = facts[12]
    return [*facts[:12], fallen, replace(fallen, pad_contacts=BY_ONE_PAD), *facts[13:]]


NOT_PLACED = {
    "let go beside the tray": (make_placing(end=BESIDE), "dropped"),
    "left hanging on the rim": (make_placing(end=RIM), "dropped"),
    "flung in from outside": (make_placing(over=(0.4, 0.2, 0.1)), "dropped"),
    "let go high above the tray": (make_placing(over=(*MIDDLE[:2], 0.15)), "dropped"),
    "thrown in and touched again before it lay": (touch_again(make_placing(over=(0.4, 0.2, 0.1))), "dropped"),
    "dropped in and touched again before it lay": (touch_again(make_placing(over=(*MIDDLE[:2], 0.15))), "dropped"),
    "still held above the tray": (make_placing()[:11], "not_released"),
    "one pad still touches it": (make_placing(pad_contacts=BY_ONE_PAD), "not_released"),
    "taken out of the tray and put back": (make_placing(start=(0.45, 0.45, 0.012)), "miss"),
    "never lifted": ([make_row(tick, MIDDLE, held=False) for tick in range(9)], "timeout"),
    "found in the hand": ([*FOUND_IN_HAND, *make_placing()[11:]], "miss"),
    "another lifted": (make_placing(positions=place_others(table=(0.6, 0.1, 0.06))), "wrong_object"),
    "another off the table": (make_placing(positions=place_others(table=(1.2, 0.1, -0.3))), "wrong_object"),
    "another out of the tray": (make_placing(positions=place_others(tray=(0.45, 0.28, 0.012))), "wrong_object"),
    "something hit hard": (make_placing(max_contact_force_n=60.0), "collision"),
}  # fmt: skip


@pytest.mark.parametrize("how", NOT_PLACED)
def test_this_is_not_placed(how):
    facts, failure = NOT_PLACED[how]
    verdict = judge_facts(PlacedInTray(), facts)
    assert (verdict.success, verdict.failure) == (False, failure)


CLAUSES = {  # field: value that everything meets, and facts that only this clause refuses
    "overhang_m": (math.inf, make_placing(end=AT_WALL)),
    "release_speed": (math.inf, make_placing(last_touch={"velocities": np.array([0.8 * UP, 0 * UP, 0 * UP])})),
    "flight_m": (math.inf, make_placing(over=(*MIDDLE[:2], 0.15))),
    "opened_m": (-math.inf, make_placing(opening_m=0.0316)),
    "clear_m": (-math.inf, make_placing(hand_pose=np.array([*MIDDLE, 0, 1, 0, 0]))),
    "rest_s": (0.0, make_placing(ticks=2)),
}


def test_no_clause_is_left_out():
    assert set(CLAUSES) == {field.name for field in fields(PlaceLimits)} - {"lift"}


@pytest.mark.parametrize("clause", CLAUSES)
def test_without_this_clause_something_else_than_a_placing_succeeds(clause):
    dropped, facts = CLAUSES[clause]
    assert not judge_facts(PlacedInTray(), facts).success
    assert judge_facts(PlacedInTray(replace(PlaceLimits(), **{clause: dropped})), facts).success


def test_brick_that_fell_beside_has_to_be_lifted_again_and_then_counts():
    first = make_placing(end=BESIDE)
    pushed_in = [make_row(20 + tick, MIDDLE, held=False) for tick in range(4)]
    assert not judge_facts(PlacedInTray(), [*first, *pushed_in]).success
    again = make_placing()
    later = [replace(row, time_s=row.time_s + 2.0) for row in again]
    assert judge_facts(PlacedInTray(), [*first, *later]).success


def test_brick_that_had_left_the_table_before_does_not_count_against_anybody():
    gone = [
        replace(row, positions=np.array([row.positions[0], [3.0, 0.0, -9.0], row.positions[2]]),
                velocities=np.array([row.velocities[0], -9 * UP, row.velocities[2]]))
        for row in make_placing()
    ]  # fmt: skip
    assert judge_facts(PlacedInTray(), gone).success


def test_next_episode_is_judged_anew():
    judge = PlacedInTray()
    assert judge_facts(judge, make_placing()).success
    judge.reset()
    assert judge.metrics() == {}
    assert judge_facts(judge, [make_row(0, TABLE, held=False)]).failure == "timeout"


def test_counter_example_takes_a_brick_that_flies_over_for_a_placed_one():
    flying = [make_row(tick, (0.4, 0.2 + 0.1 * tick, 0.3), held=False) for tick in range(4)]
    assert judge_facts(OverTrayAlone(), flying).success
    assert not judge_facts(PlacedInTray(), flying).success
    assert judge_facts(OverTrayAlone(), flying[:1]).failure == "timeout"
    assert (TRAY[0, 1], TRAY[1, 1]) == (0.3, 0.5)
