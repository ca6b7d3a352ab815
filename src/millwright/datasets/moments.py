"""Moments: mean, deviation and extremes of what passes by, in constant memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Moments:
    """Of (num, size) values, some at a time.

    Chan, Golub and LeVeque's pairwise form of Welford's update (1979, eq. 2.1): exact to rounding, whatever the order.
    """

    def __init__(self, size: int) -> None:
        self.count = 0
        self.mean: Floats = np.zeros(size)
        self.min: Floats = np.full(size, np.inf)
        self.max: Floats = np.full(size, -np.inf)
        self._squares: Floats = np.zeros(size)

    def update(self, values: NDArray[Any]) -> None:
        """Take in `values` (num, size), num >= 1."""
        exact = values.astype(np.float64)
        mean = exact.mean(0)
        total = self.count + len(exact)
        delta = mean - self.mean
        self._squares += ((exact - mean) ** 2).sum(0) + delta**2 * self.count * len(exact) / total
        self.mean = self.mean + delta * len(exact) / total
        self.min, self.max = np.minimum(self.min, exact.min(0)), np.maximum(self.max, exact.max(0))
        self.count = total

    def pool(self, size: int) -> Moments:
        """The same of `size` values, each those taken together that lie `size` apart; `count` stays as it is."""
        pooled = Moments(size)
        means = self.mean.reshape(-1, size)
        pooled.count, pooled.mean = self.count, means.mean(0)
        pooled.min, pooled.max = self.min.reshape(-1, size).min(0), self.max.reshape(-1, size).max(0)
        pooled._squares = (self._squares.reshape(-1, size) + self.count * (means - pooled.mean) ** 2).mean(0)
        return pooled

    @property
    def std(self) -> Floats:
        """Deviation of the population, as numpy's `std`."""
        deviation: Floats = np.sqrt(self._squares / max(self.count, 1))
        return deviation
