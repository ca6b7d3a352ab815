"""Reduce: what runs in a worker process. It plays, films there, and lets only the reduced episode travel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from millwright.core.episode import Episode
from millwright.evaluation.films import find_camera, write_film, write_strip
from millwright.evaluation.measures import reduce_episode
from millwright.evaluation.moments import find_moments
from millwright.evaluation.result import EpisodeResult

Play = Callable[[int], Episode]


@dataclass(frozen=True)
class Reduce:
    """A picklable factory of seed -> EpisodeResult.

    With a folder for `films`, the episodes that fail and those of the seeds in `filmed` are filmed, and of those that
    fail the key frames are drawn.
    """

    make_play: Callable[[], Play]
    films: Path | None = None
    filmed: frozenset[int] = frozenset()

    def __call__(self) -> Callable[[int], EpisodeResult]:
        play = self.make_play()
        return lambda seed: self._reduce(play(seed))

    def _reduce(self, episode: Episode) -> EpisodeResult:
        wanted = not episode.verdict.success or episode.seed in self.filmed
        if self.films is None or not wanted or find_camera(episode) is None:
            return reduce_episode(episode)
        film, strip = f"seed-{episode.seed}.mp4", f"seed-{episode.seed}.jpg"
        write_film(episode, self.films / film)
        if episode.verdict.success:
            return reduce_episode(episode, film)
        moments = find_moments(episode)
        write_strip(episode, [moment.index for moment in moments], self.films / strip)
        return reduce_episode(episode, film, strip, moments)
