"""Commands between setpoints keep every limit, and anything wrong brings the arm to rest with the next one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.core.errors import ActionError, OptionError
from millwright.serving.motion import LimitedMotion
from millwright.serving.watchdog import Beat, Watchdog
from tests.serving.arms import BOX, ENVELOPE, LIMITS, compute_rates

BEAT = Beat(command_hz=150.0, setpoint_hz=15.0, heartbeat_s=0.2)
TICK = 10
"""Commands from one setpoint to the next."""


class Loop:
    """Tells a watchdog the time, a command after the other."""

    def __init__(self, envelope=ENVELOPE, start=(0.0, 0.0), beat=BEAT):
        self.dog, self.count, self.commands = Watchdog(envelope, beat), 0, []
        self.dog.begin(start)

    @property
    def now_s(self):
        return self.count / BEAT.command_hz

    def command(self, count=1):
        for _ in range(count):
            self.commands.append(self.dog.command(self.now_s))
            self.count += 1

    def hear(self, *setpoints):
        for setpoint in setpoints:
            self.dog.hear(setpoint, self.now_s)
            self.command(TICK)

    def check(self, start=(0.0, 0.0)):
        commands = np.array(self.commands)
        velocity, acceleration, jerk = compute_rates(commands, start, BEAT.command_hz)
        assert all(LIMITS.hold(command) for command in commands)
        assert (velocity <= LIMITS.velocity + 1e-6).all()
        assert (acceleration <= LIMITS.acceleration + 1e-4).all()
        assert (jerk <= LIMITS.jerk + 0.1).all()


def ramp(count=8, step=0.02):
    return [(step * tick, -step * tick / 2) for tick in range(count)]


def test_setpoints_are_interpolated_and_each_is_reached_when_the_next_is_due():
    loop = Loop()
    way = [(0.3 * (1 - np.cos(0.06 * tick)), 0.2 * (np.cos(0.06 * tick) - 1)) for tick in range(50)]
    loop.hear(*way)
    loop.check()
    assert loop.dog.halted is None
    lags = np.abs(np.array(loop.commands)[TICK - 1 :: TICK] - np.array(way)).max(axis=1)
    assert lags.max() < 5e-3
    assert np.median(lags) < 1e-6


def test_the_arm_goes_through_setpoints_at_the_speed_that_they_go_on_with():
    loop = Loop()
    loop.hear(*((0.001 * tick**2, 0.0) for tick in range(1, 6)))
    before, after = (0.001 * tick**2 - 0.001 * (tick - 1) ** 2 for tick in (5, 6))
    way = np.diff([command[0] for command in loop.commands])
    assert way[-1] * TICK == pytest.approx((before + after) / 2, rel=0.03)


def test_of_setpoints_that_come_at_once_only_the_newest_is_planned_for(monkeypatch):
    aims, aim = [], LimitedMotion.aim

    def note(motion, target, *rest):
        aims.append(target.tolist())
        aim(motion, target, *rest)

    monkeypatch.setattr(LimitedMotion, "aim", note)
    loop = Loop()
    for count in range(5):
        loop.dog.hear((0.01 * count, 0.0), loop.now_s)
    loop.command(3)
    assert aims == [[0.04, 0.0]]


def test_a_setpoint_that_is_not_followed_by_another_is_where_the_arm_stops():
    loop = Loop(beat=replace(BEAT, heartbeat_s=2.0))
    loop.hear(*ramp())
    loop.command(TICK * 10)
    assert loop.commands[-1] == pytest.approx(ramp()[-1], abs=1e-6)
    assert loop.dog.is_at_rest
    loop.check()


@settings(max_examples=25, deadline=None)
@given(
    setpoints=st.lists(st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)), min_size=1, max_size=8),
    start=st.tuples(st.floats(-2, 2), st.floats(-1, 3)),
)
def test_whatever_is_heard_commands_keep_every_limit_and_come_to_rest(setpoints, start):
    loop = Loop(start=start)
    loop.hear(*(np.array(start) + setpoint for setpoint in setpoints))
    loop.command(200)
    loop.check(start)
    assert loop.dog.halted is not None
    assert loop.dog.is_at_rest


@pytest.mark.parametrize(
    ("setpoint", "why"),
    [
        ((np.nan, 0.0), "not_finite"),
        ((np.inf, 0.0), "not_finite"),
        ((0.0, 0.0, 0.0), "not_finite"),
        ((1.0, 0.0), "limit"),  # further than a joint gets within the heartbeat
        ((2.1, 0.0), "limit"),
    ],
)
def test_a_setpoint_that_cannot_be_meant_halts_the_arm_with_the_next_command(setpoint, why):
    loop = Loop()
    loop.hear(*ramp())
    before = loop.dog.halted
    loop.dog.hear(setpoint, loop.now_s)
    assert (before, loop.dog.halted.why) == (None, why)
    speeds = [loop.commands[-1][0] - loop.commands[-2][0]]
    loop.command(100)
    speeds += np.diff([command[0] for command in loop.commands[-100:]]).tolist()
    assert speeds[20] < speeds[0] / 2
    assert loop.dog.is_at_rest
    loop.check()


def test_a_setpoint_outside_of_the_box_halts_the_arm():
    loop = Loop(replace(ENVELOPE, workspace=BOX), start=(0.55, 0.0))
    loop.hear((0.6, 0.0))
    assert loop.dog.halted is None
    loop.hear((0.66, 0.0))
    assert loop.dog.halted.why == "limit"


@pytest.mark.parametrize(("force_n", "why"), [(30.5, "force"), (np.nan, "not_finite"), (29.5, None)])
def test_a_force_above_the_limit_halts_the_arm(force_n, why):
    loop = Loop()
    loop.hear(*ramp())
    loop.dog.feel((0, force_n, 0, 0, 0, 0), loop.now_s)
    assert (loop.dog.halted and loop.dog.halted.why) == why


def test_a_silence_longer_than_the_heartbeat_halts_the_arm_and_a_shorter_one_does_not():
    loop = Loop()
    loop.hear(*ramp())
    last_s = loop.now_s - TICK / BEAT.command_hz
    loop.command(TICK * 2)
    assert loop.dog.halted is None
    loop.command(TICK)
    assert loop.dog.halted.why == "heartbeat"
    late_s = loop.dog.halted.at_s - last_s - BEAT.heartbeat_s
    assert 0 <= late_s <= 1 / BEAT.command_hz + 1e-9


def test_an_arm_at_rest_stays_where_it_is_to_the_last_bit():
    loop = Loop()
    loop.hear(*((np.sin(tick / 8), 0.0) for tick in range(1, 23)))
    loop.command(300)
    assert loop.dog.halted.why == "heartbeat"
    rest = loop.commands[-1]
    loop.command(2000)
    assert np.array_equal(loop.commands[-1], rest)


def test_before_the_first_setpoint_there_is_no_silence():
    loop = Loop(start=(0.1, 0.2))
    loop.command(100)
    assert loop.dog.halted is None
    assert np.array_equal(loop.commands[-1], (0.1, 0.2))


def test_a_halt_is_latched_until_the_arm_begins_again_and_the_first_reason_stays():
    loop = Loop()
    loop.hear(*ramp(), (np.nan, 0.0))
    halted = loop.dog.halted
    loop.dog.feel((99, 0, 0, 0, 0, 0), loop.now_s)
    loop.hear(*ramp())
    assert loop.dog.halted == halted
    place = loop.commands[-1]
    loop.dog.begin(place)
    assert loop.dog.halted is None
    loop.hear(place + 0.01)
    assert not np.array_equal(loop.commands[-1], place)
    loop.check()


def test_an_arm_outside_of_its_limits_stays_halted():
    dog = Watchdog(ENVELOPE, BEAT)
    with pytest.raises(ActionError, match="stands at"):
        dog.begin((3.0, 0.0))
    assert dog.halted is not None


@pytest.mark.parametrize("wrong", [{"command_hz": 100.0}, {"heartbeat_s": 0.05}, {"setpoint_hz": 4.0}])
def test_a_beat_that_is_too_slow_or_missed_of_itself_is_refused(wrong):
    with pytest.raises(OptionError, match=r"times a second|missed before"):
        Beat(**wrong)
