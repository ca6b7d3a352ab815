"""The web side: who may drive, what a page receives, which doors stay shut."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from subprocess import PIPE
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from millwright.core.errors import ServiceError
from millwright.dashboard.server import Dashboard, start_dashboard
from tests.dashboard.toy_table import NAMES, make_session


@pytest.fixture(scope="module")
def shared() -> Iterator[Dashboard]:
    with start_dashboard(make_session, port=0) as dashboard:
        yield dashboard


class Client:
    """A browser without a screen."""

    def __init__(self, dashboard: Dashboard, **options: Any) -> None:
        self._connecting = connect(dashboard.url.replace("http", "ws") + "/ws", close_timeout=0.2, **options)
        self.socket: ClientConnection = self._connecting.__enter__()
        self.hello = json.loads(self.socket.recv(timeout=5))
        self.status: dict[str, Any] = {}
        self.trace: list[list[float]] = []
        self.frames: list[dict[str, Any]] = []

    def read(self) -> dict[str, Any]:
        """The next message; a frame as its header."""
        data = self.socket.recv(timeout=5)
        if isinstance(data, bytes):
            (length,) = struct.unpack(">I", data[:4])
            header = {"type": "frame", **json.loads(data[4 : 4 + length]), "jpeg": data[4 + length :]}
            self.frames.append(header)
            return header
        message = json.loads(data)
        if message["type"] == "status":
            self.status = message
            self.trace[message["trace"]["from"] :] = message["trace"]["points"]
        return message

    def until(self, **wanted: Any) -> dict[str, Any]:
        """The next status with these values."""
        while not self.status or any(self.status[key] != value for key, value in wanted.items()):
            self.read()
        return self.status

    def read_until(self, kind: str) -> dict[str, Any]:
        """The next message of this kind."""
        while (message := self.read())["type"] != kind:
            pass
        return message

    def ask(self, **command: Any) -> dict[str, Any]:
        return self.send(json.dumps(command))

    def send(self, text: str) -> dict[str, Any]:
        self.socket.send(text)
        while (message := self.read())["type"] != "answer":
            pass
        return message

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def test_a_page_is_told_what_there_is_to_see_and_who_can_drive(shared: Dashboard) -> None:
    with Client(shared) as client:
        scenery = client.read_until("scenery")
        assert [row["name"] for row in scenery["objects"]] == list(NAMES)
        assert client.hello["policies"][0] == "expert"
        assert client.hello["cameras"][0] == {"name": "overhead", "width": 320, "height": 240}
        assert client.until(phase="ready")["driving"]


def test_the_first_drives_and_the_second_watches_until_the_wheel_is_handed_over(shared: Dashboard) -> None:
    with Client(shared) as first, Client(shared) as second:
        first.until(browsers=2, driving=True)
        second.until(browsers=2, driving=False, seat_free=False)
        assert second.ask(do="run", target="red")["text"] == "you are watching; another browser drives"
        assert not second.ask(do="drive")["ok"]
        assert first.ask(do="hand over")["ok"]
        second.until(seat_free=True)
        assert first.ask(do="run", target="red")["text"] == "take the wheel first"
        assert second.ask(do="drive")["ok"]
        assert second.ask(do="shuffle", seed=3)["ok"]


def test_when_the_driver_leaves_a_watcher_can_take_over(shared: Dashboard) -> None:
    with Client(shared) as first, Client(shared) as second:
        second.until(driving=False, seat_free=False)
        first.socket.close()
        second.until(seat_free=True, browsers=1)
        assert second.ask(do="drive")["ok"]


def test_both_see_the_same_pick_and_a_latecomer_gets_the_whole_trace(shared: Dashboard) -> None:
    with Client(shared) as first, Client(shared) as second:
        first.until(phase="ready", driving=True)
        assert first.ask(do="run", target="violet")["target"] == "violet"
        first.until(phase="running")
        with Client(shared) as late:
            for client in (first, second, late):
                done = client.until(phase="finished")
                assert done["outcome"]["verdict"]["success"]
                assert len(client.trace) == done["step"]
                assert {frame["camera"] for frame in client.frames} == {"overhead", "wrist"}
        moving = [frame for frame in first.frames if frame["target"] == "violet"]
        assert all(len(frame["box"]) == 6 and frame["jpeg"][:2] == b"\xff\xd8" for frame in moving)
        assert {frame["step"] for frame in moving} > {2, 5, 10}
        first.until(phase="ready")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("run!", "not JSON"),
        ("[1]", "a command is an object"),
        ("[" * 20_000, "not JSON"),
        ('{"do": "run", "instruction": "\\ud800 lift"}', "half of a character"),
        ('{"do": "run", "id": "\\ud800"}', "half of a character"),
        ('{"do": "rum"}', "did you mean 'run'? (commands: run, clear, stop, shuffle, policy, keys, dream)"),
        ('{"do": "run", "click": {"camera": "overhead", "u": 2, "v": 0}}', "a click is"),
        ('{"do": "run", "click": {"camera": "overhead", "u": NaN, "v": 0}}', "a click is"),
        ('{"do": "run", "click": {"camera": "above", "u": 0.5, "v": 0}}', "(cameras: overhead, wrist)"),
        ('{"do": "run", "target": 3}', "a target is a name"),
        ('{"do": "shuffle", "seed": -1}', "a seed is a whole number"),
        ('{"do": "policy", "name": "nobody"}', "(policies: expert,"),
    ],
)
def test_a_message_that_is_no_command_gets_an_answer_that_says_what_is(
    shared: Dashboard, text: str, reason: str
) -> None:
    with Client(shared) as client:
        answer = client.send(text)
        assert not answer["ok"]
        assert reason in answer["text"]


def test_a_browser_that_does_not_read_holds_nobody_up(shared: Dashboard) -> None:
    with Client(shared) as first, Client(shared, max_queue=1):
        first.until(phase="ready", driving=True)
        assert first.ask(do="policy", name="still")["ok"]
        first.until(phase="ready", policy="still")
        assert first.ask(do="run", target="red")["ok"]
        first.until(step=30)
        assert first.status["pace"]["rate_hz"] > 9  # 15 on a quiet machine; waiting for the silent one gives 0
        assert first.ask(do="stop")["ok"]
        assert first.ask(do="policy", name="expert")["ok"]
        first.until(phase="ready", policy="expert")


def test_pages_of_other_origins_can_neither_watch_nor_drive(shared: Dashboard) -> None:
    with pytest.raises(InvalidStatus):
        Client(shared, additional_headers={"Origin": "http://elsewhere.example"})
    with Client(shared, additional_headers={"Origin": shared.url}) as client:
        assert client.hello["type"] == "hello"
    assert httpx.get(shared.url, headers={"Host": "elsewhere.example"}).status_code == 400


def test_the_page_and_its_modules_are_served_and_may_load_nothing_from_elsewhere(shared: Dashboard) -> None:
    page = httpx.get(shared.url)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    for name in ("app.js", "style.css", "icon.svg"):
        assert httpx.get(f"{shared.url}/{name}").status_code == 200
    assert httpx.get(f"{shared.url}/api/status").json()["phase"] in ("ready", "finished")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/api/nothing", 404), ("GET", "/no.js", 404), ("DELETE", "/api/try", 405)]
)
def test_what_is_not_there_or_asked_in_another_way_is_answered_like_every_refusal(
    shared: Dashboard, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, shared.url + path)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(f"{method} {path}: ")


def test_ctrl_c_ends_the_server_and_its_processes_without_a_trace_of_errors() -> None:
    program = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a test run in the background ignores it
        "from millwright.dashboard.server import serve_dashboard\n"
        "from tests.dashboard.toy_table import make_session\n"
        "if __name__ == '__main__':\n"
        "    serve_dashboard(make_session, port=0, on_ready=lambda url: print(url, flush=True))\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert httpx.get(url).status_code == 200
        os.killpg(server.pid, signal.SIGINT)
        _, errors = server.communicate(timeout=30)
    assert (server.returncode, errors) == (0, "")


def test_a_port_in_use_is_named_together_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"port {port} on 127.0.0.1 is in use; .*--port {port + 1}"):
            start_dashboard(make_session, port=port)


def test_other_machines_are_let_in_only_when_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ServiceError, match="--allow-remote"):
        start_dashboard(make_session, host="0.0.0.0", port=0)
    with start_dashboard(make_session, host="0.0.0.0", port=0, allow_remote=True):
        assert "can be reached, and driven, from other machines" in caplog.text
