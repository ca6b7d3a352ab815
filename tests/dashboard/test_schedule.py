"""The clock of control, on a clock of its own."""

from __future__ import annotations

import pytest

from millwright.dashboard import schedule
from millwright.dashboard.schedule import Schedule


class Clock:
    now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(schedule, "time", clock)
    return clock


def test_a_late_tick_does_not_push_the_later_ones(clock: Clock) -> None:
    ticks = Schedule(10.0)
    ticks.start()
    assert ticks.left_s == pytest.approx(0.1)
    clock.now += 0.13
    assert ticks.left_s == 0
    ticks.tick()
    assert ticks.left_s == pytest.approx(0.07)
    assert ticks.pace.late_ms == pytest.approx(30)


def test_a_stall_moves_the_schedule_instead_of_bunching_ticks(clock: Clock) -> None:
    ticks = Schedule(10.0)
    ticks.start()
    clock.now += 1.0
    ticks.tick()
    assert ticks.left_s == pytest.approx(0.1)
    assert ticks.pace.worst_late_ms == pytest.approx(900)


def test_the_rate_is_that_of_the_ticks(clock: Clock) -> None:
    ticks = Schedule(10.0)
    ticks.start()
    for _ in range(12):
        clock.now += 0.125
        ticks.tick()
    assert ticks.pace.rate_hz == pytest.approx(8.0)
