"""Robots: what a server keeps of each robot between its calls, bounded in number, age and share of a client."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from millwright.core.planner import Memory
from millwright.serving.refusal import Code, RefusedError


class Known(NamedTuple):
    """What is remembered of a robot, and the answer that left it; 0 and None: nothing yet."""

    sequence: int
    memory: Memory


@dataclass
class _Robot:
    client: str
    heard_s: float
    tokens: float
    memory: Memory = None
    sequence: int = 0
    """Of the answer that left the memory; 0: there is none."""


class Robots:
    """Memories and rates. A robot that was not heard of for long is forgotten, and where there are too many one of the
    client that has most, the one that was not heard of for longest: whoever makes up names pushes out its own.

    Args:
        most: robots that are kept.
        age_s: for how long.
        rate_hz: observations a second of one robot, averaged over a second.
        now: monotonic seconds.
    """

    def __init__(self, most: int, age_s: float, rate_hz: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most, self._age_s, self._rate_hz, self._now = most, age_s, rate_hz, now
        self._robots: OrderedDict[str, _Robot] = OrderedDict()  # the one heard of last comes last
        self._clients: dict[str, OrderedDict[str, None]] = {}  # each one's robots, in the same order

    def __len__(self) -> int:
        return len(self._robots)

    def admit(self, robot: str, client: str = "") -> None:
        """A robot was heard.

        Args:
            robot: a name that no other client's robot has.
            client: whose it is.

        Raises:
            RefusedError: it asks too often.
        """
        now_s = self._now()
        found = self._robots.setdefault(robot, _Robot(client, now_s, max(self._rate_hz, 1.0)))
        found.tokens = min(max(self._rate_hz, 1.0), found.tokens + (now_s - found.heard_s) * self._rate_hz)
        found.heard_s = now_s
        self._robots.move_to_end(robot)
        theirs = self._clients.setdefault(client, OrderedDict())
        theirs[robot] = None
        theirs.move_to_end(robot)
        self._forget_old(now_s)
        if found.tokens < 1:
            raise RefusedError(
                Code.RESOURCE_EXHAUSTED, f"a robot may ask {self._rate_hz:g} times a second, not more often"
            )
        found.tokens -= 1

    def find(self, robot: str) -> Known | None:
        """None: it was not heard of, or is forgotten altogether."""
        found = self._robots.get(robot)
        return None if found is None else Known(found.sequence, found.memory)

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
        while self._robots[oldest := next(iter(self._robots))].heard_s < now_s - self._age_s:
            self._drop(oldest)
        while len(self._robots) > self._most:
            most = max(self._clients, key=lambda client: len(self._clients[client]))
            self._drop(next(iter(self._clients[most])))

    def _drop(self, robot: str) -> None:
        client = self._robots.pop(robot).client
        del self._clients[client][robot]
        if not self._clients[client]:
            del self._clients[client]
