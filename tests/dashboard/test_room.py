"""What one browser is sent, when it could not read everything in between."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from millwright.dashboard.newest import Newest
from millwright.dashboard.room import Browser, Room
from millwright.dashboard.snapshot import Snapshot
from millwright.dashboard.stage import Cast
from tests.dashboard.toy_table import ToyViewer


class Recorder:
    """A WebSocket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send_text(self, text: str) -> None:
        self.sent.append(json.loads(text))


def send_statuses(*snapshots: Snapshot) -> list[dict[str, Any]]:
    """The statuses of one browser that wakes once after each of these."""
    slot = Newest(Snapshot())
    cast = Cast("toy", (), 15.0, ToyViewer)
    viewers = SimpleNamespace(sizes={}, frames={}, problem="")
    room = Room(cast, slot, viewers)  # type: ignore[arg-type]
    socket = Recorder()

    async def run() -> None:
        browser: Browser = room.enter(socket)  # type: ignore[arg-type]
        sender = asyncio.create_task(browser.send_forever(room))
        for snapshot in snapshots:
            slot.put(snapshot)
            room.wake_all()
            while len(socket.sent) < 2 or socket.sent[-1].get("episode") != snapshot.episode or browser.wake.is_set():
                await asyncio.sleep(0)
            for _ in range(5):
                await asyncio.sleep(0)
        sender.cancel()

    asyncio.run(run())
    return [message for message in socket.sent if message["type"] == "status"]


def make_trace(length: int) -> tuple[tuple[float, float], ...]:
    return tuple((k / 15, 0.3 - 0.01 * k) for k in range(length))


def test_points_left_out_while_a_browser_was_slow_come_with_the_next_status() -> None:
    statuses = send_statuses(Snapshot(episode=1, trace=make_trace(2)), Snapshot(episode=1, trace=make_trace(7)))
    assert statuses[-1]["trace"]["from"] == 2
    assert len(statuses[-1]["trace"]["points"]) == 5


def test_a_new_episode_is_sent_from_its_first_point_even_when_its_start_was_missed() -> None:
    statuses = send_statuses(Snapshot(episode=1, trace=make_trace(3)), Snapshot(episode=2, trace=make_trace(6)))
    assert statuses[-1]["trace"]["from"] == 0
    assert len(statuses[-1]["trace"]["points"]) == 6


def test_what_has_not_changed_is_not_sent_again() -> None:
    same = Snapshot(episode=1, trace=make_trace(3))
    first, *_ = [status for status in send_statuses(same) if status["episode"] == 1]
    assert first["trace"]["from"] == 0
    assert sum(status["episode"] == 1 for status in send_statuses(same)) == 1
