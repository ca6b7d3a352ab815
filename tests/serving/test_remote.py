"""A remote planner plays the bundle that it was told of, and no other one."""

from __future__ import annotations

import time

import pytest

from millwright.core.errors import RemoteError
from millwright.serving.engine import Served
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
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
        until_s, told = time.monotonic() + 20, ""
        while "serves another bundle" not in told and time.monotonic() < until_s:  # until the channel tries again
            with pytest.raises(RemoteError) as caught:
                robot.plan([observe()], [None])
            told = str(caught.value)
            time.sleep(0.1)
    assert "another, not echo" in told
    assert len(second.batches) == 3, "it was asked for more than its golden chunks"
