"""Signals: what the system tells a server, kept from before the server can act on it."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable
from types import TracebackType


class Signals:
    """A context in which SIGHUP ends nothing: it is kept for `wait`. Make it, and call that, in the main thread."""

    def __enter__(self) -> Signals:
        self._came: queue.SimpleQueue[int] = queue.SimpleQueue()  # of all ways to tell, the one a handler may use
        self._before = {one: signal.getsignal(one) for one in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
        self._catch(signal.SIGHUP)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def wait(self, on_hangup: Callable[[], None]) -> None:
        """Until somebody wants this process to end: SIGTERM, or Ctrl-C.

        Args:
            on_hangup: called after each SIGHUP, in a thread of its own: who ends does not wait for it.
        """
        again: queue.SimpleQueue[None] = queue.SimpleQueue()

        def call() -> None:
            while True:
                again.get()
                on_hangup()

        threading.Thread(target=call, name="hangup", daemon=True).start()
        self._catch(signal.SIGTERM)
        self._catch(signal.SIGINT)
        while self._came.get() == signal.SIGHUP:
            again.put(None)

    def _catch(self, one: signal.Signals) -> None:
        signal.signal(one, lambda number, frame: self._came.put(number))
