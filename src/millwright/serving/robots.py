"""Robots: what a server keeps of each robot between its calls, bounded in number and in age."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from millwright.core.planner import Memory
from millwright.serving.refusal import Code, RefusedError


@dataclass
class _Robot:
    heard_s: float
    tokens: float
    memory: Memory = None
    sequence: int = 0
    """Of the answer that left the memory; 0: there is none."""


class Robots:
    """Memories and rates. A robot that was not heard of for long, or longer than all others, is forgotten.

    Args:
        most: robots that are kept.
        age_s: for how long.
        rate_hz: observations a second of one robot, averaged over a second.
        now: monotonic seconds.
    """

    def __init__(self, most: int, age_s: float, rate_hz: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._age_s, self._rate_hz, self._now = most, age_s, rate_hz, now
        self._robots: OrderedDict[str, _Robot] = OrderedDict()  # the one heard of last comes last

    def __len__(self) -> int:
        return len(self._robots)

    def admit(self, robot: str) -> None:
        """A robot was heard.

        Raises:
            RefusedError: it asks too often.
        """
        now_s = self._now()
        found = self._robots.setdefault(robot, _Robot(now_s, max(self._rate_hz, 1.0)))
        found.tokens = min(max(self._rate_hz, 1.0), found.tokens + (now_s - found.heard_s) * self._rate_hz)
        found.heard_s = now_s
        self._robots.move_to_end(robot)
        self._forget_old(now_s)
        if found.tokens < 1:
            raise RefusedError(
                Code.RESOURCE_EXHAUSTED, f"a robot may ask {self._rate_hz:g} times a second, not more often"
            )
        found.tokens -= 1

    def recall(self, robot: str, after: int | None) -> Memory:
        """What to plan with; `after` as in the protocol.

        Raises:
            RefusedError: the memory that is meant is not there.
        """
        found = self._robots.get(robot)
        if after == 0:
            self.forget(robot)
            return None
        sequence = found.sequence if found else 0
        if after is not None and after != sequence:
            known = f"what answer {sequence} left" if sequence else "nothing of this robot"
            raise RefusedError(
                Code.FAILED_PRECONDITION, f"the server remembers {known}, not answer {after}: begin anew with after = 0"
            )
        return found.memory if found else None

    def remember(self, robot: str, sequence: int, memory: Memory) -> None:
        """What an answer left."""
        found = self._robots.get(robot)
        if found is not None:
            found.memory, found.sequence = memory, sequence if memory is not None else 0

    def forget(self, robot: str) -> None:
        """An episode begins."""
        self.remember(robot, 0, None)

    def _forget_old(self, now_s: float) -> None:
        while len(self._robots) > self._most or next(iter(self._robots.values())).heard_s < now_s - self._age_s:
            self._robots.popitem(last=False)
