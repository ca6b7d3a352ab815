"""Server: bundles on a port, in a thread with an event loop of its own; inference in another one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from millwright.core.errors import ServiceError
from millwright.core.listening import check_port, listen
from millwright.serving import grpc_navigation, grpc_service
from millwright.serving.access import Access, check_binding
from millwright.serving.desk import Desk
from millwright.serving.engine import Caps, Engine, Served, check_succession
from millwright.serving.grpc_calls import Calls
from millwright.serving.metrics import Metrics
from millwright.serving.navigation import Navigation

log = logging.getLogger(__name__)
STARTED_S = 120.0
SERVICES = grpc_service.SERVICE, grpc_navigation.SERVICE
"""The second where a bundle drives; where none does it refuses, and its health says NOT_SERVING."""
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass(frozen=True)
class Setup:
    """What is served, where and to whom.

    Args:
        served: what may be asked for, by name; the first where a client names none.
        host, port: to listen on; 0 takes a free port.
        http_port: of the HTTP twin and of metrics; None: there is none.
        production: reflection is off, and so is the twin's description of itself.
    """

    served: Sequence[Served]
    host: str = "127.0.0.1"
    port: int = 0
    http_port: int | None = None
    access: Access = field(default_factory=Access)
    caps: Caps = field(default_factory=Caps)
    production: bool = False

    def __post_init__(self) -> None:
        names = [one.name for one in self.served]
        if len(set(names)) < len(names):
            raise ServiceError(f"bundles are served by name, each once; got {', '.join(names)}")
        check_binding(self.host, self.access)
        for port in (self.port, self.http_port or 0):
            check_port(port)


@dataclass(frozen=True)
class Addresses:
    """Where a server is reached; `http` is empty where there is none."""

    grpc: str
    http: str = ""


class PolicyServer:
    """A server that runs; close it, or use it as a context. `addresses` says where.

    Raises:
        ServiceError: nothing is to be served, a port is taken, or TLS files cannot be used.
        BundleError: a bundle fails its golden check.
    """

    def __init__(self, setup: Setup) -> None:
        if not setup.served:
            raise ServiceError("a server serves at least one bundle")
        # held by their engines alone from `_serve` on, so that what is swapped out is let go
        self._setup, self._served = replace(setup, served=()), setup.served
        self.metrics = Metrics()
        self._started: Future[Addresses] = Future()
        self._thread = threading.Thread(target=self._run, name="serve", daemon=True)
        self._thread.start()
        self.addresses = self._started.result(STARTED_S)

    def tell_served(self, name: str) -> Served:
        """What is served by that name now.

        Raises:
            RefusedError: nothing is.
        """
        return self._desk.tell_served(name)

    def swap(self, served: Served) -> None:
        """Put a planner in the place of the one of its name; robots are served by that one until this is ready.

        It is warmed up and checked in the thread that calls. Observations that came before are answered by the old
        one. Robots' memories begin anew.

        Raises:
            BundleError: it fails its golden check, or sees or answers something else than the one it is to replace.
            RefusedError: nothing of that name is served.
            ServiceError: the server has ended.
        """
        check_succession(self.tell_served(served.name), served)
        golden = served.check(self._setup.caps.max_batch)
        engine = Engine(served, self._setup.caps, self.metrics, self._worker)

        async def replace() -> None:
            await engine.start(golden)
            self._desk.replace(engine)

        replacing = replace()
        try:
            asyncio.run_coroutine_threadsafe(replacing, self._loop).result(STARTED_S)
        except RuntimeError as error:
            replacing.close()
            raise ServiceError(f"{served.name} was not swapped: the server has ended") from error

    def close(self) -> None:
        """Take no more calls, answer those under way, and end."""
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def __enter__(self) -> PolicyServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # whoever waits for the start is told
            if self._started.done():
                log.exception("the server of policies ended")
            else:
                self._started.set_exception(error)

    async def _serve(self) -> None:
        setup = self._setup
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        with ThreadPoolExecutor(1, "plan") as worker:
            engines = (Engine(one, setup.caps, self.metrics, worker) for one in self._served)
            desk = Desk(engines, setup.caps, self.metrics)
            self._desk, self._worker, self._served = desk, worker, ()
            server, checks, port = make_grpc(setup, desk, self._stop)
            for name in ("", *SERVICES):
                await checks.set(name, NOT_SERVING)
            await server.start()
            try:
                await desk.start()
                web = await start_web(setup, desk)
                for name in ("", *(SERVICES if Navigation(desk).drives else SERVICES[:1])):
                    await checks.set(name, SERVING)
                self.metrics.serving.set(1)
                host = f"[{setup.host}]" if ":" in setup.host else setup.host
                self._started.set_result(Addresses(f"{host}:{port}", web.url if web else ""))
                await self._stop.wait()
            finally:
                self.metrics.serving.set(0)
                await checks.enter_graceful_shutdown()
                self._stop.set()
                await drain(desk, setup.caps.drain_s)
                await server.stop(setup.caps.drain_s)
            if web is not None:
                await web.close()


async def drain(desk: Desk, drain_s: float) -> None:
    """Answer who waits, as long as that takes no longer."""
    try:
        async with asyncio.timeout(drain_s):
            await desk.stop()
    except TimeoutError:
        log.warning("after %g s some robots still waited for their chunks; they were not answered", drain_s)


def make_grpc(
    setup: Setup, desk: Desk, stopping: asyncio.Event
) -> tuple[grpc.aio.Server, health.aio.HealthServicer, int]:
    """A server that listens but does not run yet, its health, and its port."""
    caps = setup.caps
    server = grpc.aio.server(options=make_options(desk), maximum_concurrent_rpcs=2 * caps.max_streams)
    calls = Calls(setup.access, desk.metrics)
    handlers = (
        grpc_service.make_handler(desk, calls, stopping), grpc_navigation.make_handler(Navigation(desk), calls)
    )  # fmt: skip
    server.add_generic_rpc_handlers(handlers)
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    if not setup.production:
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    listen(setup.host, setup.port).close()  # gRPC's own error does not say why it cannot
    host = f"[{setup.host}]" if ":" in setup.host else setup.host
    address = f"{host}:{setup.port}"
    try:
        if setup.access.tls is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, make_credentials(setup.access))
    except RuntimeError as error:
        raise ServiceError(
            f"cannot listen on {address}: it is in use, not this machine's or not ours to take"
        ) from error
    return server, checks, port


def make_credentials(access: Access) -> grpc.ServerCredentials:
    """Of a server that shows a certificate; where there is an authority, clients must show one too."""
    assert access.tls is not None
    key, certificate, authority = access.tls.read()
    return grpc.ssl_server_credentials([(key, certificate)], authority, authority is not None)


def make_options(desk: Desk) -> list[tuple[str, Any]]:
    """What gRPC itself refuses: large messages, too many connections, and those on whose other end nobody is."""
    caps = desk.caps
    return [
        ("grpc.max_receive_message_length", desk.message_bytes),
        ("grpc.max_allowed_incoming_connections", caps.max_connections),
        ("grpc.max_concurrent_streams", caps.max_streams),
        ("grpc.max_metadata_size", 8192),
        ("grpc.server_handshake_timeout_ms", round(1000 * caps.handshake_s)),
        ("grpc.keepalive_time_ms", 10_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ("grpc.max_connection_idle_ms", 300_000),
        ("grpc.so_reuseport", 0),  # two servers on one port would share the robots between them
    ]


async def start_web(setup: Setup, desk: Desk) -> Any:
    """The HTTP twin, if it is wanted; its errors are the server's."""
    if setup.http_port is None:
        return None
    from millwright.serving.http_twin import Web

    return await Web.start(setup.host, setup.http_port, setup.access, desk, setup.production)
