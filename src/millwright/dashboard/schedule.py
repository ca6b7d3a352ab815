"""Schedule: when the next tick is due, and how well the last ones were met."""

from __future__ import annotations

import time
from collections import deque

from millwright.dashboard.snapshot import Pace


class Schedule:
    """A real-time clock of fixed period. A tick that comes a whole period late moves the schedule, never bunches."""

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._ticks: deque[float] = deque(maxlen=max(2, round(2 * rate_hz)))
        self._late_s: deque[float] = deque(maxlen=self._ticks.maxlen)
        self._due = 0.0

    def start(self) -> None:
        """The first tick is now."""
        self._ticks.clear()
        self._late_s.clear()
        self._due = time.perf_counter()
        self.tick()

    @property
    def left_s(self) -> float:
        """Seconds until the next tick is due; 0 when it is late."""
        return max(0.0, self._due - time.perf_counter())

    def tick(self) -> None:
        """Call at the begin of every tick."""
        now = time.perf_counter()
        self._ticks.append(now)
        self._late_s.append(max(0.0, now - self._due))
        moved = now - self._due > self._period_s
        self._due = (now if moved else self._due) + self._period_s

    @property
    def pace(self) -> Pace:
        span_s = self._ticks[-1] - self._ticks[0]
        rate_hz = (len(self._ticks) - 1) / span_s if span_s > 0 else 0.0
        return Pace(rate_hz, 1e3 * self._late_s[-1], 1e3 * max(self._late_s))
