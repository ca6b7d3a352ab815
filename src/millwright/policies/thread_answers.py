"""ThreadAnswers: plans are made in a thread, and a tick waits for them so long and no longer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from copy import deepcopy

from millwright.core.errors import OptionError
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.policies.answers import Answer, Answers


class ThreadAnswers(Answers):
    """For a planner that may stall, as a server may: whoever plays goes on meanwhile.

    There is one call at a time. One that an episode left under way ends by its own deadline, and the next one begins
    then; its answer is nobody's.

    Args:
        wait_s: how long a tick waits for an answer, in real time: at most the period of control, less what else a tick
            takes. Where answers come within it, they are played as if they came at once.

    Raises:
        OptionError: `wait_s` is no length of time.
    """

    def __init__(self, planner: Planner, wait_s: float) -> None:
        if not 0 <= wait_s < float("inf"):
            raise OptionError(f"wait_s is seconds, 0 or more, got {wait_s}")
        self.planner, self._wait_s = planner, wait_s
        self._worker = ThreadPoolExecutor(1, "ask")
        self._call: Future[tuple[list[Chunk], list[Memory]]] | None = None
        self.reset(0)

    def reset(self, seed: int) -> None:
        if self._call is not None:
            self._call.cancel()
        self._call = None
        self._tick_s: float | None = None
        self._until_s = 0.0
        self._unanswered: set[float] = set()

    def ask(self, observation: Observation, memory: Memory, now_s: float) -> None:
        seen = deepcopy(dict(observation))  # whose arrays may be written anew before they are read
        self._call = self._worker.submit(self.planner.plan, [seen], [memory])

    def collect(self, now_s: float) -> Answer | None:
        """The answer; None when there is none within what is left of this tick's `wait_s`.

        Raises:
            MillwrightError: as the planner's; there is no call any more then.
        """
        call = self._call
        if call is None:
            return None
        if now_s != self._tick_s:
            self._tick_s, self._until_s = now_s, time.monotonic() + self._wait_s
        wait([call], max(0.0, self._until_s - time.monotonic()))
        if not call.done():
            self._unanswered.add(now_s)
            return None
        self._call = None
        chunks, memories = call.result()
        return chunks[0], memories[0]

    def metrics(self) -> Mapping[str, float]:
        """Ticks of the episode at whose end an answer was still being waited for."""
        return {"unanswered_ticks": float(len(self._unanswered))}

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)
