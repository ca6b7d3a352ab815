"""A command loop between a limiter and an arm: it plays in real time, and its halts are latched, told and counted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import urllib.request

import numpy as np
import pytest

from millwright import cli
from millwright.catalog import Player
from millwright.core.errors import OptionError, ServiceError
from millwright.core.policy import Policy
from millwright.serving.command_loop import CommandLoop
from millwright.serving.commanded import Commanded
from millwright.serving.limiter import Limiter
from millwright.serving.metrics_page import MetricsPage
from millwright.serving.robot_metrics import RobotMetrics
from millwright.serving.simulated_arm import SimulatedArm
from millwright.serving.watchdog import Beat
from tests.serving.arms import ENVELOPE, HZ, LIMITS, Saying, make_envelope, observe

BEAT = Beat(command_hz=250.0, setpoint_hz=HZ, heartbeat_s=0.6)
FAR = np.array([1.5, 0.5, 0.02])
HELP_S = 60.0


class Swinging(Policy):
    """Wants the arm to and fro for ever; thinks for so long at one tick."""

    name = "swinging"

    def __init__(self, thinks_s=0.0, at_tick=6):
        self.thinks_s, self.at_tick = thinks_s, at_tick

    def reset(self, seed):
        self.asked = 0

    def act(self, observation):
        if self.asked == self.at_tick:
            time.sleep(self.thinks_s)
        self.asked += 1
        return np.array([np.sin(self.asked / 8), 0.0, 0.02])


def make(policy, arm, **options):
    return Commanded(Limiter(policy, ENVELOPE, HZ), lambda: CommandLoop(arm, make_envelope, BEAT), HZ, arm, **options)


def play(commanded, ticks, start=(0.0, 0.0), force_n=0.0):
    """Actions (ticks, 3) of an arm that goes where it is sent."""
    commanded.reset(0)
    actions, joints = [], start
    for _ in range(ticks):
        actions.append(commanded.act(observe(joints, force_n)))
        joints = tuple(actions[-1][:2])
    return np.array(actions, np.float64)


@pytest.fixture
def make_commanded():
    made = []

    def make_one(policy, **options):
        made.append(make(policy, SimulatedArm(LIMITS.dof), **options))
        return made[-1]

    yield make_one
    for one in made:
        one.close()


def test_the_arm_goes_where_the_loop_brings_it_in_real_time_and_each_episode_begins_where_it_stands(make_commanded):
    commanded = make_commanded(Saying(FAR))
    for start in ((0.0, 0.0), (-0.5, 1.0)):
        play(commanded, 1, start)
        began_s = time.monotonic()
        actions = play(commanded, 20, start)
        assert time.monotonic() - began_s >= 19 / HZ
        assert {event.what for event in commanded.events} == {"limited"}
        assert np.abs(actions[0] - (*start, 0.02)).max() < 0.05
        wait_for(lambda: commanded.act(observe()) == pytest.approx(FAR, abs=0.01))  # later, where much else is done
        assert commanded.metrics()["halts"] == 0


def test_a_halt_is_latched_with_its_reason_counted_once_and_over_with_the_next_episode(make_commanded):
    counted, policy = [], Swinging(thinks_s=1.5)
    commanded = make_commanded(policy, count_halt=counted.append)
    actions = play(commanded, 14)
    assert [halted.why for halted in counted] == ["heartbeat"]
    assert commanded.halted == counted[0]
    assert [(event.tick, event.why) for event in commanded.events if event.what == "halted"] == [(6, "heartbeat")]
    assert commanded.metrics()["halts"] == 1
    assert policy.asked == 7, "who is halted is asked no more"
    assert np.abs(np.diff(actions[-4:], axis=0)).max() == 0
    policy.thinks_s = 0.0
    play(commanded, 5)
    assert commanded.halted is None
    assert commanded.metrics()["halts"] == 0
    assert len(counted) == 1


def test_the_loop_feels_what_the_simulation_shows(make_commanded):
    commanded = make_commanded(Saying(FAR))
    play(commanded, 3)
    commanded.act(observe((0.0, 0.0), force_n=99.0))
    assert commanded.halted is not None
    assert commanded.halted.why == "force"


def test_a_real_arm_is_moved_by_the_loop_alone_and_keeps_its_own_pace():
    arm = SimulatedArm(LIMITS.dof)
    arm.show((0.0, 0.0))
    slow_hz = 0.1
    commanded = Commanded(Limiter(Saying(FAR), ENVELOPE, HZ), lambda: CommandLoop(arm, make_envelope, BEAT), slow_hz)
    try:
        commanded.reset(0)
        action = commanded.act(observe())
        began_s = time.monotonic()
        action = commanded.act(observe(tuple(action[:2])))
        assert time.monotonic() - began_s < 1 / slow_hz
        assert 0 < action[0] < FAR[0]
    finally:
        commanded.close()


def test_an_arm_outside_of_its_limits_is_not_begun_with():
    commanded = make(Saying(FAR), SimulatedArm(LIMITS.dof))
    with pytest.raises(ServiceError, match="outside of its limits"):
        play(commanded, 1, start=(5.0, 0.0))


def plan_for_ever(arm, pipe):
    """What a process that drives a robot does; it says where its metrics are."""
    metrics = RobotMetrics()
    commanded = make(Swinging(), arm, count_halt=metrics.count_halt)
    with MetricsPage(metrics.registry, 0) as page:
        commanded.reset(0)
        joints = (0.0, 0.0)
        for tick in range(int(HELP_S * HZ)):
            joints = tuple(commanded.act(observe(joints))[:2])
            if tick == 10:
                pipe.send(page.url)
            if pipe.poll():
                break
        commanded.close()


def wait_for(what):
    until_s = time.monotonic() + HELP_S
    while not what():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def is_moving(arm, for_s=0.1):
    before = arm.sent
    time.sleep(for_s)
    return not np.array_equal(arm.sent, before)


def test_an_arm_whose_planner_is_stopped_comes_to_rest_and_the_halt_is_counted_when_it_goes_on():
    context, arm = multiprocessing.get_context("spawn"), SimulatedArm(LIMITS.dof)
    ours, theirs = context.Pipe()
    planner = context.Process(target=plan_for_ever, args=(arm, theirs))
    planner.start()
    try:
        assert ours.poll(HELP_S)
        url = ours.recv()
        wait_for(lambda: is_moving(arm))
        os.kill(planner.pid, signal.SIGSTOP)
        wait_for(lambda: not is_moving(arm, 0.5))  # a busy machine may let a moving one wait for a tenth of a second
        assert not is_moving(arm, 0.5)
        os.kill(planner.pid, signal.SIGCONT)
        told = 'millwright_robot_halts_total{why="heartbeat"} 1.0'
        wait_for(lambda: told in urllib.request.urlopen(url, timeout=HELP_S).read().decode())
        assert not is_moving(arm), "latched"
        ours.send("enough")
        planner.join(HELP_S)
        assert planner.exitcode == 0
    finally:
        if planner.is_alive():
            os.kill(planner.pid, signal.SIGCONT)
            planner.terminate()  # the loop ends by itself, as whoever listened to it is gone
            planner.join()


def test_an_episode_of_the_cell_is_played_through_the_loop():
    player = Player("brick-table", {"image_size": 32, "max_steps": 8}, "random", limits="ur5e", commanded=True)
    episode = player()(7001)
    assert episode.provenance["commanded"] is True
    assert episode.metrics["halts"] in (0.0, 1.0)  # one, where the machine is too busy for real time


def test_a_loop_wants_limits_and_one_robot(capsys):
    with pytest.raises(OptionError, match="--limits ur5e"):
        Player("brick-table", policy="random", commanded=True)
    command = ["evaluate", "brick-table", "--policy", "random", "--seeds", "5000:5001", "--limits", "ur5e"]
    assert cli.main([*command, "--command-loop", "--workers", "2"]) != 0
    assert "--workers 1" in capsys.readouterr().err
