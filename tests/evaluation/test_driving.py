"""Where a drive went wrong is found, shown with five ticks to either side, and events are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.episode import Episode, Step
from millwright.core.judging import judge_facts
from millwright.evaluation.driving import AROUND, find_event, find_track_properties
from millwright.evaluation.driving_page import count_events, draw_events
from millwright.evaluation.measures import reduce_episode
from millwright.evaluation.moments import find_moments
from millwright.evaluation.report import draw_page
from millwright.evaluation.result import Result
from millwright.judges import DrivesLap
from tests.judges.test_drive import drive, halt, leave, swerve


def play_rows(rows, seed=0):
    judge = DrivesLap()
    verdict = judge_facts(judge, rows)
    steps = tuple(
        Step(index, facts.time_s, {}, facts, np.zeros(3, np.float32), None, 0.0, None, verdict, {"policy_s": 0.001})
        for index, facts in enumerate(rows)
    )
    return Episode(steps, verdict, seed, "drive a lap", judge.metrics())


@pytest.mark.parametrize(
    ("changes", "label", "tick"),
    [
        ({"wheels_on_road": leave}, "leaves the road", 50),
        ({"idle_ticks": halt}, "the last tile before the stall", 100),
        ({"end": "left_field"}, "leaves the road", 200),
    ],
)
def test_the_tick_with_which_a_failure_began_is_shown_with_five_to_either_side(changes, label, tick):
    episode = play_rows(drive(500.0, **changes))
    moments = find_moments(episode)
    assert [moment.index for moment in moments] == [
        index for index in range(tick - AROUND, tick + AROUND + 1) if index < len(episode)
    ]
    assert moments[AROUND].label == label
    assert moments[0].label == "-5 ticks"


def test_swings_are_found_where_they_are_densest():
    def swerve_late(tick):
        return swerve(tick) if 120 <= tick < 160 else np.zeros(3)

    label, tick = find_event(drive(500.0, action=swerve_late), "oscillation")
    assert label == "swings most"
    assert 120 < tick < 160


def test_of_missed_tiles_the_longest_way_between_two_is_told_not_the_one_after_the_last():
    def idle(tick):
        return tick - 50 if 50 <= tick < 62 else max(0, tick - 150)

    assert find_event(drive(500.0, idle_ticks=idle), "missed_tiles")[1] == 50


def test_of_what_was_slow_the_slowest_tick_is_told():
    def dawdle(tick):
        return np.array([5.0 if tick == 80 else 40.0, 0.0])

    assert find_event(drive(500.0, velocity=dawdle), "slow") == ("slowest", 80)


def test_events_are_counted_in_all_drives_with_their_rates():
    rows = [drive(500.0, wheels_on_road=leave, action=swerve), drive(950.0), drive(500.0, idle_ticks=halt)]
    episodes = [reduce_episode(play_rows(facts, seed)) for seed, facts in enumerate(rows)]
    result = Result(range(3), tuple(episodes), {"env": "car-racing", "policy": "someone"})
    left, stalled, swung = count_events(result)
    assert (left.times, left.drives) == (1, 1)
    assert (stalled.times, stalled.drives) == (1, 1)
    assert left.per_minute == pytest.approx(1 / (3 * 800 / 50 / 60))
    assert swung.drives == 1
    assert 0 < left.share[0] < 1 / 3 < left.share[1]
    page = draw_page(result)
    assert "all four wheels left the road" in page
    assert "jerk" not in page
    assert [episode.failure for episode in episodes] == ["off_track", None, "stall"]


def test_a_result_without_drives_has_no_such_part():
    episode = replace(reduce_episode(play_rows(drive())), metrics={})
    assert draw_events(Result(range(1), (episode,), {"env": "lift", "policy": "someone"})) == ""


def test_a_track_is_told_by_its_length_and_bends():
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    told = find_track_properties(20 * np.column_stack([np.cos(angle), np.sin(angle)]))
    assert told["num_tiles"] == 40
    assert told["length_m"] == pytest.approx(2 * np.pi * 20, rel=0.01)
    assert told["sharpest_bend_deg"] == pytest.approx(9.0, abs=0.1)
