"""Whether a server serves is told as soon as that changes."""

from __future__ import annotations

import queue

from millwright.serving.engine import Served
from millwright.serving.reach import GONE, SERVING, Reach
from millwright.serving.server import PolicyServer, Setup
from tests.serving.planners import Echo


def await_state(told: queue.SimpleQueue[str], wanted: str) -> None:
    while told.get(timeout=30) != wanted:
        pass


def test_a_server_that_goes_and_comes_back_is_told_of() -> None:
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    with PolicyServer(Setup((Served("echo", Echo()),))) as server:
        address = server.addresses.grpc
        reach = Reach(f"grpc://{address}", told.put)
        await_state(told, SERVING)
    await_state(told, GONE)
    with PolicyServer(Setup((Served("echo", Echo()),), port=int(address.rpartition(":")[2]))):
        await_state(told, SERVING)
        reach.close()
    assert told.empty(), "who has stopped watching tells nothing any more"
