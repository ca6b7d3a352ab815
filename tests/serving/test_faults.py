"""Whatever a client or a network does, the others are served on; whatever a server does, a client hears in time."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from typing import Any

import grpc
import numpy as np
import pytest

from millwright.core.errors import RemoteError
from millwright.serving import wire
from millwright.serving.desk import Desk
from millwright.serving.engine import Caps, Served
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.refusal import Code
from millwright.serving.remote import RemotePlanner
from millwright.serving.server import PolicyServer, Setup
from tests.serving.planners import IMAGE, STATE, Echo, observe

ACT = "/millwright.v1.PolicyService/Act"
CAPS = Caps(max_budget_s=30.0, max_connections=40, handshake_s=1.0, max_streams=8)


@pytest.fixture(scope="module")
def planner() -> Echo:
    return Echo()


@pytest.fixture(scope="module")
def server(planner: Echo) -> Iterator[PolicyServer]:
    with PolicyServer(Setup((Served("echo", planner),), caps=CAPS)) as server:
        yield server


@pytest.fixture
def others_are_served(server: PolicyServer) -> Iterator[Callable[[], None]]:
    """A robot that was there before, is served meanwhile, and is served after."""
    robot = RemotePlanner(f"grpc://{server.addresses.grpc}")

    def ask() -> None:
        assert robot.plan([observe(8)], [None])[0][0].actions[0, 0] == 8

    ask()
    yield ask
    ask()
    robot.close()


def request(robot: str = "r", sequence: int = 1, **changes: pb.Value) -> pb.ActRequest:
    values = wire.encode_observation(Echo().inputs, observe()) | changes
    return pb.ActRequest(robot=robot, sequence=sequence, observation=values)


def talk(server: PolicyServer, *messages: bytes) -> list[pb.ActResponse]:
    """What a stream of these bytes is answered."""
    with grpc.insecure_channel(server.addresses.grpc) as channel:
        answers = channel.stream_stream(ACT)(iter(messages), timeout=10)
        return [pb.ActResponse.FromString(answer) for answer in answers]


GOOD = request().SerializeToString()
BAD_BYTES = {
    "garbage": (os.urandom(500) + b"\xff" * 20, grpc.StatusCode.INVALID_ARGUMENT),
    "truncated": (GOOD[: len(GOOD) // 2], grpc.StatusCode.INVALID_ARGUMENT),
    "oversized": (b"\0" * 40_000_000, grpc.StatusCode.RESOURCE_EXHAUSTED),
}


@pytest.mark.parametrize("kind", BAD_BYTES)
@pytest.mark.usefixtures("others_are_served")
def test_bytes_that_are_no_message_end_their_stream_alone(server: PolicyServer, kind: str) -> None:
    data, code = BAD_BYTES[kind]
    with pytest.raises(grpc.RpcError) as caught:
        talk(server, data)
    assert caught.value.code() == code
    assert "Traceback" not in caught.value.details()


def numbers(array: np.ndarray) -> pb.Value:
    return pb.Value(array=wire.encode_array(array))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({STATE.name: numbers(np.array([np.nan, 0], "f4"))}, "not finite"),
        ({IMAGE.name: numbers(np.full(IMAGE.shape, np.nan, "f4"))}, "expected uint8 (8, 8, 3), got float32 (8, 8, 3)"),
        ({STATE.name: numbers(np.zeros(7, "f4"))}, "expected float32 (2,), got float32 (7,)"),
        ({"observation.wrench": numbers(np.zeros(6, "f4"))}, "not asked for; this bundle's features"),
        ({IMAGE.name: pb.Value(png=b"\x89PNG\r\n\x1a\n" + b"\0" * 50)}, "not a whole PNG"),
    ],
)
def test_an_observation_that_is_wrong_is_refused_and_its_stream_goes_on(
    server: PolicyServer, changes: dict[str, pb.Value], told: str
) -> None:
    wrong = request("wrong", 1)
    for name, value in changes.items():
        wrong.observation[name].CopyFrom(value)
    refused, answered = sorted(
        talk(server, wrong.SerializeToString(), GOOD), key=lambda answer: answer.robot != "wrong"
    )
    assert refused.refusal.code == Code.INVALID_ARGUMENT
    assert told in refused.refusal.message
    assert len(answered.chunk.actions.data) == 4 * 2 * 4


def test_a_robot_that_floods_gets_one_answer_each_and_its_newest_observation_is_planned_with(
    server: PolicyServer, planner: Echo
) -> None:
    planner.gate.clear()
    planner.entered.clear()
    answers: list[pb.ActResponse] = []

    def send() -> Iterator[bytes]:
        for sequence in range(1, 301):
            yield request("flood", sequence).SerializeToString()
            assert planner.entered.wait(10)  # with the first one

    with grpc.insecure_channel(server.addresses.grpc) as channel:
        for answer in channel.stream_stream(ACT)(send(), timeout=30):
            answers.append(pb.ActResponse.FromString(answer))
            if len(answers) == 298:  # all but the first, which is being planned with, and the last, which waits
                planner.gate.set()
    assert sorted(answer.sequence for answer in answers) == list(range(1, 301))
    assert {answer.sequence for answer in answers if answer.HasField("chunk")} == {1, 300}
    assert {answer.refusal.code for answer in answers if answer.HasField("refusal")} == {Code.ABORTED}


@pytest.mark.usefixtures("others_are_served")
def test_a_client_that_goes_in_the_middle_of_a_call_leaves_nothing_behind(server: PolicyServer, planner: Echo) -> None:
    for _ in range(2 * CAPS.max_streams):  # more than would fit beside each other
        planner.gate.clear()
        planner.entered.clear()
        with grpc.insecure_channel(server.addresses.grpc) as channel:
            call = channel.stream_stream(ACT)(iter([GOOD]), timeout=10)
            assert planner.entered.wait(5)
            call.cancel()
        planner.gate.set()


HIDDEN = {
    "fault": (OSError("/secret/place is gone"), "INTERNAL", "the server's log says why"),
    "timeout": (TimeoutError("/secret/place is slow"), "DEADLINE_EXCEEDED", "no answer in time"),
}


@pytest.mark.parametrize("method", ["Act", "Describe", "Reset"])
@pytest.mark.parametrize("kind", HIDDEN)
@pytest.mark.usefixtures("others_are_served")
def test_an_error_that_was_not_meant_for_a_client_stays_in_the_servers_log(
    server: PolicyServer, kind: str, method: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error, code, told = HIDDEN[kind]

    def fail(*given: Any) -> None:
        raise error

    count = server.metrics.registry.get_sample_value
    before = count("millwright_refused_total", {"code": code}) or 0
    with monkeypatch.context() as broken:
        broken.setattr(Desk, {"Act": "submit", "Describe": "describe", "Reset": "reset"}[method], fail)
        with grpc.insecure_channel(server.addresses.grpc) as channel:
            ask = channel.stream_stream(ACT.replace("Act", method))
            with pytest.raises(grpc.RpcError) as caught:
                list(ask(iter([GOOD if method == "Act" else b""]), timeout=10))
    assert caught.value.code().name == code
    assert told in caught.value.details()
    assert "secret" not in str(caught.value)
    assert count("millwright_refused_total", {"code": code}) == before + 1
    assert "/secret/place" in caplog.text
    assert "Traceback" in caplog.text


def test_half_open_connections_are_closed_and_robots_get_through(
    server: PolicyServer, others_are_served: Callable[[], None]
) -> None:
    host, port = server.addresses.grpc.split(":")
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection((host, int(port)))) for _ in range(200)]
        for number, one in enumerate(sockets):
            one.setblocking(False)
            if number % 2:  # some say nothing, some the wrong thing
                with suppress(OSError):
                    one.send(b"GET / HTTP/1.1\r\n")
        others_are_served()
        until_s, newcomer = time.monotonic() + 30, None
        while newcomer is None and time.monotonic() < until_s:
            try:
                newcomer = RemotePlanner(f"grpc://{server.addresses.grpc}", answer_s=2)
            except RemoteError:
                time.sleep(0.2)
        assert newcomer is not None
        assert newcomer.plan([observe(5)], [None])[0][0].actions[0, 0] == 5
        newcomer.close()


def test_streams_are_bounded_in_number_and_in_silence() -> None:
    endless: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    caps = Caps(max_streams=2, stream_idle_s=2.0)
    with PolicyServer(Setup((Served("echo", Echo()),), caps=caps)) as server, ExitStack() as stack:
        options = [("grpc.use_local_subchannel_pool", 1)]  # a connection each
        channels = [stack.enter_context(grpc.insecure_channel(server.addresses.grpc, options)) for _ in range(3)]
        calls = [channel.stream_stream(ACT)(iter(endless.get, None), timeout=20) for channel in channels]
        codes = sorted(_end(call).name for call in calls)
    assert codes == ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"]


def _end(call: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    return caught.value.code()


def test_a_server_that_stalls_is_told_of_in_time_and_heard_again_after(server: PolicyServer, planner: Echo) -> None:
    robot = RemotePlanner(f"grpc://{server.addresses.grpc}")
    robot.hurry(0.4)
    planner.gate.clear()
    started_s = time.monotonic()
    with pytest.raises(RemoteError, match=r"within 0\.4 s|budget"):
        robot.plan([observe(1)], [None])
    assert time.monotonic() - started_s < 5  # on a machine that does much else
    planner.gate.set()
    patient = RemotePlanner(f"grpc://{server.addresses.grpc}")
    assert patient.plan([observe(2)], [None])[0][0].actions[0, 0] == 2


def serve(pipe: Connection, port: int) -> None:
    with PolicyServer(Setup((Served("echo", Echo()),), port=port)) as server:
        pipe.send(server.addresses.grpc)
        pipe.recv()


def start(port: int = 0) -> tuple[Any, str, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, port), daemon=True)
    process.start()
    theirs.close()
    return process, ours.recv(), ours


def test_a_server_that_is_killed_is_told_of_and_one_that_comes_back_is_found() -> None:
    process, address, _pipe = start()
    robot = RemotePlanner(f"grpc://{address}", answer_s=3)
    assert robot.plan([observe(1)], [None])[0][0].actions[0, 0] == 1
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with pytest.raises(RemoteError, match=f"grpc://{address}"):
        robot.plan([observe(2)], [None])
    process, _, pipe = start(int(address.rpartition(":")[2]))
    until_s = time.monotonic() + 20
    while True:
        try:
            chunk = robot.plan([observe(3)], [None])[0][0]
            break
        except RemoteError:  # until the channel tries again
            assert time.monotonic() < until_s
            time.sleep(0.1)
    assert chunk.actions[0, 0] == 3
    pipe.send("end")
    process.join()
    assert process.exitcode == 0
