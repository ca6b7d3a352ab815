"""ByHand: a person drives, in a browser, the episodes that a recorder asks for."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType

from millwright.core.episode import Episode
from millwright.core.errors import ServiceError
from millwright.dashboard.commands import Shuffle
from millwright.dashboard.server import start_dashboard
from millwright.dashboard.session import Session
from millwright.dashboard.snapshot import FAILED
from millwright.dashboard.stage import Stage

LEAST_STEPS = 2
"""A drive of fewer shows nothing of what follows from what."""
GLANCE_S = 1.5
"""How long the verdict stays on show before the next track comes."""
RETRY_S = 0.1


class ByHand:
    """What makes a recorder's player; a context, that ends the dashboard, which opens when the first drive is wanted.

    A drive that is stopped is not kept, its track comes again.

    Args:
        stage: whose policy of that name a person drives with.
        seeds: that will be asked for, for telling how far it is.
        where: the drives go, in words.
        on_ready: is told the dashboard's address.
        port: of the dashboard, on this machine; 0 takes a free one.
    """

    def __init__(
        self, stage: Stage, policy: str, seeds: Sequence[int], where: str, on_ready: Callable[[str], None], port: int
    ) -> None:
        self._stage, self._policy, self._seeds, self._where = stage, policy, seeds, where
        self._on_ready, self._port = on_ready, port
        self._driven: queue.SimpleQueue[Episode] = queue.SimpleQueue()
        self._open = ExitStack()

    def __enter__(self) -> ByHand:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def __call__(self) -> Callable[[int], Episode]:
        """Open the dashboard; gives the function that waits until a track was driven.

        Raises:
            ServiceError: the port is in use, or the scene or its views cannot be made.
        """

        def make_session() -> Session:
            return Session(self._stage, self._policy, self._seeds[0], hold_s=GLANCE_S, keep=self._driven.put)

        dashboard = self._open.enter_context(start_dashboard(make_session, port=self._port))
        self._session = dashboard.session
        self._on_ready(dashboard.url)
        return self.play

    def play(self, seed: int) -> Episode:
        """The drive of a person on that track.

        Raises:
            ServiceError: the scene broke.
        """
        number = f"drive {1 + self._seeds.index(seed)} of {len(self._seeds)}, for {self._where}"
        note = f"Recording: track {seed}, {number}. Stop, and it is not kept and comes again."
        while True:
            self._show(seed, note)
            episode = self._driven.get()
            if episode.seed != seed:
                note = f"Recording: track {seed}, {number}. Track {episode.seed} is kept already, that drive is not."
            elif len(episode) < LEAST_STEPS:
                note = f"Recording: track {seed}, {number}. A drive of {len(episode)} step is not kept; drive again."
            else:
                return episode

    def _show(self, seed: int, note: str) -> None:
        """As soon as nobody drives any more."""
        while not self._session.submit(Shuffle(seed, note)).result().ok:
            if self._session.snapshots.value.phase == FAILED:
                raise ServiceError(self._session.snapshots.value.message)
            time.sleep(RETRY_S)
