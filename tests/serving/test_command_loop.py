"""The command loop: one command a period, halts told, and an arm at rest when nobody is left to steer it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from millwright.core.errors import ActionError, ServiceError
from millwright.serving.command_loop import BEGUN, LONGEST, MESSAGES, REFUSED, RESET, CommandLoop, run_commands
from millwright.serving.watchdog import REASONS, Beat, Watchdog
from tests.serving.arms import ENVELOPE, StillArm, make_arm_outside, make_envelope

BEAT = Beat(command_hz=200.0, setpoint_hz=20.0, heartbeat_s=0.1)


class Simulated:
    """A clock on which the owner of the loop does things at given commands, and at last closes its end."""

    def __init__(self, arm, script):
        self.arm, self.script, self.now_s = arm, script, 0.0
        self.ours, self.theirs = multiprocessing.Pipe()
        self.waits = []

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now_s += seconds
        action = self.script.pop(len(self.waits), None)
        if action is not None:
            action(self)

    def run(self, envelope=ENVELOPE):
        run_commands(self.arm, Watchdog(envelope, BEAT), self.theirs, lambda: self.now_s, self.wait)


def say(*setpoint):
    return lambda loop: loop.ours.send_bytes(np.array(setpoint, np.float64).tobytes())


def reset(loop):
    loop.ours.send_bytes(RESET)


def listen(loop):
    loop.heard = []
    while loop.ours.poll():
        loop.heard.append(np.frombuffer(loop.ours.recv_bytes()[:1], np.int8)[0])


def leave(loop):
    listen(loop)
    loop.ours.close()


def play(script, arm=None):
    loop = Simulated(arm or StillArm(), script)
    loop.run()
    return loop


def ramp(count):
    """Setpoints for so many ticks of ten commands."""
    return {1 + 10 * tick: say(0.01 * tick, 0.0) for tick in range(count)}


def test_one_command_a_period_until_its_owner_leaves_and_the_arm_is_at_rest():
    loop = play({**ramp(15), 150: leave})
    assert loop.heard == [BEGUN]
    assert len(loop.arm.sent) == len(loop.waits) > 150
    assert all(wait == pytest.approx(1 / BEAT.command_hz) for wait in loop.waits[1:])
    steps = np.diff(np.array(loop.arm.sent)[:, 0])
    assert steps[148] > 1e-4
    assert abs(steps[-1]) < 1e-4


def test_a_halt_is_told_with_its_reason_and_the_arm_comes_to_rest():
    loop = play({**ramp(15), 95: say(np.nan, 0.0), 180: leave})
    assert loop.heard == [BEGUN, REASONS.index("not_finite")]
    assert np.allclose(loop.arm.sent[-1], loop.arm.sent[-20], rtol=0, atol=1e-12)


def test_a_setpoint_of_nothing_halts_the_arm():
    assert play({**ramp(9), 95: say(), 180: leave}).heard == [BEGUN, REASONS.index("not_finite")]


def test_a_bad_setpoint_halts_the_arm_even_if_a_good_one_comes_right_behind_it():
    def both(loop):
        say(np.nan, 0.0)(loop)
        say(0.09, 0.0)(loop)

    assert play({**ramp(15), 95: both, 180: leave}).heard == [BEGUN, REASONS.index("not_finite")]


def test_a_burst_is_read_in_parts_and_its_newest_setpoint_is_gone_to():
    def burst(loop):
        for count in range(5 * MESSAGES):
            say(0.09 + 0.0005 * count, 0.0)(loop)

    loop = play({**ramp(10), 101: burst, 107: leave})
    assert loop.heard == [BEGUN]
    assert loop.arm.sent[-1][0] > 0.1


def test_a_flood_that_goes_on_halts_the_arm_which_is_commanded_and_felt_meanwhile():
    def flood(loop):
        for _ in range(2 * MESSAGES):
            say(0.09, 0.0)(loop)

    floods = dict.fromkeys(range(101, 125), flood)
    loop = play({**ramp(10), **floods, 180: leave})
    assert loop.heard == [BEGUN, REASONS.index("flood")]
    assert len(loop.arm.sent) == len(loop.waits)

    def push(loop):
        loop.arm.wrench = np.array([99.0, 0, 0, 0, 0, 0])

    assert play({**ramp(10), **floods, 110: push, 180: leave}).heard == [BEGUN, REASONS.index("force")]


def test_a_message_that_is_too_long_halts_the_arm_as_one_that_is_no_setpoint():
    heard = play({**ramp(10), 95: lambda loop: loop.ours.send_bytes(b"0" * (LONGEST + 1)), 96: listen}).heard
    assert heard == [BEGUN, REASONS.index("not_finite")]


def test_a_reset_waits_until_the_arm_is_at_rest():
    loop = play({**ramp(12), 115: reset, 300: leave})
    assert loop.heard == [BEGUN, REASONS.index("asked"), BEGUN]
    assert np.abs(np.diff(np.array(loop.arm.sent), n=2, axis=0)).max() * BEAT.command_hz**2 < 5.01


def test_an_arm_outside_of_its_limits_is_never_commanded():
    loop = play({20: leave}, StillArm((5.0, 0.0)))
    assert loop.heard == [REFUSED]
    assert loop.arm.sent == []


def test_a_loop_that_was_late_does_not_catch_up():
    def stall(loop):
        loop.now_s += 0.08

    loop = play({**ramp(10), 55: stall, 100: leave})
    assert loop.waits.count(0.0) == 2  # the first command, and the one after the stall
    assert len(loop.arm.sent) == len(loop.waits)


def test_the_process_commands_halts_begins_again_and_ends():
    with CommandLoop(StillArm, make_envelope, BEAT) as loop:
        assert loop.halted is None
        for wrong in (np.zeros(3), np.zeros((1, 2)), np.zeros(1000), 0.0):
            with pytest.raises(ActionError, match=r"a setpoint is \(2,\)"):
                loop.send(wrong)
        loop.send((0.001, 0.0))
        sent_s = time.monotonic()
        loop.send((np.nan, 0.0))
        while loop.halted is None:
            time.sleep(0.002)
        assert loop.halted.why == "not_finite"
        assert sent_s <= loop.halted.noticed_s <= loop.halted.commanded_s <= time.monotonic()
        loop.reset()
        assert loop.halted is None
    with pytest.raises(ServiceError, match="has ended"):
        loop.send((0.0, 0.0))


def test_a_process_that_is_interrupted_while_it_starts_begins_all_the_same():
    """Ctrl-C at a terminal tells the loop's process too, whose owner alone decides what becomes of it."""
    begun, before = threading.Event(), set(multiprocessing.active_children())

    def interrupt():
        while not begun.wait(0.02):
            for child in set(multiprocessing.active_children()) - before:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    try:
        with CommandLoop(StillArm, make_envelope, BEAT) as loop:
            assert loop.halted is None
            assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        begun.set()
        interrupting.join()


def test_a_process_whose_arm_stands_outside_of_its_limits_does_not_begin():
    with pytest.raises(ServiceError, match="outside of its limits"):
        CommandLoop(make_arm_outside, make_envelope, BEAT)
