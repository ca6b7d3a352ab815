"""MetricsPage: a robot's metrics at /metrics, for Prometheus; a thread beside whatever drives."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from millwright.core.listening import listen
from millwright.serving.access import Access, check_binding

READ_S = 5.0
"""Who says nothing for so long, or has not been answered after it, is hung up on."""
MOST_CONNECTIONS = 16


class MetricsPage:
    """A page that runs; close it, or use it as a context. `url` says where.

    Args:
        registry: what is told.
        port: 0 takes a free one.
        host: on any other than loopback only those with a token or a certificate read it.

    Raises:
        ServiceError: the port cannot be had, anybody could read it, or TLS files cannot be used.
    """

    def __init__(
        self, registry: CollectorRegistry, port: int, host: str = "127.0.0.1", access: Access | None = None
    ) -> None:
        access = access or Access()
        check_binding(host, access)
        self._server = _Server(registry, access, host, port)
        name, port = self._server.server_address[:2]
        scheme = "https" if access.tls else "http"
        self.url = f"{scheme}://{f'[{name!s}]' if ':' in str(name) else name!s}:{port}/metrics"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Tell nothing any more, and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> MetricsPage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, registry: CollectorRegistry, access: Access, host: str, port: int) -> None:
        tls = None if access.tls is None else _make_context(access)
        listener = listen(host, port, "--metrics-port")
        super().__init__((host, port), _Handler, bind_and_activate=False)
        self.socket.close()
        # the handshake waits for the first byte that is read, in a thread of its own
        self.socket = listener if tls is None else tls.wrap_socket(listener, True, do_handshake_on_connect=False)
        self.server_address = self.socket.getsockname()
        self.registry, self.access = registry, access
        self._places = threading.Semaphore(MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        patience = threading.Timer(READ_S, hang_up, (request,))  # who says a byte now and then keeps no place either
        patience.daemon = True
        patience.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            patience.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Strangers that hang up or speak something else are nobody's business."""


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_S
    server: _Server

    def do_GET(self) -> None:
        if self.server.access.identify(self.headers.get("Authorization")) is None:
            self._answer(401, b"a token is asked for: Authorization: Bearer TOKEN\n")
        elif self.path.partition("?")[0] != "/metrics":
            self._answer(404, b"metrics are at /metrics\n")
        else:
            self._answer(200, generate_latest(self.server.registry), CONTENT_TYPE_LATEST)

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "millwright"

    def log_message(self, format: str, *args: Any) -> None:
        """Each scrape would be a line on the terminal."""


def hang_up(connection: socket.socket) -> None:
    """End whatever waits for it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _make_context(access: Access) -> ssl.SSLContext:
    assert access.tls is not None
    access.tls.read()  # what is wrong with the files is told better there
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(access.tls.cert, access.tls.key)
    if access.tls.ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(access.tls.ca)
    return context
