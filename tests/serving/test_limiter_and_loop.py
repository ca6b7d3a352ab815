"""What a limiter lets through never halts the loop below it, and both stay in the cell's box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.catalog.tasks import TASKS
from millwright.core.policy import Policy
from millwright.robots import ur5e
from millwright.serving.limiter import Limiter
from millwright.serving.watchdog import Beat, Watchdog
from tests.serving.arms import ENVELOPE, HZ, LIMITS, Saying, compute_rates, drive

CELL = TASKS["brick-table"].limits["ur5e"]()
BEAT = Beat(command_hz=250.0, setpoint_hz=HZ, heartbeat_s=0.2)
SENT_ABOUT, TICKS = 60, 150
MOST_LAG_S = 0.5
"""Of a joint that is as fast as it may be."""
BETWEEN_LOOKS_M = 1e-3
"""The loop looks at a way to rest every few commands: its hand may be out of the box by so much on it."""


class Wandering(Policy):
    """Wants the joints anywhere within their positions, somewhere else every few ticks, and at last stays."""

    name = "wandering"

    def __init__(self, seed, every):
        self.random, self.every, self.asked = np.random.default_rng(seed), every, 0

    def reset(self, seed): ...

    def act(self, observation):
        if self.asked % self.every == 0 and self.asked < SENT_ABOUT:
            self.wanted = np.append(self.random.uniform(*CELL.motion.position.T), 0.02)
        self.asked += 1
        return self.wanted


def follow(setpoints, envelope, start):
    """Commands (n, dof) of a loop that hears a setpoint a tick, and how far it is from each when the next is due."""
    dog, commands, lags = Watchdog(envelope, BEAT), [], []
    dog.begin(start)
    for tick, setpoint in enumerate(setpoints):
        dog.hear(setpoint, tick / HZ)
        assert dog.halted is None, f"tick {tick}: {dog.halted}"
        while len(commands) / BEAT.command_hz < (tick + 1) / HZ - 1e-9:
            commands.append(dog.command(len(commands) / BEAT.command_hz))
        lags.append(np.abs(commands[-1] - setpoint).max())
    return np.array(commands), np.array(lags)


def get_out_of_box(places):
    points = np.array([CELL.workspace.find_point(place) for place in places])
    return max((CELL.workspace.low - points).max(), (points - CELL.workspace.high).max())


@pytest.mark.parametrize("every", [3, 8, 20])
@pytest.mark.parametrize("seed", range(6))
def test_what_the_limiter_gives_never_halts_the_loop_which_catches_up_within_limits_and_box(seed, every):
    limiter, seen, setpoints = Limiter(Wandering(seed, every), CELL, HZ), ur5e.SEED_JOINTS, []
    for _ in range(TICKS):
        action = limiter.act({"observation.state": np.append(seen, 0.02).astype(np.float32)})
        seen = action[:6].astype(np.float64)
        setpoints.append(seen)
    assert get_out_of_box(setpoints) < 1e-5
    commands, lags = follow(setpoints, CELL, ur5e.SEED_JOINTS)
    velocity, acceleration, jerk = compute_rates(commands, ur5e.SEED_JOINTS, BEAT.command_hz)
    assert (velocity <= CELL.motion.velocity + 1e-6).all()
    assert (acceleration <= CELL.motion.acceleration + 1e-4).all()
    assert (jerk <= CELL.motion.jerk + 0.1).all()
    assert get_out_of_box(commands) < BETWEEN_LOOKS_M
    assert lags.max() < MOST_LAG_S * ur5e.VELOCITY_LIMIT_RAD_S
    assert lags[-1] < 1e-3


def test_a_loop_that_lags_behind_setpoints_takes_no_run_up_to_them():
    start = np.array([-1.9, 0.0])
    setpoints = drive(Limiter(Saying(np.array([1.9, 0.0, 0.02])), ENVELOPE, HZ), 30, start)[:, :2]
    commands, _ = follow(setpoints, ENVELOPE, start)
    assert np.diff(commands[:, 0]).min() > -1e-9


def test_setpoints_of_an_arm_that_lags_may_be_further_from_it_than_it_gets_and_one_that_jumps_may_not():
    dog = Watchdog(replace(ENVELOPE, motion=replace(LIMITS, acceleration=np.full(2, 0.5))), BEAT)
    dog.begin((-1.9, 0.0))
    step = LIMITS.velocity[0] / HZ
    for tick in range(12):
        dog.hear((-1.9 + step * tick, 0.0), tick / HZ)
        for count in range(16):
            place = dog.command(tick / HZ + count / BEAT.command_hz)
    assert -1.9 + step * 11 - place[0] > LIMITS.velocity[0] * BEAT.heartbeat_s
    assert dog.halted is None
    dog.hear((-1.9 + step * 11 + LIMITS.velocity[0] * BEAT.heartbeat_s + 0.01, 0.0), 12 / HZ)
    assert dog.halted is not None
    assert dog.halted.why == "limit"
