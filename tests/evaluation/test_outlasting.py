"""Who waits for a server waits as long as it was told, and says so."""

from __future__ import annotations

import logging

import pytest

from millwright.core.errors import AwayError, RemoteError
from millwright.evaluation.outlasting import outlast


class Away:
    """A server that is away for some time, by a clock that only waiting moves."""

    def __init__(self, until_s: float) -> None:
        self.now_s, self.until_s, self.asked = 100.0, 100.0 + until_s, 0

    def ask(self) -> str:
        self.asked += 1
        if self.now_s < self.until_s:
            raise AwayError("nobody there")
        return "chunk"

    def wait(self, patience_s: float) -> tuple[str, int]:
        return outlast(self.ask, patience_s, "seed 7", now=lambda: self.now_s, sleep=self.sleep)

    def sleep(self, pause_s: float) -> None:
        self.now_s += pause_s


def test_a_server_that_comes_back_in_time_costs_waiting_alone_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert Away(0.0).wait(0.0) == ("chunk", 0)
    assert not caplog.records
    answered, again = Away(20.0).wait(30.0)
    assert (answered, again) == ("chunk", len(caplog.records))
    assert "seed 7 was broken off and is begun again, for up to 30 s more: nobody there" in caplog.text


@pytest.mark.parametrize("patience_s", [0.0, 0.1, 30.0])
def test_a_server_that_does_not_come_back_is_waited_for_no_longer_than_was_said(patience_s: float) -> None:
    away = Away(1e9)
    with pytest.raises(AwayError, match="nobody there"):
        away.wait(patience_s)
    assert away.now_s - 100.0 == pytest.approx(patience_s)
    assert away.asked < 20


def test_what_no_waiting_helps_against_is_told_at_once() -> None:
    def ask() -> str:
        raise RemoteError("another bundle")

    with pytest.raises(RemoteError, match="another bundle"):
        outlast(ask, 60.0, "seed 7", sleep=lambda pause_s: pytest.fail("it waited"))
