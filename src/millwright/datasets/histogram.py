"""Histogram: how values of unknown range spread, in constant memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 64


class Histogram:
    """64 bins over what was seen; when a value lies outside, bins are joined in pairs until it fits."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self.low = self.width = 0.0

    @property
    def edges(self) -> NDArray[np.float64]:
        """Of the bins, (65,)."""
        return np.asarray(self.low + self.width * np.arange(BINS + 1), np.float64)

    def update(self, values: NDArray[Any]) -> None:
        """Take in `values` (num,); those that are not finite are left out."""
        finite = values[np.isfinite(values)].astype(np.float64)
        if len(finite) == 0:
            return
        low, high = float(finite.min()), float(finite.max())
        if self.width == 0:
            span = max(high - low, 1e-6 * max(1.0, abs(low)))
            self.low, self.width = low, span / BINS
        while low < self.low:
            self._double(downwards=True)
        while high > self.low + BINS * self.width:
            self._double(downwards=False)
        places = np.clip((finite - self.low) / self.width, 0, BINS - 1).astype(np.int64)
        self.counts += np.bincount(places, minlength=BINS)

    def _double(self, downwards: bool) -> None:
        pairs, empty = self.counts.reshape(-1, 2).sum(1), np.zeros(BINS // 2, np.int64)
        self.counts = np.concatenate((empty, pairs) if downwards else (pairs, empty))
        self.low -= BINS * self.width if downwards else 0
        self.width *= 2

    def trim(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Counts and edges without the empty bins at both ends."""
        full = np.flatnonzero(self.counts)
        if len(full) == 0:
            return self.counts, self.edges
        return self.counts[full[0] : full[-1] + 1], self.edges[full[0] : full[-1] + 2]
