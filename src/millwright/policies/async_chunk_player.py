"""AsyncChunkPlayer: plays the chunk it has while the next one is being planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from millwright.core.clock import Clock
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory
from millwright.core.policy import Action, Policy
from millwright.policies.answers import Answers
from millwright.policies.chunk_player import (
    BLEND,
    EXECUTE,
    check_chunk,
    choose_mix,
    fade,
    refuse_expired,
    refuse_nothing,
)

Hold = Callable[[Observation], Action]
"""The action that keeps the robot where an observation finds it."""


def hold_state(observation: Observation) -> Action:
    """For actions that are the state to be in."""
    return np.array(observation["observation.state"], np.float32)


def hold_hand(observation: Observation) -> Action:
    """For hand targets: the hand's pose (7,) and the opening, the last of the state."""
    return np.concatenate(
        (observation["observation.hand_pose"], observation["observation.state"][-1:]), dtype=np.float32
    )


def hold_still(observation: Observation) -> Action:
    """For motions of the hand (7,): none, and the gripper as it is."""
    return np.zeros(7, np.float32)


HOLDS: dict[str, Hold] = {"hand_target": hold_hand, "hand_motion": hold_still}
"""Action feature -> how to stay; the state itself where there is no row."""


class AsyncChunkPlayer(Policy):
    """Asks for a plan every `execute` actions, or as soon as the last one came, and never waits for it.

    A plan that comes late is played from where it would be by now: what it meant for the ticks that have passed is
    skipped, and it is blended in there. Until the first plan comes the robot stays where it is, so that one is played
    from its beginning. A plan that ends before the next one came is held at its last action; that wants actions which
    say where to be, not how fast to move. When answers come at once this plays exactly as `ChunkPlayer` does.

    Args:
        answers: where plans come from; the planner's memory is kept here.
        clock: tells which action's time it is.
        execute: actions after which the next plan is wanted.
        blend: ticks over which the rest of the old chunk fades out.
        name: what results call this policy.
    """

    def __init__(
        self, answers: Answers, clock: Clock, execute: int = EXECUTE, blend: int = BLEND, name: str = "policy"
    ) -> None:
        refuse_nothing(execute, blend)
        self.planner = answers.planner
        self.execute = execute
        self.blend = blend
        self.name = name
        self._answers = answers
        self._clock = clock
        self._mix = choose_mix(self.planner.action)
        self._stay = HOLDS.get(self.planner.action.name, hold_state)
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._clock.restart()
        self._answers.reset(seed)
        self._chunk: Chunk | None = None
        self._held: Action | None = None
        self._memory: Memory = None
        self._asked_s: float | None = None
        self._start_s = 0.0
        self._waiting = False
        self._index = 0

    @property
    def plan(self) -> Chunk | None:
        """The chunk being played from the last action on; None before the first has come."""
        if self._chunk is None:
            return None
        return replace(self._chunk, actions=self._chunk.actions[self._index :])

    def act(self, observation: Observation) -> Action:
        """The next action.

        Raises:
            ActionError: the planner gave a chunk that is empty, of the wrong shape, or has expired.
            MillwrightError: the planner's own; the next call asks again.
        """
        now_s = self._clock.tick()
        self._collect(now_s)
        if not self._waiting and self._is_due(now_s):
            self._answers.ask(observation, self._memory, now_s)
            self._asked_s, self._waiting = now_s, True
            self._collect(now_s)
        if self._chunk is None:
            if self._held is None:
                self._held = self._stay(observation)
            return self._held
        refuse_expired(self._chunk, now_s, self.execute)
        self._index = min(self._count_ticks(now_s - self._start_s), len(self._chunk) - 1)
        action: Action = self._chunk.actions[self._index]
        return action

    def metrics(self) -> Mapping[str, float]:
        return self._answers.metrics()

    def close(self) -> None:
        self._answers.close()

    def _is_due(self, now_s: float) -> bool:
        if self._chunk is None or self._asked_s is None:
            return True
        return self._count_ticks(now_s - self._asked_s) >= min(self.execute, len(self._chunk))

    def _collect(self, now_s: float) -> None:
        """Go over to the new chunk, if there is one."""
        if not self._waiting or self._asked_s is None:
            return
        try:
            answer = self._answers.collect(now_s)
        except Exception:
            self._waiting, self._asked_s = False, None  # the call is over, and another one is due
            raise
        if answer is None:
            return
        self._waiting = False
        chunk, self._memory = check_chunk(answer[0], self.planner.action, self._asked_s), answer[1]
        if self._chunk is None:
            self._chunk, self._start_s = chunk, now_s
            return
        rest = self._chunk.actions[self._count_ticks(now_s - self._start_s) :]
        past, new = np.split(chunk.actions, [self._count_ticks(now_s - self._asked_s)])
        actions = np.concatenate((past, fade(rest, new, self.blend, self._mix)))
        self._chunk, self._start_s = replace(chunk, actions=actions), self._asked_s

    def _count_ticks(self, seconds: float) -> int:
        return round(seconds * self.planner.rate_hz)
