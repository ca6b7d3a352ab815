"""Room: the browsers that watch, and the one of them that drives."""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
from typing import Any

from starlette.websockets import WebSocket

from millwright.dashboard.dreaming import AHEAD
from millwright.dashboard.newest import Newest
from millwright.dashboard.snapshot import Snapshot
from millwright.dashboard.stage import Cast
from millwright.dashboard.viewer_process import Frame, ViewerProcess


class Browser:
    """One connected page. Its sender takes what is newest when the connection has room, so nothing queues."""

    def __init__(self, socket: WebSocket, number: int) -> None:
        self._socket = socket
        self.number = number
        self.wake = asyncio.Event()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=8)
        self._seen: dict[str, int] = {}
        self._status_seen: object = None
        self._scenery_seen: object = None
        self._trace_sent = (0, 0)  # episode, points

    async def answer(self, message: dict[str, Any]) -> None:
        """Send this before anything else; waits when the page does not read."""
        await self._answers.put(message)
        self.wake.set()

    async def send_forever(self, room: Room) -> None:
        await self._socket.send_text(json.dumps(room.describe(self)))
        while True:
            while not self._answers.empty():
                await self._socket.send_text(json.dumps(self._answers.get_nowait()))
            await self._send_status(room)
            for camera, slot in room.viewers.frames.items():
                await self._send_frame(camera, slot)
            await self.wake.wait()
            self.wake.clear()

    async def _send_status(self, room: Room) -> None:
        seat = room.describe_seat(self)
        now = (room.snapshots.version, seat)
        if now == self._status_seen:
            return
        self._status_seen = now
        snapshot = room.snapshots.value
        if snapshot.scenery != self._scenery_seen:
            self._scenery_seen = snapshot.scenery
            await self._socket.send_text(json.dumps({"type": "scenery", **snapshot.scenery.to_json()}))
        episode, sent = self._trace_sent
        start = sent if episode == snapshot.episode else 0
        self._trace_sent = (snapshot.episode, len(snapshot.trace))
        trace = {"from": start, "points": snapshot.trace[start:], "dreams": snapshot.dream_trace[start:]}
        await self._socket.send_text(json.dumps({"type": "status", **snapshot.to_json(), "trace": trace, **seat}))

    async def _send_frame(self, camera: str, slot: Newest[Frame | None]) -> None:
        version, frame = slot.version, slot.value
        if frame is None or self._seen.get(camera) == version:
            return
        self._seen[camera] = version
        await self._socket.send_bytes(pack_frame(frame))


class Room:
    """Who is here. The seat goes to the first who comes; a free one to whoever takes it or comes next."""

    def __init__(self, cast: Cast, snapshots: Newest[Snapshot], viewers: ViewerProcess) -> None:
        self.cast, self.snapshots, self.viewers = cast, snapshots, viewers
        self.server = Newest[tuple[str, str] | None](None)
        """Address and state of the server that a policy asks."""
        self.browsers: list[Browser] = []
        self.driver: Browser | None = None
        self._numbers = itertools.count(1)

    def connect(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let every new snapshot and frame wake the senders."""

        def wake_soon() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.wake_all)

        self.snapshots.listen(wake_soon)
        self.server.listen(wake_soon)
        for slot in self.viewers.frames.values():
            slot.listen(wake_soon)

    def wake_all(self) -> None:
        for browser in self.browsers:
            browser.wake.set()

    def enter(self, socket: WebSocket) -> Browser:
        browser = Browser(socket, next(self._numbers))
        self.browsers.append(browser)
        if self.driver is None:
            self.driver = browser
        self.wake_all()
        return browser

    def leave(self, browser: Browser) -> None:
        self.browsers.remove(browser)
        self.release(browser)

    def take(self, browser: Browser) -> bool:
        """Sit down if the seat is free; whether `browser` drives now."""
        self.driver = self.driver or browser
        self.wake_all()
        return self.driver is browser

    def release(self, browser: Browser) -> None:
        if self.driver is browser:
            self.driver = None
        self.wake_all()

    def describe(self, browser: Browser) -> dict[str, Any]:
        """The first message a page gets."""
        cast = self.cast
        sizes = self.viewers.sizes.items()
        cameras = [{"name": name, "width": width, "height": height} for name, (width, height) in sizes]
        return {
            "type": "hello",
            "number": browser.number,
            "title": cast.title,
            "control_hz": cast.control_hz,
            "cameras": cameras,
            "policies": cast.policies,
            "goes_on": cast.goes_on,
            "by_words": cast.by_words,
            "drives": cast.drives,
            "traced": cast.traced,
            "dreamers": cast.dreamers,
            "ahead": AHEAD,
        }

    def describe_seat(self, browser: Browser) -> dict[str, Any]:
        return {
            "driving": self.driver is browser,
            "seat_free": self.driver is None,
            "browsers": len(self.browsers),
            "view_problem": self.viewers.problem,
            "server": self.server.value,
        }


def pack_frame(frame: Frame) -> bytes:
    """Length of the header (4 bytes, big endian), header (JSON), picture (JPEG)."""
    now = frame.snapshot
    header = {
        "camera": frame.camera,
        "scene": now.scene,
        "episode": now.episode,
        "step": now.step,
        "target": now.target,
        "box": now.box,
        "marks": frame.marks,
    }
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + frame.jpeg
