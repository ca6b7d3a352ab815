"""RerunStream: hands the episode that is being driven to a Rerun viewer, from a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

from millwright.core.episode import Step
from millwright.core.errors import ServiceError
from millwright.core.features import Features
from millwright.dashboard.newest import Newest
from millwright.dashboard.snapshot import Snapshot
from millwright.evaluation.scene_view import SceneView

log = logging.getLogger(__name__)
PORT = 9876
"""Where a Rerun viewer listens unless told otherwise."""


class RerunStream:
    """Sends the newest step again and again; steps that come faster than they are logged are left out.

    The control thread only puts snapshots into a slot, so a viewer that is slow, or gone, cannot hold it up. Every
    episode is a recording of its own in the viewer.

    Args:
        viewer_factory: makes the environment's `SceneView` in the other process.
        snapshots: of the session.
        address: of a viewer that runs, `127.0.0.1:9876` or `rerun+http://127.0.0.1:9876/proxy`.
        features: names of the columns of observations and actions.
    """

    def __init__(
        self,
        viewer_factory: Callable[[], Any],
        snapshots: Newest[Snapshot],
        address: str,
        features: Features | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._url = find_viewer(address)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._main, name="rerun", daemon=True)
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        arguments = (viewer_factory, theirs, self._url, features or Features())
        self._process = context.Process(target=_serve, args=arguments, name="rerun", daemon=True)
        self._process.start()
        theirs.close()
        self._thread.start()

    def close(self) -> None:
        """End the process; what it has not sent yet is lost."""
        self._closing.set()
        self._process.terminate()  # first, so that nobody waits for a process that does not read
        self._process.join()
        self._thread.join()
        self._connection.close()

    def _main(self) -> None:
        seen, sent = -1, (0, -1)
        while not self._closing.is_set():
            newest = self._snapshots.wait(seen, timeout_s=0.25)
            if newest is None:
                continue
            seen, snapshot = newest
            step = snapshot.newest_step
            if step is None or sent == (snapshot.episode, step.index):
                continue
            sent = (snapshot.episode, step.index)
            try:
                self._connection.send((f"{snapshot.episode:03d} {snapshot.target} ({snapshot.policy})", step))
            except OSError:
                if not self._closing.is_set():
                    log.warning("the process that streams to Rerun has died; the dashboard goes on without it")
                return


def find_viewer(address: str) -> str:
    """The URL of a viewer that answers.

    Raises:
        ServiceError: no such address, or nobody answers there; says how to start a viewer.
    """
    url = address if "://" in address else f"rerun+http://{address}/proxy"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORT
    except ValueError as error:
        raise ServiceError(f"--rerun {address}: that is no address ({error}); one is 127.0.0.1:{PORT}") from error
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        reason = error.strerror or error
        raise ServiceError(
            f"no Rerun viewer answers at {host}:{port} ({reason}); start one with: rerun --bind 127.0.0.1 --port {port}"
        ) from error
    return url if parts.port else url.replace(parts.netloc, f"{parts.netloc}:{port}", 1)


def _serve(viewer_factory: Callable[[], Any], connection: Connection, url: str, features: Features) -> None:
    import rerun as rr

    from millwright.evaluation.replay import APPLICATION, make_layout
    from millwright.evaluation.scene_log import SceneLog

    os.nice(10)  # after control, and after the dashboard's own views
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    view: SceneView = viewer_factory()
    shown, scene = "", None
    try:
        while True:
            name, step = _receive(connection)
            if scene is None or name != shown:
                recording = rr.RecordingStream(APPLICATION, recording_id=f"{os.getpid()} {name}")
                recording.connect_grpc(url, default_blueprint=make_layout(view, step.observation))
                recording.send_recording_name(name)
                shown, scene = name, SceneLog(recording, view, features)
                scene.log_scene(step.facts)
            scene.log_step(step)
    except EOFError:
        pass  # the parent has gone


def _receive(connection: Connection) -> tuple[str, Step]:
    name, step = connection.recv()
    return name, step
