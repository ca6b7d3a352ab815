"""Reach: whether a server of policies serves, told by its health service as soon as that changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from millwright.serving.remote import SERVICE, open_channel, parse_address

CONNECTING, SERVING, NOT_SERVING, GONE = "connecting", "serving", "not serving", "gone"
RETRY_S = 0.5
_SERVES = health_pb2.HealthCheckResponse.SERVING


class Reach:
    """Watches from its making to `close`. `state` is one of those above.

    Args:
        address: as for `RemotePlanner`; no token is needed, certificates are where they are asked for.
        on_change: called with the state, in another thread, when it has changed; it must return at once.

    Raises:
        OptionError: the address cannot be read, or a file of TLS.
    """

    def __init__(self, address: str, on_change: Callable[[str], None]) -> None:
        self.address, self.state = address, CONNECTING
        self._on_change = on_change
        self._channel = open_channel(parse_address(address))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reach", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Watch no longer."""
        self._closing.set()
        self._channel.close()  # which ends the call that the thread waits for
        self._thread.join()

    def _watch(self) -> None:
        while not self._closing.is_set():
            try:
                state = self._follow()
            except (grpc.RpcError, ValueError):  # ValueError: the channel was closed
                state = GONE
            if not self._closing.is_set():
                self._tell(state)
            self._closing.wait(RETRY_S)

    def _follow(self) -> str:
        """Tell that it serves, as long as it does; gives what comes after.

        Raises:
            grpc.RpcError: it has gone.
        """
        stub: Any = health_pb2_grpc.HealthStub(self._channel)
        call = stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE))
        for answer in call:
            if answer.status != _SERVES:
                call.cancel()  # a server that drains waits for the calls that are open
                return NOT_SERVING
            self._tell(SERVING)
        return GONE

    def _tell(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._on_change(state)
