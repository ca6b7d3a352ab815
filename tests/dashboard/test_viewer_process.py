"""Pictures come from a process of their own, always of the newest instant."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millwright.core.errors import ServiceError
from millwright.dashboard.newest import Newest
from millwright.dashboard.snapshot import Snapshot
from millwright.dashboard.viewer_process import Frame, ViewerProcess
from tests.dashboard.toy_table import COLORS, ToyTable, ToyViewer


class SlowViewer(ToyViewer):
    def render(self, state: np.ndarray, camera: str) -> np.ndarray:
        time.sleep(0.1)
        return super().render(state, camera)


class BrokenViewer(ToyViewer):
    def __init__(self) -> None:
        raise OSError("no display")


class FaintingViewer(ToyViewer):
    """Dies of scene 13."""

    def render(self, state: np.ndarray, camera: str) -> np.ndarray:
        if state[0] == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().render(state, camera)


def make_snapshot(**changes: Any) -> Snapshot:
    env = ToyTable()
    _, info = env.reset(seed=1)
    return Snapshot(**{"state": env.scene_state(), "positions": info["facts"].positions, **changes})


@pytest.fixture
def viewers() -> Iterator[ViewerProcess]:
    viewers = ViewerProcess(ToyViewer, Newest(make_snapshot()))
    viewers.start()
    yield viewers
    viewers.close()


def wait_for_frame(slot: Newest[Frame | None], scene: int, timeout_s: float = 10.0) -> Frame:
    until, seen = time.monotonic() + timeout_s, -1
    while True:
        newest = slot.wait(seen, until - time.monotonic())
        assert newest is not None, f"no picture of scene {scene} within {timeout_s} s"
        seen, frame = newest
        if frame is not None and frame.snapshot.scene == scene:
            return frame


def test_every_camera_gets_pictures_of_its_size_with_the_bricks_where_the_marks_say(viewers: ViewerProcess) -> None:
    assert viewers.sizes == {"overhead": (320, 240), "wrist": (160, 160)}
    frame = wait_for_frame(viewers.frames["overhead"], 0)
    picture = np.asarray(Image.open(io.BytesIO(frame.jpeg)).convert("RGB")).astype(int)
    assert picture.shape == (240, 320, 3)
    for (u, v), color in zip(frame.marks, COLORS, strict=True):
        painted = tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
        assert np.abs(picture[int(v * 240), int(u * 320)] - painted).max() < 30


def test_what_is_not_drawn_in_time_is_left_out_and_the_writer_never_waits() -> None:
    snapshots = Newest(make_snapshot())
    viewers = ViewerProcess(SlowViewer, snapshots)
    viewers.start()
    drawn: list[int] = []
    viewers.frames["wrist"].listen(lambda: drawn.append(viewers.frames["wrist"].value.snapshot.scene))
    made = [make_snapshot(scene=scene) for scene in range(1, 201)]
    began = time.perf_counter()
    for snapshot in made:
        snapshots.put(snapshot)
    took_s = time.perf_counter() - began
    wait_for_frame(viewers.frames["wrist"], 200)
    viewers.close()
    assert took_s < 2.0  # drawing them all takes 40 s
    assert len(drawn) < 20
    assert drawn == sorted(drawn)


def test_a_viewer_that_dies_is_started_anew() -> None:
    snapshots = Newest(make_snapshot())
    viewers = ViewerProcess(FaintingViewer, snapshots)
    viewers.start()
    wait_for_frame(viewers.frames["wrist"], 0)
    poison = make_snapshot(scene=1)
    poison.state[0] = 13
    snapshots.put(poison)
    until = time.monotonic() + 5
    while not viewers.problem:
        assert time.monotonic() < until
        time.sleep(0.01)
    snapshots.put(make_snapshot(scene=2))
    wait_for_frame(viewers.frames["wrist"], 2)
    assert viewers.problem == ""
    viewers.close()


def test_a_viewer_that_cannot_be_made_is_a_service_error_with_its_reason() -> None:
    with pytest.raises(ServiceError, match="no display"):
        ViewerProcess(BrokenViewer, Newest(make_snapshot())).start()
