"""Every clause of SustainedLift is needed: without it, something that is no lift would be one."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from millwright.core.judging import judge_facts
from millwright.judges.lift import LiftLimits, SustainedLift
from tests.judges.lifts import UP, make_facts, make_free, make_lift, move

LYING = [make_free(0, 0.0), make_free(1, 0.0)]


def hold(first: int, height: float) -> list:
    """Held up at `height` from tick `first` on."""
    return [make_facts(tick, height) for tick in range(first, first + 12)]


CLAUSES = {  # field: value that everything meets, and facts that only this clause refuses
    "height_m": (0.0, make_lift(height=0.09)),
    "hold_s": (0.0, make_lift(ticks=6)),
    "from_rest": (False, [make_free(0, -0.03), make_free(1, 0.0), make_free(2, 0.0), *hold(3, 0.08)]),
    "rest_m": (math.inf, [*LYING, make_free(2, 0.15, 1.0), make_free(3, 0.18), make_facts(4, 0.18), *hold(5, 0.29)]),
    "rest_speed": (math.inf, [*LYING, make_free(2, 0.15, 0.3), make_free(3, 0.15, -0.3), *hold(4, 0.27)]),
    "flight_m": (math.inf, [*LYING, make_free(2, 0.15, 1.0), *hold(3, 0.15)]),
    "pads": (1, make_lift(pad_contacts=np.array([[True, False], [False, False]]))),
    "closed_speed": (math.inf, make_lift(opening_speed=-0.1)),
    "closed_margin_m": (-math.inf, make_lift(opening_m=0.05)),
    "carried_speed": (math.inf, make_lift(hand_velocity=0.3 * UP)),
    "carried_distance_m": (math.inf, make_lift(hand_pose=np.array([0.5, 0.1, 0.132, 0, 1, 0, 0]))),
    "other_height_m": (math.inf, make_lift(positions=move(1, (0, 0, 0.05)))),
    "other_speed": (math.inf, make_lift(velocities=np.array([[0, 0, 0], [2.0, 0, 0]]))),
    "other_fall_m": (math.inf, make_lift(positions=move(1, (0, 0, -0.05)))),
    "force_n": (math.inf, make_lift(max_contact_force_n=400.0)),
    "penetration_m": (math.inf, make_lift(max_penetration_m=0.02)),
    "only_fingers": (False, make_lift(robot_collision=True)),
}


def test_no_clause_is_left_out():
    assert set(CLAUSES) == {field.name for field in fields(LiftLimits)}


@pytest.mark.parametrize("clause", CLAUSES)
def test_without_this_clause_something_else_than_a_lift_succeeds(clause):
    dropped, facts = CLAUSES[clause]
    assert not judge_facts(SustainedLift(), facts).success
    assert judge_facts(SustainedLift(replace(LiftLimits(), **{clause: dropped})), facts).success
