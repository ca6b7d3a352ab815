"""Stages of a lift: each is told from the facts, in order, and a judge that asks for less does not change them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.catalog import Player
from millwright.core.facts import GraspFacts
from millwright.core.judging import judge_facts
from millwright.judges import HeightAlone, PlacedInTray, SustainedLift
from millwright.judges.lift import LiftLimits
from millwright.judges.stages import StageLimits, describe_stages, find_limits, find_stages
from tests.judges.lifts import BY_NONE, HZ, make_facts, make_free, make_lift

LIMITS = StageLimits()
BY_ONE = np.array([[True, False], [False, False]])
NAMES = ("approaches", "closes", "contact", "lifts", "holds")


def make_approach() -> list[GraspFacts]:
    """The object lies; the open hand comes down around it."""
    above = [make_free(tick, 0.0, hand_pose=np.array([0.5, 0, height, 0, 1, 0, 0])) for tick, height in HEIGHTS]
    return [replace(facts, opening_m=0.05) for facts in above]


HEIGHTS = list(enumerate((0.3, 0.2, 0.1, 0.06, 0.012)))


def make_episode(ticks: int = 12, **changes) -> list[GraspFacts]:
    """An approach, then the lift of `make_lift` without its own first two ticks."""
    come = make_approach()
    rest = [replace(facts, time_s=(len(come) + index) / HZ) for index, facts in enumerate(make_lift(ticks, **changes))]
    return [*come, *rest[2:]]


def make_catch() -> list[GraspFacts]:
    """The object flies up to the open hand, which closes on it there and keeps it up."""
    hand = np.array([0.5, 0, 0.312, 0, 1, 0, 0])
    flies = [make_free(tick, height, hand_pose=hand) for tick, height in enumerate((0.0, 0.0, 0.1, 0.28))]
    return [*flies, *(make_facts(tick, 0.3) for tick in range(4, 16))]


def find_reached(rows: list[GraspFacts], limits: StageLimits = LIMITS) -> list[str]:
    return [stage.name for stage in find_stages(rows, limits) if stage.reached_at_s is not None]


def test_lift_that_the_judge_counts_reaches_every_stage_and_holds_when_the_judge_says_so() -> None:
    rows = make_episode()
    judge = SustainedLift()
    assert judge_facts(judge, rows).success
    stages = find_stages(rows, LIMITS)
    assert tuple(stage.name for stage in stages) == NAMES == tuple(describe_stages(LIMITS))
    times = [stage.reached_at_s for stage in stages]
    assert times == sorted(times)
    assert times[0] == pytest.approx(3 / HZ, abs=1e-4)
    assert times[-1] == pytest.approx(judge.metrics()["cycle_time_s"], abs=1e-4)


@pytest.mark.parametrize(
    ("rows", "reached"),
    [
        ([make_free(tick, 0.0) for tick in range(5)], 0),
        (make_approach(), 1),
        ([*make_approach(), make_facts(5, 0.0, pad_contacts=BY_NONE)], 2),
        ([*make_approach(), make_facts(5, 0.0, pad_contacts=BY_ONE)], 2),
        ([*make_approach(), make_facts(5, 0.0), make_facts(6, 0.08), make_facts(7, 0.08)], 3),
        (make_episode(ticks=4), 4),
        (make_episode(opening_speed=0.05), 3),
        (make_catch(), 3),
    ],
    ids=[
        "stays-away",
        "never-closes",
        "closes-beside-it",
        "one-pad",
        "too-low",
        "too-short",
        "fingers-still-move",
        "thrown-into-the-hand",
    ],
)
def test_episode_stops_at_the_first_stage_that_it_does_not_show(rows: list[GraspFacts], reached: int) -> None:
    assert find_reached(rows) == list(NAMES[:reached])


def test_object_that_hangs_in_the_air_shows_nothing_though_height_alone_is_content() -> None:
    rows = [make_free(tick, 0.15 - 0.01 * tick) for tick in range(8)]
    assert judge_facts(HeightAlone(), rows).success
    assert find_reached(rows) == []


def test_object_found_in_the_hand_was_never_lifted() -> None:
    assert find_reached([make_facts(tick, 0.3) for tick in range(12)]) == ["approaches"]


def test_fingers_that_come_closed_do_not_close() -> None:
    rows = [replace(facts, opening_m=0.03) for facts in make_approach()]
    assert find_reached([*rows, make_facts(5, 0.0, opening_m=0.03)]) == ["approaches"]


def test_jaws_that_shake_while_the_hand_moves_do_not_close() -> None:
    shaken = [0.05, 0.05, 0.0501, 0.0516, 0.0495]
    rows = [replace(facts, opening_m=opening) for facts, opening in zip(make_approach(), shaken, strict=True)]
    assert find_reached(rows) == ["approaches"]


def test_hold_that_is_interrupted_begins_anew() -> None:
    rows = make_episode(ticks=14)
    let_go = [replace(facts, pad_contacts=BY_NONE) if index == 15 else facts for index, facts in enumerate(rows)]
    assert find_reached(rows)[-1] == "holds"
    assert find_reached(let_go)[-1] == "lifts"


def test_limits_are_those_of_the_task() -> None:
    asked = LiftLimits(height_m=0.05, hold_s=0.2)
    limits = find_limits(SustainedLift(asked))
    assert limits == StageLimits(asked)
    assert find_reached(make_episode(ticks=4, height=0.06), limits) == list(NAMES)
    assert find_limits(PlacedInTray()).lift.height_m == 0.04
    assert find_limits(HeightAlone()) is None
    assert "5 cm above" in describe_stages(limits)["lifts"]


def test_fling_fools_height_alone_and_its_episode_says_what_was_not_seen() -> None:
    episode = Player("brick-table", {"image_size": 32}, "fling", judge="height-alone")()(5001)
    assert episode.verdict.success
    assert [stage.name for stage in episode.stages if stage.reached_at_s is None] == ["holds"]
    assert len(episode) == 120, "a flawed judge does not end an episode"


def test_doing_nothing_is_a_success_to_the_published_criterion_and_shows_no_stage() -> None:
    options = {"image_size": 16, "max_steps": 4}
    episode = Player("lift", options, "nothing", judge="height-from-floor")()(5001)
    assert episode.verdict.success
    assert [stage.reached_at_s for stage in episode.stages] == [None] * len(NAMES)


@pytest.mark.parametrize("env", ["brick-table", "brick-clear"])
def test_expert_shows_every_stage(env: str) -> None:
    episode = Player(env, {"image_size": 32}, "expert")()(5000)
    assert episode.verdict.success
    assert all(stage.reached_at_s is not None for stage in episode.stages)
    assert tuple(stage.name for stage in episode.stages) == NAMES
