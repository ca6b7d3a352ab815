"""A remote planner plays the bundle that it was told of, and no other one."""

from __future__ import annotations

import math
import time

import pytest

from millwright.core.errors import RemoteError
from millwright.serving.engine import Caps, Served
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from millwright.serving.stages import REMOTE, read_stages, tell_stages
from tests.serving.planners import Echo, observe


def test_a_bundle_that_took_the_place_of_another_is_not_played() -> None:
    first, second = Echo(), Echo()
    second.digest = "another"
    with PolicyServer(Setup((Served("echo", first),))) as server:
        robot = RemotePlanner(f"grpc://{server.addresses.grpc}", answer_s=3)
        assert robot.plan([observe()], [None])[0][0].digest == "echo"
        first.digest = "yet another"
        with pytest.raises(RemoteError, match=r"serves another bundle .*: yet another, not echo"):
            robot.plan([observe()], [None])
    with PolicyServer(Setup((Served("echo", second),), port=int(server.addresses.grpc.rpartition(":")[2]))):
        until_s, told, golden = time.monotonic() + 20, "", len(second.batches)
        while "serves another bundle" not in told and time.monotonic() < until_s:  # until the channel tries again
            with pytest.raises(RemoteError) as caught:
                robot.plan([observe()], [None])
            told = str(caught.value)
            time.sleep(0.1)
    assert "another, not echo" in told
    assert len(second.batches) == golden, "it was asked for more than its golden chunks"


def test_a_chunk_tells_where_its_time_went_on_both_sides() -> None:
    slow = Echo()
    with PolicyServer(Setup((Served("echo", slow),))) as server:
        robot = RemotePlanner(f"grpc://{server.addresses.grpc}")
        slow.pause_s = 0.05
        began_s = time.perf_counter()
        (chunk,), _ = robot.plan([observe()], [None])
        took_s = time.perf_counter() - began_s
    assert tuple(chunk.timings) == REMOTE
    assert chunk.timings["server_plan"] >= slow.pause_s
    assert 0 < sum(chunk.timings.values()) <= took_s


def test_stages_that_a_server_makes_up_are_passed_over() -> None:
    told = {"decode": 0.1, "queue": -1.0, "plan": math.inf, "encode": math.nan, "elsewhere": 1.0}
    assert read_stages(told) == {"decode": 0.1}
    assert tell_stages(0.1, 0.2, 0.1, {"plan": 5.0})["network"] == 0.0


def test_a_stream_that_ended_while_nobody_asked_is_opened_anew() -> None:
    with PolicyServer(Setup((Served("echo", Echo()),), caps=Caps(stream_idle_s=0.2))) as server:
        robot = RemotePlanner(f"grpc://{server.addresses.grpc}")
        robot.plan([observe()], [None])
        stream, until_s = robot._stream, time.monotonic() + 20
        assert stream is not None
        while not stream.broken and time.monotonic() < until_s:
            time.sleep(0.05)
        assert robot.plan([observe(5)], [None])[0][0].actions[0, 0] == 5
