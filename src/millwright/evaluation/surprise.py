"""Surprises: where drives went other than a driver's own world model had dreamed, and failures that began there.

Nothing of a drive that is evaluated was ever learned from, so drives are what each other is held against: a tick is a
surprise where the model was farther off than in 99% of the ticks of all other drives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millwright.evaluation.driving import AROUND
from millwright.evaluation.result import EpisodeResult, Result
from millwright.evaluation.statistics import Interval, wilson

QUANTILE = 0.99
SETTLED_S = 1.5
"""Nothing is told before: CarRacing's camera comes down in the first second, and what is dreamed in it is wrong."""


@dataclass(frozen=True)
class Exploitation:
    """How often a world model was surprised, and how many failures began so."""

    surprises: tuple[int, ...]
    """In each drive: how many times its ticks began to be one."""
    failed: int
    """Drives whose failure has a known beginning."""
    exploited: tuple[int, ...]
    """Seeds of those of them that began with a surprise, at most `AROUND` ticks from it."""
    chance: float
    """Share of all ticks that lie as near to a surprise: so many failures would, if they began anywhere."""

    @property
    def share(self) -> Interval:
        """95% Wilson interval of the share of failures that began with a surprise."""
        return wilson(len(self.exploited), self.failed)


def find_exploitation(result: Result) -> Exploitation | None:
    """Of a result whose driver has a world model; None of another, and of one drive, which nothing is held against."""
    drives = [episode for episode in result.episodes if episode.surprises]
    if len(drives) < 2:
        return None
    marks = [errors > threshold for errors, threshold in zip(*_compare(drives), strict=True)]
    near = [_spread(mark) for mark in marks]
    begins = [find_begin(drive) for drive in drives]
    exploited = tuple(
        drive.seed
        for drive, begin, close in zip(drives, begins, near, strict=True)
        if begin is not None and close[min(begin, len(close) - 1)]
    )
    return Exploitation(
        tuple(int((np.diff(mark.astype(int), prepend=0) > 0).sum()) for mark in marks),
        sum(begin is not None for begin in begins),
        exploited,
        float(np.concatenate(near).mean()),
    )


def find_begin(episode: EpisodeResult) -> int | None:
    """The tick with which a drive's failure began, which its key frames surround; None of one that has none."""
    times = [time_s for label, time_s in episode.moments if not label.endswith(" ticks")]
    if episode.success or not times:
        return None
    return int(np.argmin(np.abs(np.asarray(episode.times_s) - times[0])))


def _compare(drives: Sequence[EpisodeResult]) -> tuple[list[NDArray[np.float64]], list[float]]:
    """Of each drive its errors, and the quantile of those of all others."""
    errors = [np.where(np.asarray(drive.times_s) < SETTLED_S, 0.0, drive.surprises) for drive in drives]
    others = [np.concatenate([*errors[:place], *errors[place + 1 :]]) for place in range(len(errors))]
    return errors, [float(np.quantile(each, QUANTILE)) for each in others]


def _spread(mark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ticks at most `AROUND` from one that is marked."""
    return np.convolve(mark, np.ones(2 * AROUND + 1))[AROUND:-AROUND] > 0.5
