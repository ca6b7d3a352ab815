"""A cable between a robot and its server, for tests: it may be cut, or hold back what goes through it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Cable:
    """Forwards TCP from `address` to `target`, both HOST:PORT."""

    def __init__(self, target: str) -> None:
        host, port = target.split(":")
        self._target = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Nothing goes through; nobody is told."""
        self._flowing.clear()

    def release(self) -> None:
        """What was held back goes through."""
        self._flowing.set()

    def cut(self) -> None:
        """End every connection; new ones may be made."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @property
    def connected(self) -> bool:
        """Whether anybody is, since the last cut."""
        return bool(self._ends)

    def __enter__(self) -> Cable:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()
        self.release()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                robot = self._listener.accept()[0]
                try:
                    server = socket.create_connection(self._target, 5)
                except OSError:
                    robot.close()
                    continue
                server.settimeout(None)
                self._ends += [robot, server]
                for source, sink in ((robot, server), (server, robot)):
                    threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(2**16):
                self._flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
