"""Answers: where plans are made while the arm moves on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from millwright.core.errors import OptionError
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory, Planner

Answer = tuple[Chunk, Memory]
Latency = tuple[float, float]
"""From and to, s: how long after its observation a plan is there."""


class Answers(ABC):
    """One call of a planner at a time: asked now, collected when it is there.

    Attributes:
        planner: who is asked.
    """

    planner: Planner

    @abstractmethod
    def reset(self, seed: int) -> None:
        """An episode begins: forget a call that is under way; all randomness comes from `seed`."""

    @abstractmethod
    def ask(self, observation: Observation, memory: Memory, now_s: float) -> None:
        """Begin a call; the one before was collected."""

    @abstractmethod
    def collect(self, now_s: float) -> Answer | None:
        """The answer; None while there is none yet."""

    def metrics(self) -> Mapping[str, float]:
        """Numbers about the episode so far."""
        return {}

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Release threads."""


class LateAnswers(Answers):
    """Simulated latency: answers are made at once and handed out late, by the caller's time. No threads, no waiting.

    Args:
        latency_s: drawn anew for each call, evenly from this range.
    """

    def __init__(self, planner: Planner, latency_s: Latency) -> None:
        self.planner = planner
        self._latency_s = check_latency(latency_s)
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._rng = make_latency_rng(seed)
        self._due_s = 0.0
        self._answer: Answer | None = None

    def ask(self, observation: Observation, memory: Memory, now_s: float) -> None:
        chunks, memories = self.planner.plan([observation], [memory])
        self._answer = chunks[0], memories[0]
        self._due_s = now_s + self._rng.uniform(*self._latency_s)

    def collect(self, now_s: float) -> Answer | None:
        return self._answer if now_s >= self._due_s - 1e-9 else None


def make_latency_rng(seed: int) -> np.random.Generator:
    """What latencies of an episode are drawn from: the same for every way to play with them."""
    return np.random.default_rng([seed, 3])


def check_latency(latency_s: Latency) -> Latency:
    """`latency_s` itself.

    Raises:
        OptionError: not 0 <= from <= to.
    """
    low, high = latency_s
    if not 0 <= low <= high < float("inf"):
        raise OptionError(f"a latency is a range of seconds, 0 <= from <= to; got {low} to {high}")
    return latency_s
