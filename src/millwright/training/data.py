"""What the training loop reads: a number of samples and batches of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import FeatureError
from millwright.policies.network import PAST


class Data(Protocol):
    """Samples, numbered from 0. The loop decides the order."""

    @property
    def num_samples(self) -> int: ...

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        """These samples, each tensor with the batch axis first."""
        ...


class ArrayData:
    """Samples that are rows of numpy arrays, in memory or memory-mapped.

    Args:
        tables: name -> what the rows of `arrays[name]`, which are numbers then, stand for: a row of the table each.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], tables: Mapping[str, NDArray[Any]] | None = None) -> None:
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1 or not min(lengths.values()):
            raise FeatureError(f"arrays must be of one length, and not empty; lengths: {lengths}")
        # Of an array that lies crosswise in memory, numpy copies all before it takes a few rows.
        self.arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self.tables = {name: np.ascontiguousarray(table) for name, table in (tables or {}).items()}
        self._num_samples = min(lengths.values())

    @property
    def num_samples(self) -> int:
        return self._num_samples

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        return {name: self.take(name, indices) for name in self.arrays}

    def take(self, name: str, indices: NDArray[np.int64]) -> Tensor:
        """One of the arrays at these samples, indices of any shape."""
        rows = np.take(self.arrays[name], indices, axis=0)
        return torch.from_numpy(np.take(self.tables[name], rows, axis=0) if name in self.tables else rows)


class HistoryData:
    """Samples with earlier ones of the same episode beside them, as `past.NAME` (batch, earlier, ...), oldest first.

    Args:
        earlier: name of an array -> how many earlier rows of it are added.
        first: (samples,) index of the sample that began each one's episode; before it nothing was, so it stands in.
        stride: samples from one frame to the next, as many as ticks lie between two calls of the planner.
    """

    def __init__(self, data: ArrayData, earlier: Mapping[str, int], first: NDArray[np.int64], stride: int = 1) -> None:
        if missing := [name for name in earlier if name not in data.arrays]:
            raise FeatureError(f"no array {', '.join(missing)} to look back in; arrays: {', '.join(data.arrays)}")
        self._data, self._first = data, first
        self._back = {name: stride * np.arange(count, 0, -1) for name, count in earlier.items()}

    @property
    def num_samples(self) -> int:
        return self._data.num_samples

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        now, first = indices[:, None], self._first[indices][:, None]
        past = {PAST + name: self._data.take(name, np.maximum(now - back, first)) for name, back in self._back.items()}
        return {**self._data.batch(indices), **past}


class JoinedData:
    """Samples of several kinds with the same names, numbered one kind after the other."""

    def __init__(self, parts: Sequence[Data]) -> None:
        if not parts:
            raise FeatureError("nothing to join: give at least one kind of samples")
        self._parts = tuple(parts)
        self._ends = np.cumsum([part.num_samples for part in parts])

    @property
    def num_samples(self) -> int:
        return int(self._ends[-1])

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        """Those of the first kind come first."""
        kinds = np.searchsorted(self._ends, indices, side="right")
        starts = self._ends - [part.num_samples for part in self._parts]
        batches = [
            part.batch(indices[kinds == kind] - starts[kind])
            for kind, part in enumerate(self._parts)
            if (kinds == kind).any()
        ]
        return {name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}


class Order:
    """An endless shuffled order: each sample once, then each once again in another order.

    Where it stands is a single number, so resuming needs nothing else.
    """

    def __init__(self, num_samples: int, seed: int) -> None:
        self.num_samples = num_samples
        self.seed = seed
        self._epoch = -1
        self._shuffled = np.empty(0, np.int64)

    def indices(self, position: int, count: int) -> NDArray[np.int64]:
        """The `count` indices from `position` on."""
        parts = []
        while count:
            epoch, start = divmod(position, self.num_samples)
            part = self._epoch_order(epoch)[start : start + count]
            parts.append(part)
            position, count = position + len(part), count - len(part)
        return np.concatenate(parts)

    def _epoch_order(self, epoch: int) -> NDArray[np.int64]:
        if epoch != self._epoch:
            self._shuffled = np.random.default_rng((self.seed, epoch)).permutation(self.num_samples)
            self._epoch = epoch
        return self._shuffled
