"""Waiting: the synchronous way to live with latency. The robot stands until its plan is there, and then plays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from millwright.core.clock import Clock
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory
from millwright.core.policy import Action, Policy
from millwright.policies.answers import Answers
from millwright.policies.chunk_player import check_chunk, refuse_expired, refuse_nothing
from millwright.policies.holding import choose_hold


class Waiting(Policy):
    """Asks, stays where it was sent last until the plan is there, plays `execute` actions of it, and asks again.

    When answers come at once this plays as `ChunkPlayer` does without blending.

    Args:
        answers: where plans come from; the planner's memory is kept here.
        clock: tells when a plan is there, and when it has expired.
        execute: actions played of each chunk.
        name: what results call this policy.
    """

    def __init__(self, answers: Answers, clock: Clock, execute: int, name: str = "policy") -> None:
        refuse_nothing(execute, 0)
        self.planner, self.execute, self.name = answers.planner, execute, name
        self._answers, self._clock = answers, clock
        self._stay = choose_hold(self.planner.action)
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._clock.restart()
        self._answers.reset(seed)
        self._chunk: Chunk | None = None
        self._memory: Memory = None
        self._asked_s: float | None = None
        self._last: Action | None = None
        self._played = 0

    @property
    def plan(self) -> Chunk | None:
        """The chunk being played from the last action on; None before the first has come."""
        if self._chunk is None:
            return None
        return replace(self._chunk, actions=self._chunk.actions[max(self._played - 1, 0) :])

    def act(self, observation: Observation) -> Action:
        """The next action.

        Raises:
            ActionError: the planner gave a chunk that is empty, of the wrong shape, or has expired.
        """
        now_s = self._clock.tick()
        if (chunk := self._find_chunk(observation, now_s)) is None:
            self._last = self._stay(observation, self._last)
            return self._last
        refuse_expired(chunk, now_s, self.execute)
        action: Action = chunk.actions[self._played]
        self._last = action
        self._played += 1
        return action

    def metrics(self) -> Mapping[str, float]:
        return self._answers.metrics()

    def close(self) -> None:
        self._answers.close()

    def _find_chunk(self, observation: Observation, now_s: float) -> Chunk | None:
        """The chunk to play an action of; None while the next one is being made."""
        if self._chunk is not None and self._played < min(self.execute, len(self._chunk)):
            return self._chunk
        if self._asked_s is None:
            self._answers.ask(observation, self._memory, now_s)
            self._asked_s = now_s
        answer = self._answers.collect(now_s)
        if answer is None:
            return None
        self._chunk, self._memory = check_chunk(answer[0], self.planner.action, self._asked_s), answer[1]
        self._asked_s, self._played = None, 0
        return self._chunk
