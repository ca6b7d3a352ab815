"""ViewerProcess: renders people's views in a process of its own, so that drawing never holds up control."""

from __future__ import annotations

import io
import logging
import math
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from PIL import Image

from millwright.core.errors import ServiceError
from millwright.dashboard.newest import Newest
from millwright.dashboard.snapshot import Snapshot
from millwright.dashboard.stage import Floats, Viewer

log = logging.getLogger(__name__)
QUALITY = 82
Marks = tuple[tuple[float, float] | None, ...]


@dataclass(frozen=True)
class Frame:
    """One picture of one snapshot, with where each object's centre lies in it (None: behind the camera)."""

    camera: str
    jpeg: bytes
    marks: Marks
    snapshot: Snapshot


class ViewerProcess:
    """Draws the newest snapshot again and again; snapshots that come faster than it draws are left out.

    `frames[camera]` holds the newest picture, None before the first. A process that dies is started anew.
    """

    def __init__(self, viewer_factory: Callable[[], Viewer], snapshots: Newest[Snapshot]) -> None:
        self._viewer_factory, self._snapshots = viewer_factory, snapshots
        self._closing = threading.Event()
        self.problem = ""
        self.sizes: dict[str, tuple[int, int]] = {}
        self.frames: dict[str, Newest[Frame | None]] = {}
        self._thread = threading.Thread(target=self._main, name="viewer", daemon=True)

    def start(self) -> None:
        """Start the process and wait until it knows its cameras.

        Raises:
            ServiceError: the viewer could not be made; says why.
        """
        self._open()
        self.frames = {camera: Newest[Frame | None](None) for camera in self.sizes}
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        self._shut()

    def _open(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._viewer_factory, theirs), name="viewer", daemon=True)
        self._process.start()
        theirs.close()
        try:
            self.sizes = _receive(self._connection)
        except (EOFError, OSError):
            self._shut()
            raise ServiceError("the views cannot be drawn: their process died at its start") from None

    def _shut(self) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.join()

    def _main(self) -> None:
        while not self._closing.is_set():
            try:
                self._draw()
            except (EOFError, OSError, ServiceError) as error:
                self.problem = str(error) or "the process that draws the views died; starting it anew"
                log.warning("%s", self.problem)
                self._shut()
                self._reopen()

    def _reopen(self) -> None:
        while not self._closing.wait(1.0):
            try:
                self._open()
            except ServiceError as error:
                self.problem = str(error)
                continue
            self.problem = ""
            return

    def _draw(self) -> None:
        """Ask for pictures of the newest snapshot until closing; what is shown already is not drawn again."""
        seen = -1
        while not self._closing.is_set():
            newest = self._snapshots.wait(seen, timeout_s=0.25)
            if newest is None:
                continue
            seen, snapshot = newest
            for camera in self.sizes:
                self._connection.send((camera, snapshot.state, snapshot.positions))
            for _ in self.sizes:
                camera, jpeg, marks = _receive(self._connection)
                self.frames[camera].put(Frame(camera, jpeg, marks, snapshot))


def _receive(connection: Connection) -> Any:
    ok, payload = connection.recv()
    if not ok:
        raise ServiceError(f"the views cannot be drawn:\n{payload}")
    return payload


def _serve(viewer_factory: Callable[[], Viewer], connection: Connection) -> None:
    os.nice(5)  # control comes first where cores are few
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    try:
        viewer = viewer_factory()
        connection.send((True, {camera: viewer.size(camera) for camera in viewer.cameras}))
        while True:
            camera, state, points = connection.recv()
            jpeg = _encode_jpeg(viewer, state, camera)
            connection.send((True, (camera, jpeg, _marks(viewer.project(state, camera, points)))))
    except EOFError:
        pass  # the parent has gone
    except Exception:  # noqa: BLE001 - told to the parent, which starts the process anew
        connection.send((False, traceback.format_exc()))
    connection.close()


def _encode_jpeg(viewer: Viewer, state: Floats, camera: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(viewer.render(state, camera)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _marks(points: Floats) -> Marks:
    return tuple((float(u), float(v)) if math.isfinite(u) and math.isfinite(v) else None for u, v in points)
