"""stats.json says what the columns hold: extremes, moments and quantiles are computed again in passing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.datasets import layout
from millwright.datasets.checks.check import Check
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Columns, Entry, Folder, is_numeric
from millwright.datasets.moments import Moments

_PLAIN = ("min", "max", "mean", "std")
_QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
_ORDER = ("min", *_QUANTILES, "max")
_RELATIVE = 1e-3
"""Of a column's spread: other tools compute in single precision."""
_RANK = 2e-3
"""How far from its fraction the rank of an exact quantile may lie, beside one frame."""


class Columnwise(Check):
    """Statistics of everything that is not video. Quantiles of other tools are estimates: only their order counts."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._stats = load_stats(folder)
        self._numeric = [name for name, row in folder.features.items() if is_numeric(row)]
        self._moments = {name: Moments(folder.find_size(name)) for name in self._numeric}
        quantiles = {name: self._load_quantiles(name) for name in self._numeric if folder.is_own}
        self._quantiles = {name: values for name, values in quantiles.items() if values is not None}
        self._below = {name: np.zeros((2, *values.shape), np.int64) for name, values in self._quantiles.items()}

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        for name, values in columns.items():
            self._moments[name].update(values)
            if name in self._quantiles:
                below, quantiles = self._below[name], self._quantiles[name]
                slack = 1e-9 * (1 + np.abs(quantiles))
                below[0] += (values[None] < (quantiles - slack)[:, None]).sum(1)
                below[1] += (values[None] <= (quantiles + slack)[:, None]).sum(1)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        if self._stats is None:
            yield Finding("MW401", "it is missing or no JSON: policies cannot be normalised", file=layout.STATS)
            return
        for name, row in self._folder.features.items():
            if row.get("dtype") == "string":
                continue
            if name not in self._stats:
                yield Finding("MW402", f"{name} has no statistics: it would not be normalised", file=layout.STATS)
            elif is_numeric(row) and self._moments[name].count:
                yield from self._compare(name, self._stats[name], self._moments[name])

    def _compare(self, name: str, said: Mapping[str, Any], moments: Moments) -> Iterator[Finding]:
        lacking = [key for key in (*_PLAIN, "count") if key not in said]
        shapes = {key: np.size(said[key]) for key in _PLAIN if key in said}
        size, last = self._folder.find_size(name), self._folder.features[name]["shape"][-1]
        if set(shapes.values()) == {last} and last != size:  # LeRobot takes all axes but the last one together
            size, moments = last, moments.pool(last)
        if lacking or set(shapes.values()) != {size}:
            cause = f"{name}: {', '.join(lacking) + ' missing' if lacking else f'sizes {shapes}, not {size}'}"
            yield Finding("MW403", cause, file=layout.STATS)
            return
        count = said["count"][0] if len(said["count"]) else 0
        if count != moments.count:
            yield Finding("MW403", f"{name} counts {count} frames of {moments.count}", file=layout.STATS)
        spread = np.maximum(moments.max - moments.min, 1e-6 * (1 + np.abs(moments.mean)))
        for key in _PLAIN:
            off = np.abs(np.ravel(said[key]) - getattr(moments, key)) / spread
            wrong = ~(off <= _RELATIVE) & ~(np.isnan(np.ravel(said[key])) & np.isnan(getattr(moments, key)))
            if wrong.any():
                at = int(wrong.argmax())
                meant, told = getattr(moments, key)[at], np.ravel(said[key])[at]
                cause = f"{name}[{self._folder.find_names(name)[at]}]: {key} is {told:.6g}, of the frames {meant:.6g}"
                yield Finding("MW404", cause, file=layout.STATS)
                break
        yield from self._check_quantiles(name, said, moments, spread)

    def _check_quantiles(
        self, name: str, said: Mapping[str, Any], moments: Moments, spread: NDArray[Any]
    ) -> Iterator[Finding]:
        told = [said[key] for key in _ORDER if key in said and len(said[key]) == len(spread)]
        falling = any((after < before - _RELATIVE * spread).any() for before, after in pairwise(told))
        if falling:
            yield Finding("MW405", f"{name}: {' <= '.join(_ORDER)} does not hold", file=layout.STATS)
            return
        if name not in self._quantiles:
            return
        low, high = self._below[name] / moments.count
        slack = _RANK + 1.0 / moments.count
        fractions = np.array(list(_QUANTILES.values()))[:, None]
        known = ~np.isnan(self._quantiles[name])  # where a value is no number, that is what is said
        off = known & ((low > fractions + slack) | (high < fractions - slack))
        if off.any():
            quantile, at = np.argwhere(off)[0]
            key = list(_QUANTILES)[quantile]
            share = f"{low[quantile, at]:.1%} of the frames lie below it"
            place = f"{name}[{self._folder.find_names(name)[at]}]: {key} is {self._quantiles[name][quantile, at]:.6g}"
            cause = f"{place}, {share}"
            yield Finding("MW405", cause, file=layout.STATS)

    def _load_quantiles(self, name: str) -> NDArray[np.float64] | None:
        """(5, size), None where there are none."""
        row = (self._stats or {}).get(name, {})
        size = self._folder.find_size(name)
        rows = [np.ravel(row[key]) for key in _QUANTILES if np.size(row.get(key, ())) == size]
        return np.stack(rows).astype(np.float64) if len(rows) == len(_QUANTILES) else None


def load_stats(folder: Folder) -> Mapping[str, Any] | None:
    """stats.json; None where it is missing or broken."""
    try:
        stats = json.loads((folder.root / layout.STATS).read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(stats, dict):
        return None
    return {
        name: {key: _to_numbers(value) for key, value in row.items()}
        for name, row in stats.items()
        if isinstance(row, dict)
    }


def _to_numbers(value: Any) -> NDArray[np.float64]:
    """A statistic flat; nothing where it is not made of numbers."""
    try:
        return np.ravel(np.asarray(value, np.float64))
    except (TypeError, ValueError):
        return np.zeros(0)
