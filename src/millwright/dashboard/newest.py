"""Newest: a slot between threads that holds the newest value only, so nobody ever waits for a slow reader."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """One writer puts, any number of readers see the newest value; what nobody read in time is dropped."""

    def __init__(self, value: T) -> None:
        self._changed = threading.Condition()
        self._value = value
        self._version = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def value(self) -> T:
        return self._value

    @property
    def version(self) -> int:
        """Counts the values put so far."""
        return self._version

    def put(self, value: T) -> None:
        with self._changed:
            self._value = value
            self._version += 1
            self._changed.notify_all()
        for listener in self._listeners:
            listener()

    def wait(self, seen: int, timeout_s: float) -> tuple[int, T] | None:
        """(version, value) as soon as the version differs from `seen`, or None after the timeout."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._version != seen, timeout_s):
                return None
            return self._version, self._value

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every put, in the writer's thread; it must return at once."""
        self._listeners.append(listener)
