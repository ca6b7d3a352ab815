"""Clock: when a tick begins. Injected, so that simulated episodes run on simulated time and robots on real time."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Read once a tick by the one who owns it."""

    def restart(self) -> None:
        """An episode begins."""
        ...

    def tick(self) -> float:
        """The next tick begins: seconds since the first one did."""
        ...


class TickClock:
    """Simulated time: a tick is 1 / `rate_hz`, however long it takes to compute."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self.restart()

    def restart(self) -> None:
        self._ticks = 0

    def tick(self) -> float:
        self._ticks += 1
        return (self._ticks - 1) / self._rate_hz


class WallClock:
    """Real time."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._started_s: float | None = None

    def tick(self) -> float:
        now_s = time.monotonic()
        if self._started_s is None:
            self._started_s = now_s
        return now_s - self._started_s
