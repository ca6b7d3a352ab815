"""A server's memory stays bounded, whatever is announced, sent or left open; and robots are served meanwhile."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
import pytest

from millwright.serving.engine import Served
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from tests.serving.flood import GIGABYTE, Call, flood_http
from tests.serving.planners import Echo, observe

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc tells memory on Linux alone")
ACT = "/millwright.v1.PolicyService/Act"
MOST_MB = 64
"""Of growth: what a few connections' buffers hold, far from what is sent."""


class Running(NamedTuple):
    """A server in a process of its own."""

    pid: int
    grpc: str
    http: str

    def read_peak_mb(self) -> float:
        """The most that the process ever held."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (peak,) = (line for line in lines if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024

    def check_served(self) -> None:
        """Somebody else gets an answer."""
        robot = RemotePlanner(f"grpc://{self.grpc}", answer_s=20)
        assert robot.plan([observe(3)], [None])[0][0].actions[0, 0] == 3
        robot.close()


def serve(pipe: Connection) -> None:
    with PolicyServer(Setup((Served("echo", Echo()),), http_port=0)) as server:
        pipe.send(server.addresses)
        pipe.recv()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    addresses = ours.recv()
    assert process.pid is not None
    yield Running(process.pid, addresses.grpc, addresses.http.removeprefix("http://"))
    process.kill()
    process.join()


@pytest.fixture
def bounded(server: Running) -> Iterator[None]:
    """Memory before and after a test."""
    server.check_served()
    before_mb = server.read_peak_mb()
    yield
    server.check_served()
    grown_mb = server.read_peak_mb() - before_mb
    assert grown_mb < MOST_MB, f"{grown_mb:.0f} MB more"


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("polite", [True, False])
def test_a_message_of_a_gigabyte_is_refused_long_before_it_is_there(server: Running, polite: bool) -> None:
    calls = [Call(server.grpc, ACT, polite=polite) for _ in range(4)]
    server.check_served()
    assert all(call.flood() < GIGABYTE for call in calls)
    assert all(call.ended for call in calls) or not polite


@pytest.mark.usefixtures("bounded")
def test_a_body_of_a_gigabyte_is_refused_long_before_it_is_there(server: Running) -> None:
    for _ in range(4):
        sent, answer = flood_http(server.http, "/v1/act")
        assert sent < GIGABYTE / 10
        assert "413" in answer or not answer


@pytest.mark.slow
@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("door", ["grpc", "http"])
def test_a_thousand_half_open_connections_are_closed_and_newcomers_get_through(server: Running, door: str) -> None:
    host, port = getattr(server, door).split(":")
    robot = RemotePlanner(f"grpc://{server.grpc}")
    with ExitStack() as stack:
        for number in range(1000):
            with suppress(OSError):  # beyond the cap they are closed at once
                one = stack.enter_context(socket.create_connection((host, int(port)), 5))
                one.setblocking(False)
                if number % 10 == 0:  # most say nothing, some half of something
                    one.send(b"POST /v1/act HTTP/1.1\r\nContent-Length: 9")
        assert robot.plan([observe(8)], [None])[0][0].actions[0, 0] == 8
        let_in = {"grpc": let_in_by_grpc, "http": let_in_by_http}[door]
        until_s = time.monotonic() + 60
        while not let_in(getattr(server, door)):
            assert time.monotonic() < until_s
            time.sleep(0.2)
    robot.close()


def let_in_by_grpc(address: str) -> bool:
    """Whether somebody who was not connected yet is answered."""
    with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            channel.unary_unary("/millwright.v1.PolicyService/Describe")(b"", timeout=5)
        except grpc.RpcError:
            return False
        return True


def let_in_by_http(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v1/describe", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
