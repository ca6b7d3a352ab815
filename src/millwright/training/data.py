"""What the training loop reads: a number of samples and batches of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import FeatureError


class Data(Protocol):
    """Samples, numbered from 0. The loop decides the order."""

    @property
    def num_samples(self) -> int: ...

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        """These samples, each tensor with the batch axis first."""
        ...


class ArrayData:
    """Samples that are rows of numpy arrays, in memory or memory-mapped."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1 or not min(lengths.values()):
            raise FeatureError(f"arrays must be of one length, and not empty; lengths: {lengths}")
        self.arrays = dict(arrays)
        self._num_samples = min(lengths.values())

    @property
    def num_samples(self) -> int:
        return self._num_samples

    def batch(self, indices: NDArray[np.int64]) -> dict[str, Tensor]:
        return {name: torch.from_numpy(np.take(array, indices, axis=0)) for name, array in self.arrays.items()}


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
