"""Planners for servers to serve: quick, without a network, some of them broken."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from millwright.core.features import Feature, Features, Observation
from millwright.core.planner import Chunk, Memory, Planner

IMAGE = Feature("observation.images.wrist", (8, 8, 3), "uint8")
STATE = Feature("observation.state", (2,), unit="m", names=("x", "y"))
BROKEN, NAN = 666.0, 777.0
"""First numbers of a state that `Echo` cannot plan from, and plans rubbish from."""


class Echo(Planner):
    """Says for 4 ticks what it saw. With `counts` it also counts how often it was asked: that is its memory."""

    def __init__(self, counts: bool = False) -> None:
        self.inputs, self.action = Features(IMAGE, STATE), Feature("action", (2,))
        self.rate_hz, self.digest = 10.0, "echo"
        self.counts = counts
        self.batches: list[int] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.pause_s = 0.0
        self.entered = threading.Event()

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        self.entered.set()
        assert self.gate.wait(30)
        time.sleep(self.pause_s)
        self.batches.append(len(observations))
        self.threads.add(threading.current_thread().name)
        states = [observation[STATE.name] for observation in observations]
        if any(state[0] == BROKEN for state in states):
            raise RuntimeError("/a/secret/place went wrong")
        counted = [(memory or {"asked": 0})["asked"] + 1 for memory in memories]
        shown = [
            [state[0], float(count) if self.counts else state[1]] for state, count in zip(states, counted, strict=True)
        ]
        rows = [np.full((4, 2), np.nan if row[0] == NAN else row, np.float32) for row in shown]
        kept: list[Any] = [{"asked": count} if self.counts else None for count in counted]
        return [Chunk(row, self.rate_hz, confidence=0.5) for row in rows], kept


def observe(x: float = 1.0, y: float = 2.0) -> dict[str, Any]:
    return {IMAGE.name: np.full(IMAGE.shape, 7, np.uint8), STATE.name: np.array([x, y], np.float32)}
