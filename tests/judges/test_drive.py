"""A lap is a success from 900 points on; what went wrong with another has a name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.facts import DrivingFacts, restore_facts
from millwright.core.judging import judge_facts
from millwright.judges import DrivesLap

START = DrivingFacts(
    time_s=0.0, raw_steps=0, reward=0.0, total_reward=0.0, tiles=0, num_tiles=100, idle_ticks=0,
    position=np.zeros(2), heading_rad=0.0, velocity=np.array([50.0, 0.0]), yaw_rate=0.0, steering_rad=0.0,
    wheel_speeds=np.zeros(4), wheels_on_road=np.ones(4, bool), action=np.zeros(3), line=np.zeros((20, 2)),
    lap_finished=False, left_field=False, out_of_time=False,
)  # fmt: skip


def drive(total_reward=950.0, ticks=200, end="lap_finished", **changes):
    """Facts of a drive; a change is a value, or what gives one for a tick."""
    rows = [START]
    for tick in range(1, ticks + 1):
        now = {name: value(tick) if callable(value) else value for name, value in changes.items()}
        given = {"total_reward": total_reward * tick / ticks, "tiles": tick // 2, end: tick == ticks, **now}
        rows.append(replace(START, time_s=tick * 0.08, raw_steps=4 * tick, **given))
    return rows


def test_a_lap_worth_900_is_a_success_and_one_point_less_is_not():
    assert judge_facts(DrivesLap(), drive(900.0)).success
    verdict = judge_facts(DrivesLap(), drive(899.0))
    assert (verdict.success, verdict.failure) == (False, "slow")


def test_nothing_is_decided_before_the_end():
    judge = DrivesLap()
    for facts in drive()[:-1]:
        judge.see(facts)
        assert not judge.decided
        assert not judge.verdict().success


def swerve(tick):
    return np.array([0.6 * (-1) ** (tick // 3), 0.5, 0.0])


def leave(tick):
    return np.full(4, not 50 <= tick < 60)


def halt(tick):
    return max(0, tick - 100)


def early(tick):
    return max(0, min(tick, 60) - 20) % 40


def count(tick):
    return min(tick, 96)


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"end": "left_field"}, "off_track"),
        ({"wheels_on_road": leave}, "off_track"),
        ({"idle_ticks": halt}, "stall"),
        ({"idle_ticks": halt, "tiles": count, "end": "out_of_time"}, "missed_tiles"),
        ({"idle_ticks": halt, "tiles": count}, "stall"),
        ({"idle_ticks": halt, "tiles": count, "end": "out_of_time", "velocity": np.zeros(2)}, "stall"),
        ({"idle_ticks": early, "tiles": count, "end": "out_of_time"}, "stall"),
        ({"action": swerve}, "oscillation"),
        ({"wheels_on_road": leave, "idle_ticks": halt, "action": swerve}, "off_track"),
        ({"end": "out_of_time"}, "slow"),
        ({"wheels_on_road": np.array([True, False, False, False])}, "slow"),
    ],
)
def test_the_first_reason_that_applies_is_the_failure(changes, failure):
    assert judge_facts(DrivesLap(), drive(**{"total_reward": 500.0, **changes})).failure == failure


def test_events_are_counted_once_each():
    judge = DrivesLap()
    judge_facts(judge, drive(500.0, wheels_on_road=leave, idle_ticks=halt, action=swerve))
    metrics = judge.metrics()
    assert metrics["departures"] == 1
    assert metrics["off_road_share"] == pytest.approx(10 / 200)
    assert metrics["stalls"] == 1
    assert metrics["stall_ticks"] == pytest.approx(76, abs=1)
    assert metrics["reversals"] == pytest.approx((200 - 12) / 3, abs=2)
    assert metrics["return"] == 500


def test_facts_come_back_from_a_recording_and_are_judged_alike():
    rows = drive(500.0, action=swerve)
    again = [restore_facts(facts.to_arrays(), ()) for facts in rows]
    assert again == rows
    assert judge_facts(DrivesLap(), again) == judge_facts(DrivesLap(), rows)
    START.features().check(START.to_arrays())
