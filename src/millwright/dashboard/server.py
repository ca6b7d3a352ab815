"""serve_dashboard: session, viewer process and web server put together."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import uvicorn

from millwright.core.errors import ServiceError
from millwright.core.listening import is_loopback, listen
from millwright.dashboard.app import make_app
from millwright.dashboard.bundle_routes import Bundles
from millwright.dashboard.models import Models
from millwright.dashboard.newest import Newest
from millwright.dashboard.rerun_stream import RerunStream, find_viewer
from millwright.dashboard.room import Room
from millwright.dashboard.session import Session
from millwright.dashboard.trial import Trial
from millwright.dashboard.viewer_process import ViewerProcess

if TYPE_CHECKING:
    from millwright.serving.reach import Reach

log = logging.getLogger(__name__)
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


class Closeable(Protocol):
    """What runs beside the session."""

    def close(self) -> None: ...


class Dashboard:
    """A running dashboard; close it, or use it as a context."""

    def __init__(
        self,
        session: Session,
        viewers: ViewerProcess,
        server: uvicorn.Server,
        listener: socket.socket,
        others: Sequence[Closeable] = (),
    ) -> None:
        self.session, self.viewers, self._server, self._others = session, viewers, server, others
        host, port = listener.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the server ends."""
        self._thread.join()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self.session.close()
        self.viewers.close()
        for other in self._others:
            other.close()

    def __enter__(self) -> Dashboard:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def serve_dashboard(
    make_session: Callable[[], Session],
    host: str = "127.0.0.1",
    port: int = 8000,
    allow_remote: bool = False,
    on_ready: Callable[[str], None] = print,
    rerun: str | None = None,
) -> None:
    """Serve until Ctrl-C. Arguments and errors as for `start_dashboard`; `on_ready` is told the address."""
    with start_dashboard(make_session, host, port, allow_remote, rerun) as dashboard:
        on_ready(dashboard.url)
        with contextlib.suppress(KeyboardInterrupt):
            dashboard.wait()


def start_dashboard(
    make_session: Callable[[], Session],
    host: str = "127.0.0.1",
    port: int = 8000,
    allow_remote: bool = False,
    rerun: str | None = None,
) -> Dashboard:
    """Start a dashboard and return as soon as its address answers; port 0 takes a free one.

    Args:
        make_session: called once the port is ours.
        allow_remote: let other machines connect: whoever reaches the port can drive.
        rerun: address of a Rerun viewer that runs, to which every episode is streamed; needs the extra `looking`.

    Raises:
        ServiceError: the port is in use or not ours to take, the host is not this machine's, is not loopback
            without `allow_remote`, the scene or its views cannot be made, or no Rerun viewer answers.
    """
    _check_host(host, allow_remote)
    if rerun is not None:
        find_viewer(rerun)  # before anything is built
    listener = listen(host, port)
    try:
        session = make_session()
        cast = session.start()
        viewers = ViewerProcess(cast.viewer_factory, session.snapshots)
        try:
            viewers.start()
        except ServiceError:
            session.close()
            raise
    except BaseException:
        listener.close()
        raise
    others: list[Closeable] = []
    if rerun is not None:
        others.append(RerunStream(cast.viewer_factory, session.snapshots, rerun, cast.features))
    room = Room(cast, session.snapshots, viewers)
    if session.server is not None:
        others.append(_watch(session.server, room.server))
    bundles = Bundles(Models(session.bundles), Trial(session.bundles, session.snapshots))
    app = make_app(session, room, bundles, ("*",) if allow_remote else LOCAL_NAMES)
    config = uvicorn.Config(app, log_level="warning", ws_max_size=65536, timeout_graceful_shutdown=2)
    return Dashboard(session, viewers, uvicorn.Server(config), listener, others)


def _watch(address: str, told: Newest[tuple[str, str] | None]) -> Reach:
    """Tell whether the server of policies is there, from now on."""
    from millwright.serving.reach import Reach  # needs the extra `serving`, as whoever asks a server does

    return Reach(address, lambda state: told.put((address, state)))


def _check_host(host: str, allow_remote: bool) -> None:
    if is_loopback(host):
        return
    if not allow_remote:
        raise ServiceError(
            f"{host} can be reached from other machines, and whoever reaches the dashboard can drive: "
            "use --host 127.0.0.1, or --allow-remote when that is meant"
        )
    log.warning("the dashboard on %s can be reached, and driven, from other machines; it asks for no password", host)
