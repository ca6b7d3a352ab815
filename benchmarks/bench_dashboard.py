"""How well control keeps its rate while two browsers watch both views, and how fast a click is answered. Prints JSON.

python benchmarks/bench_dashboard.py [--seconds 20] [--policy expert]
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import json
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from millwright import catalog
from millwright.dashboard.server import Dashboard, start_dashboard
from millwright.dashboard.session import Session
from millwright.dashboard.snapshot import RUNNING
from millwright.dashboard.stage import Stage


class Tick(NamedTuple):
    """When a control tick was published, and how late it began."""

    episode: int
    at_s: float
    late_ms: float


@dataclass
class Client:
    """A browser without a screen: reads everything, keeps when frames came while an episode ran."""

    url: str
    frames: dict[str, list[float]] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changed = threading.Condition()
        self.ready = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()
        self.ready.wait()

    def read(self) -> None:
        address = self.url.replace("http", "ws") + "/ws"
        with contextlib.suppress(ConnectionClosed), connect(address) as self.socket:
            self.ready.set()
            for data in self.socket:
                if isinstance(data, bytes):
                    (length,) = struct.unpack(">I", data[:4])
                    header = json.loads(data[4 : 4 + length])
                    if header["target"] is not None:
                        self.frames.setdefault(header["camera"], []).append(time.perf_counter())
                    continue
                message = json.loads(data)
                with self.changed:
                    if message["type"] == "status":
                        self.status = message
                    elif message["type"] == "answer":
                        self.answers.append(message)
                    self.changed.notify_all()

    def wait_for(self, **wanted: Any) -> None:
        with self.changed:
            self.changed.wait_for(lambda: all(self.status.get(key) == value for key, value in wanted.items()), 60)

    def ask(self, **command: Any) -> tuple[dict[str, Any], float]:
        """The answer and the milliseconds it took."""
        with self.changed:
            asked, count = time.perf_counter(), len(self.answers)
            self.socket.send(json.dumps(command))
            self.changed.wait_for(lambda: len(self.answers) > count, 10)
            return self.answers[-1], 1e3 * (time.perf_counter() - asked)


def measure(dashboard: Dashboard, seconds: float) -> dict[str, Any]:
    """Clicks a brick again and again; rates and latencies while episodes ran."""
    driver, watcher = Client(dashboard.url), Client(dashboard.url)
    driver.wait_for(phase="ready", driving=True)
    ticks: list[Tick] = []
    dashboard.session.snapshots.listen(functools.partial(note_tick, dashboard.session, ticks))
    clicks: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        driver.wait_for(phase="ready")
        now = dashboard.session.snapshots.value
        answer, took_ms = driver.ask(do="run", click=aim(dashboard, len(clicks)), scene=now.scene)
        if answer["ok"]:
            clicks.append(took_ms)
            driver.wait_for(phase="finished")
    rates = {
        name: {camera: compute_rate(times) for camera, times in client.frames.items()}
        for name, client in (("driver", driver), ("watcher", watcher))
    }
    slowest = min(rate for views in rates.values() for rate in views.values())
    return {
        "control": summarise_ticks(ticks),
        "click_answer_ms": summarise(clicks),
        "frames_per_s": {**rates, "slowest": slowest},
        "episodes": len(clicks),
    }


def note_tick(session: Session, ticks: list[Tick]) -> None:
    """Called at every published snapshot, in the control thread."""
    now = session.snapshots.value
    if now.phase == RUNNING and now.step > 0:
        ticks.append(Tick(now.episode, time.perf_counter(), now.pace.late_ms))


def aim(dashboard: Dashboard, index: int) -> dict[str, Any]:
    """A click on the centre of a brick in the picture of the scene on show, one brick after the other."""
    slot, seen = dashboard.viewers.frames["overhead"], -1
    while slot.value is None or slot.value.snapshot.scene != dashboard.session.snapshots.value.scene:
        seen, _ = slot.wait(seen, 10.0) or (seen, None)
    mark = slot.value.marks[index % len(slot.value.marks)] or (0.5, 0.5)
    return {"camera": "overhead", "u": mark[0], "v": mark[1]}


def summarise_ticks(ticks: list[Tick]) -> dict[str, Any]:
    """Rate, gaps and lateness of the published ticks, within episodes."""
    gaps = [b.at_s - a.at_s for a, b in itertools.pairwise(ticks) if a.episode == b.episode]
    return {
        "rate_hz": round(1 / float(np.mean(gaps)), 3),
        "gap_ms": summarise([1e3 * gap for gap in gaps]),
        "late_ms": summarise([tick.late_ms for tick in ticks]),
    }


def summarise(values: list[float]) -> dict[str, float]:
    """Median, 99th percentile, largest."""
    low, high = np.percentile(values, [50, 99])
    return {"p50": round(float(low), 2), "p99": round(float(high), 2), "max": round(max(values), 2)}


def compute_rate(times: list[float]) -> float:
    """Frames a second while frames came: pauses between episodes are left out."""
    gaps = [gap for gap in np.diff(times) if gap < 1.0]
    return round(len(gaps) / float(np.sum(gaps)), 2)


def main() -> None:
    """Serve the brick table on a free port, drive it, print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--policy", default="brick-pick")
    arguments = parser.parse_args()
    stage = Stage(
        functools.partial(catalog.make_env, "brick-table"),
        functools.partial(catalog.make_judge, "brick-table"),
        {arguments.policy: functools.partial(catalog.make_policy, "brick-table", arguments.policy)},
    )
    with start_dashboard(lambda: Session(stage, hold_s=0.5), port=0) as dashboard:
        print(json.dumps({"schema": 1, "policy": arguments.policy, **measure(dashboard, arguments.seconds)}, indent=2))


if __name__ == "__main__":
    main()
