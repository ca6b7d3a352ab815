"""Bundles take others' places while robots ask: no call is dropped, and what is not right is never asked."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from millwright.catalog import SHIPPED
from millwright.cli.serve import Door, serve_at
from millwright.core.errors import BundleError, RemoteError, ServiceError
from millwright.core.features import Feature, Features, Observation
from millwright.core.planner import Chunk, Memory
from millwright.policies.bundle import Bundle, load_bundle
from millwright.serving import wire
from millwright.serving.engine import Served
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from millwright.serving.swap import Source, renew
from tests.serving.planners import Echo, observe

ROBOTS = 24


class Numbered(Echo):
    """Says its number, which its digest is made of too."""

    def __init__(self, number: int, counts: bool = False) -> None:
        super().__init__(counts)
        self.number, self.digest = number, f"bundle-{number}"

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        chunks, kept = super().plan(observations, memories)
        first = np.array([1, 0], np.float32)
        return [replace(chunk, actions=chunk.actions * (1 - first) + self.number * first) for chunk in chunks], kept


class Robot(threading.Thread):
    """Asks all the time, and keeps which bundle answered."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.planner = RemotePlanner(address, follow=True)
        self.digests: list[str] = []
        self.wrong: list[object] = []
        self.ended, self.asked = threading.Event(), threading.Event()

    def run(self) -> None:
        memory: Memory = None
        try:
            while not self.ended.is_set():
                chunks, memories = self.planner.plan([observe()], [memory])
                memory = memories[0]
                if f"bundle-{chunks[0].actions[0, 0]:.0f}" != chunks[0].digest:
                    self.wrong.append(chunks[0])
                self.digests.append(chunks[0].digest)
                self.asked.set()
        except Exception as error:  # noqa: BLE001 - any is a dropped call
            self.wrong.append(error)

    def ask_again(self) -> None:
        """Wait for an answer to what was asked after now."""
        for _ in range(2):
            self.asked.clear()
            assert self.asked.wait(30), self.wrong


@pytest.mark.parametrize("counts", [False, True])
def test_bundles_are_swapped_while_many_robots_ask_and_no_call_is_dropped(counts: bool) -> None:
    with PolicyServer(Setup((Served("arm", Numbered(0, counts)),))) as server:
        robots = [Robot(f"grpc://{server.addresses.grpc}") for _ in range(ROBOTS)]
        for robot in robots:
            robot.start()
        for number in range(1, 5):
            for robot in robots:
                robot.ask_again()
            server.swap(Served("arm", Numbered(number, counts)))
        before = [len(robot.digests) for robot in robots]
        for robot in robots:
            robot.ask_again()
            robot.ended.set()
        for robot in robots:
            robot.join(30)
    assert [robot.wrong for robot in robots] == [[]] * ROBOTS
    for robot, count in zip(robots, before, strict=True):
        assert robot.digests == sorted(robot.digests), "an older bundle answered after a newer one"
        assert set(robot.digests) == {f"bundle-{number}" for number in range(5)}
        assert set(robot.digests[count + 1 :]) == {"bundle-4"}  # one call may have been under way


def test_who_is_being_planned_for_ends_on_the_old_bundle() -> None:
    old = Numbered(0)
    with PolicyServer(Setup((Served("arm", old),))) as server:
        robots = [RemotePlanner(f"grpc://{server.addresses.grpc}", follow=True) for _ in range(3)]
        old.gate.clear()
        old.entered.clear()
        said: list[str] = []
        asking = [
            threading.Thread(target=lambda robot=robot: said.append(robot.plan([observe()], [None])[0][0].digest))
            for robot in robots[:2]
        ]
        asking[0].start()
        assert old.entered.wait(10)
        asking[1].start()
        while not server._desk._find("arm")._waiting:
            pass
        server.swap(Served("arm", Numbered(1)))
        newcomer = threading.Thread(target=lambda: said.append(robots[2].plan([observe()], [None])[0][0].digest))
        newcomer.start()
        old.gate.set()
        for one in (*asking, newcomer):
            one.join(20)
        assert sorted(said) == ["bundle-0", "bundle-0", "bundle-1"]


def test_a_bundle_is_let_go_when_another_takes_its_place_the_first_too() -> None:
    with PolicyServer(Setup((Served("arm", Numbered(0)), Served("last", Numbered(9))), http_port=0)) as server:
        robot = RemotePlanner(f"grpc://{server.addresses.grpc}", answer_s=60, follow=True)
        for number, name in enumerate(("arm", "last", "arm")):
            robot.plan([observe()], [None])
            old = weakref.ref(server.tell_served(name).planner)
            server.swap(Served(name, Numbered(number + 1)))
            until_s = time.monotonic() + 60
            while old() is not None:
                assert time.monotonic() < until_s, f"somebody holds {name}"
                robot.plan([observe()], [None])
                gc.collect()
                time.sleep(0.05)


def test_a_hang_up_while_bundles_are_loaded_is_heard_once_they_are_served(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "millwright")
    planners = iter((Numbered(0), Numbered(1)))

    def load() -> Served:
        planner = next(planners)
        if planner.number == 0:
            os.kill(os.getpid(), signal.SIGHUP)
        return Served("arm", planner)

    def end() -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return "bundle-9"

    before = [signal.getsignal(one) for one in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)]
    sources = [Source("arm", lambda: "bundle-1", load), Source("last", end, lambda: Served("last", Numbered(9)))]
    serve_at(Door(port=0), sources)
    assert "arm is bundle-1 from now on" in caplog.text
    assert [signal.getsignal(one) for one in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)] == before


def test_what_was_read_before_a_swap_is_answered_after_it() -> None:
    with PolicyServer(Setup((Served("arm", Numbered(0)),))) as server:
        message = pb.ActRequest(robot="r", sequence=1, observation=wire.encode_observation(Echo().inputs, observe()))

        def call(coroutine: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(coroutine, server._loop).result(30)

        prepared = call(server._desk.prepare(message, "client"))
        server.swap(Served("arm", Numbered(1)))
        answers = [call(server._desk.answer(message, prepared))]
        answers.append(call(server._desk.answer(message, call(server._desk.prepare(message, "client")))))
    assert [answer.chunk.digest for answer in answers] == ["bundle-0", "bundle-1"]


class Hollow(Numbered):
    """Says what is not finite."""

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        return [Chunk(np.full((4, 2), np.nan, np.float32), 10.0)] * len(observations), list(memories)


class Wide(Numbered):
    """Wants to see more."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.inputs = Features(*self.inputs.values(), Feature("observation.wrench", (6,)))


def fail() -> Served:
    raise BundleError("it is half there")


def crash() -> Served:
    raise RuntimeError("a fault of the program")


@pytest.mark.parametrize(
    ("load", "told"),
    [
        (lambda: Served("arm", Hollow(1)), "not finite"),
        (lambda: Served("arm", Wide(1)), "another inputs"),
        (lambda: Served("arm", Numbered(1), "elsewhere"), "another environment"),
        (fail, "half there"),
        (crash, "of the program"),
    ],
)
def test_a_bundle_that_is_not_right_leaves_the_old_one_serving_and_is_logged_and_counted(
    load, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    colon = "" if load is crash else ":"  # where what is wrong is a sentence, that is told and no traceback
    with PolicyServer(Setup((Served("arm", Numbered(0)),))) as server:
        renew(server, [Source("arm", lambda: "bundle-1", load)])
        assert RemotePlanner(f"grpc://{server.addresses.grpc}").plan([observe()], [None])[0][0].digest == "bundle-0"
        count = server.metrics.registry.get_sample_value
        assert count("millwright_swaps_total", {"bundle": "arm", "outcome": "refused"}) == 1
        assert count("millwright_swaps_total", {"bundle": "arm", "outcome": "swapped"}) == 0
    assert f"arm was not swapped; bundle-0 is served on{colon}" in caplog.text
    assert told in caplog.text
    assert ("Traceback" in caplog.text) == (not colon)


def test_what_has_not_changed_is_not_loaded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with PolicyServer(Setup((Served("arm", Numbered(0)), Served("cart", Numbered(5))))) as server:
        arm = Source("arm", lambda: "bundle-0", fail)
        renew(server, [arm, Source("cart", lambda: "bundle-6", lambda: Served("cart", Numbered(6)))])
        assert [server.tell_served(name).planner.digest for name in ("arm", "cart")] == ["bundle-0", "bundle-6"]
    assert "arm is as it was" in caplog.text
    assert "cart is bundle-6 from now on" in caplog.text


def test_a_robot_that_is_remembered_begins_anew_where_it_follows_and_is_told_where_it_does_not() -> None:
    with PolicyServer(Setup((Served("arm", Numbered(0, True)),))) as server:
        address = f"grpc://{server.addresses.grpc}"
        follows, means_one = RemotePlanner(address, follow=True), RemotePlanner(address)
        memories = [robot.plan([observe()], [None])[1][0] for robot in (follows, means_one)]
        memories = [
            robot.plan([observe()], [memory])[1][0]
            for robot, memory in zip((follows, means_one), memories, strict=True)
        ]
        server.swap(Served("arm", Numbered(1, True)))
        (chunk,), (memory,) = follows.plan([observe()], [memories[0]])
        assert (chunk.actions[0, 1], chunk.digest, follows.digest) == (1, "bundle-1", "bundle-1")
        assert follows.plan([observe()], [memory])[0][0].actions[0, 1] == 2
        with pytest.raises(RemoteError, match="remembers nothing of this robot"):
            means_one.plan([observe()], [memories[1]])
        with pytest.raises(RemoteError, match="serves another bundle"):
            means_one.plan([observe()], [None])


def test_a_server_that_has_ended_swaps_nothing() -> None:
    server = PolicyServer(Setup((Served("arm", Numbered(0)),)))
    server.close()
    with pytest.raises(ServiceError, match="the server has ended"):
        server.swap(Served("arm", Numbered(1)))


def shift(bundle: Bundle) -> Bundle:
    """Another bundle that plans nearly the same."""
    with torch.no_grad():
        next(bundle.network.parameters()).add_(1e-3)
    return bundle


def test_the_command_takes_up_what_lies_at_its_paths_when_it_is_told_to(tmp_path: Path) -> None:
    path, log = tmp_path / "bundle", tmp_path / "log"
    shutil.copytree(SHIPPED / "brick-pick", path)
    bundle = load_bundle(path)
    words = (sys.executable, "-m", "millwright", "serve", f"arm={path}", "--port", "0")

    def hang_up(told: str) -> None:
        server.send_signal(signal.SIGHUP)
        until_s = time.monotonic() + 60
        while told not in log.read_text():
            assert time.monotonic() < until_s, log.read_text()
            time.sleep(0.05)

    with log.open("w") as file, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=file, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"arm: (grpc://\S+)", server.stdout.readline())
        assert found
        assert RemotePlanner(f"{found[1]}/arm").digest == bundle.planner().digest
        other = shift(bundle).save(path).id
        hang_up(f"arm is {other} from now on")
        (path / "config.json").write_bytes(b"half")  # and the manifest is as it was
        hang_up("config.json was altered")
        shift(bundle).save(path)
        (path / "model.safetensors").write_bytes(b"half")
        hang_up("model.safetensors was altered")
        assert RemotePlanner(found[1]).digest == other
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
