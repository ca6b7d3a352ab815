"""What strangers send to the HTTP twin: numbers that are none, requests that never end, bodies without a token."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from millwright.serving.access import Access
from millwright.serving.desk import Desk
from millwright.serving.engine import Caps, Served
from millwright.serving.server import PolicyServer, Setup
from tests.serving.planners import IMAGE, STATE, Echo, observe

CAPS = Caps(max_streams=8, handshake_s=0.5)
SEEN = {name: value.tolist() for name, value in observe(3, 4).items()}


@pytest.fixture(scope="module")
def server() -> Iterator[PolicyServer]:
    with PolicyServer(Setup((Served("echo", Echo()),), http_port=0, caps=CAPS)) as server:
        yield server


def picture(first: Any) -> Any:
    rows = observe()[IMAGE.name].tolist()
    rows[0][0][0] = first
    return rows


def nest(deep: int) -> Any:
    rows: Any = 1.0
    for _ in range(deep):
        rows = [rows]
    return rows


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (IMAGE.name, picture(0.7), "uint8 does not hold 0.7"),
        (IMAGE.name, picture(256), "out of bounds for uint8"),
        (IMAGE.name, picture(-1), "out of bounds for uint8"),
        (IMAGE.name, picture(float("nan")), "NaN"),
        (STATE.name, [1, "2"], "numbers are meant, in rows of one length, got str"),
        (STATE.name, [1, True], "numbers are meant, in rows of one length, got bool"),
        (STATE.name, [1, None], "numbers are meant, in rows of one length, got NoneType"),
        (STATE.name, [1, float("nan")], "float32 does not hold nan"),
        (STATE.name, [1, 1e39], "float32 does not hold 1e+39"),
        (STATE.name, nest(60), "expected float32 (2,)"),
        (STATE.name, nest(200), "numbers are meant"),
        ("\ud800", [1, "2"], "numbers are meant"),
    ],
)
def test_a_number_that_would_become_another_one_is_refused(
    server: PolicyServer, name: str, value: Any, told: str
) -> None:
    answer = send(server, {"observation": SEEN | {name: value}})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")
    assert told in answer.json()["detail"]


@pytest.mark.parametrize("value", [1, 1.0, 2**40, 1e-40])
def test_a_number_that_is_kept_or_rounded_is_taken(server: PolicyServer, value: float) -> None:
    assert send(server, {"observation": SEEN | {STATE.name: [value, 1], IMAGE.name: picture(255.0)}}).is_success


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"sequence": float("nan")}, "body.sequence"),
        ({"sequence": "1"}, "body.sequence"),
        ({"sequence": True}, "body.sequence"),
        ({"observed_at_s": "1"}, "body.observed_at_s"),
        ({"budget_s": True}, "body.budget_s"),
        ({"robot": {"secret": 1}}, "body.robot"),
        ({"observation": {"\ud800": 1}}, "body.observation"),
        ({"observation": {STATE.name: {"dtype": "float32", "shape": ["secret"], "data": ""}}}, "body.observation"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_its_place_and_not_repeated(
    server: PolicyServer, changes: dict[str, Any], place: str
) -> None:
    answer = send(server, {"observation": SEEN} | changes)
    assert (answer.status_code, set(answer.json())) == (422, {"code", "detail"})
    assert answer.json()["detail"].startswith(place)
    assert "secret" not in answer.text


def test_a_body_that_does_not_say_that_it_is_json_is_told_how_to() -> None:
    with PolicyServer(Setup((Served("echo", Echo()),), http_port=0)) as server:
        answer = httpx.post(f"{server.addresses.http}/v1/act", data={"observation": "{}"})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_ARGUMENT")
    assert answer.json()["detail"].endswith("send it with Content-Type: application/json")


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/v1/act"), ("POST", "/v2/act")])
def test_a_call_that_there_is_not_is_told_those_that_there_are(server: PolicyServer, method: str, path: str) -> None:
    answer = httpx.request(method, server.addresses.http + path)
    assert answer.status_code in (404, 405)
    calls = "GET /v1/describe, POST /v1/act, POST /v1/reset, GET /metrics"
    assert answer.json() == {"code": "NOT_FOUND", "detail": f"no such call; there are {calls}"}


def test_each_refusal_is_counted_once_wherever_it_was_found_out() -> None:
    access = Access({hashlib.sha256(b"a-token-that-is-long-enough").digest(): "robot"})
    held = {"Authorization": "Bearer a-token-that-is-long-enough", "Content-Type": "application/json"}
    refused: list[dict[str, Any]] = [
        {"observation": SEEN, "budget_s": -1},  # by the desk
        {"observation": {STATE.name: ["1"]}},  # by who reads numbers
        {"observation": SEEN, "sequence": "1"},  # by who reads the body
        {"observation": SEEN, "bundle": "another"},
    ]
    with PolicyServer(Setup((Served("echo", Echo()),), http_port=0, access=access)) as server:
        web = server.addresses.http
        assert httpx.post(f"{web}/v1/act", json=refused[0]).json()["code"] == "UNAUTHENTICATED"
        for body in refused:
            assert httpx.post(f"{web}/v1/act", json=body, headers=held).status_code in (400, 404, 422)
        told = httpx.get(f"{web}/metrics", headers=held).text
    for code, count in {"INVALID_ARGUMENT": 3, "NOT_FOUND": 1, "UNAUTHENTICATED": 1}.items():
        assert f'millwright_refused_total{{code="{code}"}} {count:.1f}' in told


def test_a_twin_whose_process_has_no_terminal_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it where descriptor 1 is closed
    with PolicyServer(Setup((Served("echo", Echo()),), http_port=0)) as server:
        assert httpx.get(f"{server.addresses.http}/v1/describe").is_success


@pytest.mark.parametrize("path", ["act", "reset"])
def test_a_name_that_no_message_can_hold_is_refused(server: PolicyServer, path: str) -> None:
    answer = send(server, {"robot": "\ud800"} | ({"observation": SEEN} if path == "act" else {}), path)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(OSError("/secret/place is gone"), 500, "INTERNAL"), (TimeoutError("/secret"), 504, "DEADLINE_EXCEEDED")],
)
def test_an_error_that_was_not_meant_for_a_client_is_not_told(
    server: PolicyServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    error: Exception, status: int, code: str,
) -> None:  # fmt: skip
    def fail(*given: Any) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(Desk, "answer", fail)
        answer = send(server, {"observation": SEEN})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "secret" not in answer.text
    assert send(server, {"observation": SEEN}).status_code == 200
    assert "/secret" in caplog.text


def send(server: PolicyServer, body: dict[str, Any], path: str = "act") -> httpx.Response:
    """As clients send it whose JSON knows NaN."""
    url, kind = f"{server.addresses.http}/v1/{path}", {"Content-Type": "application/json"}
    return httpx.post(url, content=json.dumps(body), headers=kind)


BEGINNINGS = (b"", b"GET /v1/desc", b"POST /v1/act HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")


@pytest.mark.parametrize("number", [3, 12])  # fewer and more than are answered beside each other
def test_connections_without_a_whole_request_are_closed_and_others_get_through(
    server: PolicyServer, number: int
) -> None:
    host, port = server.addresses.http.removeprefix("http://").split(":")
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection((host, int(port)), 20)) for _ in range(number)]
        for place, one in enumerate(sockets):
            one.sendall(BEGINNINGS[place % len(BEGINNINGS)])
        until_s, status = time.monotonic() + 20, 0
        while status != 200 and time.monotonic() < until_s:
            status = httpx.get(f"{server.addresses.http}/v1/describe").status_code
            time.sleep(0.1)
        assert status == 200
        for one in sockets:
            while one.recv(4096):  # raises when nothing comes and the other end stays open
                pass


def test_a_second_request_that_never_ends_closes_its_connection_too(server: PolicyServer) -> None:
    host, port = server.addresses.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 20) as one:
        one.sendall(b"GET /v1/describe HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200 OK" in one.recv(15)
        one.sendall(b"GET /v1/desc")
        while one.recv(4096):
            pass


def test_a_plan_that_takes_longer_than_a_request_may_is_answered() -> None:
    planner = Echo()
    with PolicyServer(Setup((Served("echo", planner),), http_port=0, caps=CAPS)) as server:
        planner.gate.clear()
        planner.entered.clear()
        host, port = server.addresses.http.removeprefix("http://").split(":")
        body = json.dumps({"observation": SEEN}).encode()
        with socket.create_connection((host, int(port)), 20) as one:
            head = f"POST /v1/act HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            one.sendall(head.encode() + b"\r\n\r\n" + body[:50])
            one.sendall(body[50:])
            assert planner.entered.wait(10)
            time.sleep(2 * CAPS.handshake_s)
            planner.gate.set()
            assert b"200 OK" in one.recv(15)


def test_a_token_is_asked_for_before_the_body_is_read_and_on_every_path() -> None:
    access = Access({hashlib.sha256(b"a-token-that-is-long-enough").digest(): "robot"})
    caps = Caps(handshake_s=60)
    setup = Setup((Served("echo", Echo()),), http_port=0, access=access, caps=caps, production=True)
    with PolicyServer(setup) as server:
        host, port = server.addresses.http.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as one:
            one.sendall(BEGINNINGS[-1])  # the rest never comes
            assert b"401" in one.recv(12)
        assert httpx.get(f"{server.addresses.http}/openapi.json").status_code == 401
        held = {"Authorization": "Bearer a-token-that-is-long-enough"}
        assert httpx.get(f"{server.addresses.http}/v1/describe", headers=held).status_code == 200
        assert httpx.get(f"{server.addresses.http}/openapi.json", headers=held).status_code == 404
