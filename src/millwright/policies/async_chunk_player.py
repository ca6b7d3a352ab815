"""AsyncChunkPlayer: plays the chunk it has while the next one is being planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

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
from millwright.policies.holding import choose_hold
from millwright.policies.tempo import MOST_LATE, Tempo, play_from
from millwright.policies.world_memory import tell_done


class AsyncChunkPlayer(Policy):
    """Asks for a plan every `execute` ticks, or as soon as the last one came, and never waits for it.

    A plan that comes late is played from where it would be by now: what it meant for what has been done since is
    skipped, and it is blended in there; and it is played the more slowly the later plans come (`Tempo`). Until the
    first plan comes the robot stays where it is, so that one is played from its beginning; and it stays where a plan
    ends before the next one came. When answers come at once, and no tempo is given, this plays exactly as
    `ChunkPlayer` does.

    Args:
        answers: where plans come from; the planner's memory is kept here.
        clock: tells which action's time it is.
        execute: ticks after which the next plan is wanted.
        blend: ticks, in a plan's own time, over which the rest of the old chunk fades out.
        name: what results call this policy.
        tempo: how fast plans are played, as a share of what they mean; None: as fast as their lateness allows.
        most_late: then: so many of its own ticks a plan may be late.

    Raises:
        OptionError: nothing to be played, or a tempo that is none.
    """

    def __init__(
        self, answers: Answers, clock: Clock, execute: int = EXECUTE, blend: int = BLEND, name: str = "policy",
        tempo: float | None = None, most_late: float = MOST_LATE,
    ) -> None:  # fmt: skip
        refuse_nothing(execute, blend)
        self.planner = answers.planner
        self.execute = execute
        self.blend = blend
        self.name = name
        self._answers = answers
        self._clock = clock
        self._mix = choose_mix(self.planner.action)
        self._stay = choose_hold(self.planner.action)
        self._tempo = Tempo(tempo, self.planner.action, most_late)
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._clock.restart()
        self._answers.reset(seed)
        self._tempo.reset()
        self._playing_at = 1.0
        self._chunk: Chunk | None = None
        self._held: Action | None = None
        self._last: Action | None = None  # what was done in the last tick
        self._before: Action | None = None  # and in the one before a plan was asked for
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
            memory = self._memory if self._last is None else tell_done(self.planner, self._memory, self._last)
            self._answers.ask(observation, memory, now_s)
            self._asked_s, self._waiting, self._before = now_s, True, self._last
            self._collect(now_s)
        self._last = self._play(observation, now_s)
        return self._last

    def tell_done(self, action: Action) -> None:
        self._last = action

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
            self._tempo.hear(self._count_ticks(now_s - self._asked_s))
            self._waiting, self._asked_s = False, None  # the call is over, and another one is due
            raise
        if answer is None:
            return
        self._waiting = False
        chunk, self._memory = check_chunk(answer[0], self.planner.action, self._asked_s), answer[1]
        self._go_over(chunk, self._count_ticks(now_s - self._asked_s), now_s)

    def _go_over(self, chunk: Chunk, late: int, now_s: float) -> None:
        """Play a chunk from now on that was asked for `late` ticks ago."""
        self._tempo.hear(late)
        tempo, rest, done = self._tempo.share, chunk.actions[:0], 0.0
        if self._chunk is not None:
            played = self._count_ticks(now_s - self._start_s)
            rest, left = self._chunk.actions[played:], max(0, len(self._chunk) - (played - late))
            done = min(late, left) * self._playing_at  # where a plan had ended nothing was done
        before = self._last if self._before is None else self._before
        new = play_from(chunk.actions[0] if before is None else before, chunk.actions, done, tempo, self._mix)
        self._chunk = replace(chunk, actions=fade(rest, new, round(self.blend / tempo), self._mix))
        self._start_s, self._playing_at = now_s, tempo

    def _play(self, observation: Observation, now_s: float) -> Action:
        """The action of this tick."""
        if self._chunk is None:
            self._held = self._stay(observation, self._held)
            return self._held
        refuse_expired(self._chunk, now_s, self.execute)
        tick, last = self._count_ticks(now_s - self._start_s), len(self._chunk) - 1
        self._index = min(tick, last)
        action: Action = self._chunk.actions[self._index]
        return action if tick <= last else self._stay(observation, action)

    def _count_ticks(self, seconds: float) -> int:
        return round(seconds * self.planner.rate_hz)
