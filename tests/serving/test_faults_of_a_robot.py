"""Whatever becomes of a server or of the way to it, the robot holds, falls back, comes back, and keeps its limits."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pytest

from millwright.core.clock import TickClock
from millwright.core.features import Feature, Features, Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.core.policy import Action, Policy
from millwright.policies.playing import Playing
from millwright.serving.engine import Served
from millwright.serving.fallback import DRIVES, FALLS_BACK, HOLDS, Fallback, Patience
from millwright.serving.limiter import Limiter
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from tests.serving import arms
from tests.serving.cable import Cable

HZ = 10.0
WAIT_S, DEADLINE_S = 0.05, 0.5
MOST_TICKS = 2000
STATE = Feature("observation.state", (3,))
DEPTH = Feature("observation.images.wrist_depth", (8, 8, 1), unit="m")


class Reaching(Planner):
    """Sends the arm to and fro across zero, harder than it may go."""

    def __init__(self) -> None:
        self.inputs, self.action = Features(STATE, DEPTH), Feature("action", (3,))
        self.rate_hz, self.digest = HZ, "reaching"

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        far = np.array([1.0, 0.9, 0.0])
        rows = [np.tile(np.where(observation[STATE.name] < 0, far, -far), (8, 1)) for observation in observations]
        return [Chunk(row.astype(np.float32), self.rate_hz) for row in rows], list(memories)


class Staying(Policy):
    """Stays where it is first asked."""

    def reset(self, seed: int) -> None:
        self.place: Action | None = None

    def act(self, observation: Observation) -> Action:
        self.place = observation[STATE.name] if self.place is None else self.place
        return self.place


class Robot:
    """An arm that goes where it is sent, tick by tick; every tick gets an action that keeps the limits."""

    def __init__(self, address: str) -> None:
        planner = RemotePlanner(f"grpc://{address}")
        planner.hurry(0.4)
        player = Playing(execute=2).make_policy(planner, "remote", wait_s=WAIT_S)
        patience = Patience(deadline_s=DEADLINE_S, hold_s=0.3, retry_s=0.3, answers=2)
        self.fallback = Fallback(player, Staying(), TickClock(HZ), patience)
        self.policy = Limiter(self.fallback, arms.ENVELOPE, HZ)
        self.policy.reset(0)
        self.joints, self.depth = np.zeros(2), np.full(DEPTH.shape, 0.5, np.float32)
        self.way = [np.zeros(2)] * 4
        self.old_ticks = 0
        self.observed_s: float | None = None

    def tick(self) -> None:
        action = self.policy.act({**arms.observe(tuple(self.joints)), DEPTH.name: self.depth})
        assert np.isfinite(action).all()
        assert self.policy.stopped is None
        self.joints = action[:2]
        self.way = [*self.way[1:], action[:2].astype(np.float64)]
        self.check_limits(action)
        self.check_deadline()

    def check_limits(self, action: Action) -> None:
        """Of the setpoints before this one and of this one, as far as single precision tells."""
        limits, (low, high) = arms.LIMITS, arms.GRIPPER[0]
        assert limits.hold(self.way[-1])
        assert low <= action[2] <= np.float32(high)
        velocity, acceleration, jerk = (np.diff(self.way, n, axis=0) * HZ**n for n in (1, 2, 3))
        assert (np.abs(velocity) <= limits.velocity + 1e-4).all()
        assert (np.abs(acceleration) <= limits.acceleration + 1e-3).all()
        assert (np.abs(jerk) <= limits.jerk + 0.1).all()

    def check_deadline(self) -> None:
        """Ticks since the plan that it drives by was new: it holds before they are more than the deadline."""
        plan = self.fallback.plan
        observed_s = None if plan is None else plan.observed_at_s
        is_old = self.fallback.doing == DRIVES and observed_s is not None and observed_s == self.observed_s
        self.old_ticks = self.old_ticks + 1 if is_old else 0
        self.observed_s = observed_s
        assert self.old_ticks <= DEADLINE_S * HZ + 1

    def until(self, doing: str) -> None:
        """Go on until that is what it does; it takes as long as a machine that does much else needs."""
        for _ in range(MOST_TICKS):
            self.tick()
            if self.fallback.doing == doing and (doing != DRIVES or self.fallback.plan is not None):
                return
        raise AssertionError(f"{MOST_TICKS} ticks, and still it {self.fallback.doing}")

    @property
    def whats(self) -> list[str]:
        return [event.what for event in self.fallback.events]


def serve(pipe: Connection, port: int) -> None:
    with PolicyServer(Setup((Served("arm", Reaching()),), port=port)) as server:
        pipe.send(server.addresses.grpc)
        pipe.recv()


@pytest.fixture
def start() -> Iterator[Callable[[int], tuple[Any, str]]]:
    """Starts a server in a process of its own; its process and its address."""
    context = multiprocessing.get_context("spawn")
    started: list[tuple[Any, Connection]] = []

    def start_one(port: int = 0) -> tuple[Any, str]:
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, port), daemon=True)
        process.start()
        started.append((process, ours))
        return process, ours.recv()

    yield start_one
    for process, _ in started:
        process.kill()
        process.join()


def test_a_server_that_is_killed_in_an_episode_is_fallen_back_from_and_returned_to(
    start: Callable[..., tuple[Any, str]],
) -> None:
    process, address = start()
    robot = Robot(address)
    robot.until(DRIVES)
    before = len(robot.whats)
    os.kill(process.pid, signal.SIGKILL)
    robot.until(FALLS_BACK)
    assert robot.whats[before:][-2:] == [HOLDS, FALLS_BACK]
    start(int(address.rpartition(":")[2]))
    robot.until(DRIVES)
    assert robot.policy.metrics()["fallbacks"] >= 1


@pytest.fixture(scope="module")
def server() -> Iterator[PolicyServer]:
    with PolicyServer(Setup((Served("arm", Reaching()),))) as server:
        yield server


def test_a_connection_that_is_cut_is_held_through_and_made_anew(server: PolicyServer) -> None:
    with Cable(server.addresses.grpc) as cable:
        robot = Robot(cable.address)
        robot.until(DRIVES)
        before = len(robot.whats)
        cable.cut()
        for _ in range(MOST_TICKS):
            robot.tick()
            if cable.connected and robot.fallback.doing == DRIVES:
                break
        assert cable.connected
        assert robot.fallback.doing == DRIVES
        assert robot.whats[before : before + 1] in ([], [HOLDS])  # a cut between two plans costs not even a tick


def test_a_connection_that_stalls_keeps_no_tick_waiting_and_is_returned_to(server: PolicyServer) -> None:
    with Cable(server.addresses.grpc) as cable:
        robot = Robot(cable.address)
        robot.until(DRIVES)
        cable.hold()
        robot.until(FALLS_BACK)
        for _ in range(20):  # each as long as it takes to wait for nobody
            robot.tick()
        assert robot.fallback.doing == FALLS_BACK
        cable.release()
        robot.until(DRIVES)
        assert robot.policy.metrics()["unanswered_ticks"] > 0


def test_a_stall_of_a_second_is_held_through_within_the_deadline_and_driven_on_after(server: PolicyServer) -> None:
    with Cable(server.addresses.grpc) as cable:
        robot = Robot(cable.address)
        robot.until(DRIVES)
        before, released = len(robot.whats), threading.Timer(1.0, cable.release)
        cable.hold()
        released.start()
        began_s = time.monotonic()
        while released.is_alive():  # in the robot's own time
            robot.tick()
            time.sleep(max(0.0, 1 / HZ - (time.monotonic() - began_s) % (1 / HZ)))
        robot.until(DRIVES)
        assert HOLDS in robot.whats[before:]
        assert robot.whats[-1] == DRIVES


def test_pictures_that_are_not_finite_are_not_sent_and_somebody_else_drives_until_they_are(
    server: PolicyServer,
) -> None:
    robot = Robot(server.addresses.grpc)
    robot.until(DRIVES)
    refused = server.metrics.registry.get_sample_value("millwright_refused_total", {"code": "INVALID_ARGUMENT"})
    robot.depth = np.full(DEPTH.shape, np.nan, np.float32)
    robot.until(FALLS_BACK)
    robot.depth = np.full(DEPTH.shape, 0.5, np.float32)
    robot.until(DRIVES)
    assert refused == server.metrics.registry.get_sample_value("millwright_refused_total", {"code": "INVALID_ARGUMENT"})
