"""Playing: how the chunks of a planner are played, as one record of choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from millwright.core.clock import TickClock
from millwright.core.errors import OptionError
from millwright.core.planner import Planner
from millwright.core.policy import Policy
from millwright.policies.answers import Answers, LateAnswers, Latency, check_latency
from millwright.policies.async_chunk_player import AsyncChunkPlayer
from millwright.policies.chunk_player import BLEND, EXECUTE, ChunkPlayer, refuse_nothing
from millwright.policies.stale import Stale
from millwright.policies.tempo import MOST_LATE, check_tempo
from millwright.policies.thread_answers import ThreadAnswers
from millwright.policies.waiting import Waiting


@dataclass(frozen=True)
class Playing:
    """How a planner's chunks are played.

    Args:
        execute: actions played of each chunk before the next is wanted; None: as many as is usual.
        blend: ticks over which the old chunk fades out; None: as many as is usual.
        latency_s: from and to, simulated: how long after its observation a plan is there, drawn for each call.
        stale: do not plan while playing: take late plans for up to date (a control).
        waits: do not plan while playing: stand until the plan is there (a control).
        tempo: of what plans while it plays, see `Tempo`; None: as fast as lateness allows.
        most_late: so many of its own ticks a plan may then be late; None: as many as is usual.

    Raises:
        OptionError: a value out of its range.
    """

    execute: int | None = None
    blend: int | None = None
    latency_s: Latency = (0.0, 0.0)
    stale: bool = False
    waits: bool = False
    tempo: float | None = None
    most_late: float | None = None

    def __post_init__(self) -> None:
        check_latency(self.latency_s)
        check_tempo(self.tempo)
        refuse_nothing(*self._complete())
        if (self.stale or self.waits) and not self.latency_s[1]:
            raise OptionError(
                "stale plans, and those that are waited for, need a latency: --latency-ms 100:250 for example, or "
                "latency_s=(0.1, 0.25); without, none is late"
            )
        if self.tempo is not None and (self.stale or self.waits):
            raise OptionError("a tempo is of what plans while it plays; stale plans, and those waited for, have none")
        if self.stale and self.waits:
            raise OptionError("a late plan is taken for up to date (stale) or waited for (waits), not both")

    def within(self, usual: Playing) -> Playing:
        """This, and where it leaves something open, what is usual for a task."""
        execute = usual.execute if self.execute is None else self.execute
        blend = usual.blend if self.blend is None else self.blend
        most_late = usual.most_late if self.most_late is None else self.most_late
        return replace(self, execute=execute, blend=blend, most_late=most_late)

    def make_policy(self, planner: Planner, name: str, wait_s: float | None = None) -> Policy:
        """The policy that plays `planner` so, on simulated time.

        Args:
            wait_s: real time that a tick waits for a plan, which is made in a thread then; None: until it is there. A
                plan whose latency is simulated is made at once, and waited for.

        Raises:
            OptionError: a tempo where no plan is late, or of actions that have none.
        """
        execute, blend = self._complete()
        clock, most_late = TickClock(planner.rate_hz), MOST_LATE if self.most_late is None else self.most_late
        if not self.latency_s[1] and wait_s is None:
            if self.tempo is not None:
                raise OptionError("a tempo is of plans that may come late, and none is here; leave it out")
            return ChunkPlayer(planner, execute, blend, name)
        if self.stale:
            return Stale(ChunkPlayer(planner, execute, blend, name), clock, self.latency_s)
        if self.waits:
            return Waiting(LateAnswers(planner, self.latency_s), clock, execute, name)
        answers: Answers
        if self.latency_s[1] or wait_s is None:
            answers = LateAnswers(planner, self.latency_s)
        else:
            answers = ThreadAnswers(planner, wait_s)
        return AsyncChunkPlayer(answers, clock, execute, blend, name, self.tempo, most_late)

    def _complete(self) -> tuple[int, int]:
        return EXECUTE if self.execute is None else self.execute, BLEND if self.blend is None else self.blend

    def describe(self) -> Mapping[str, Any]:
        """What differs from the usual way."""
        usual = asdict(Playing())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}
