"""Batches: windows as training wants them, made ahead by threads from decoded frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import OptionError
from millwright.datasets.dataset import Dataset
from millwright.datasets.windows import Deltas, Indices

Batch = dict[str, NDArray[Any]]
_BLOCK = 1 << 20
"""Bytes that are written at a time: what stays in a core's cache between being read and being scaled."""
_AHEAD = 3
"""Batches that exist beside those being made: one in use, the one before it, and one that waits."""


class Batches:
    """Goes through a dataset in batches of windows; colours become float32 from 0 to 1, channels first.

    A batch holds each feature of `deltas`, (batch, len(offsets), *shape), and `{name}_is_pad` as in `Windows.gather`.
    Pictures are (batch, len(offsets), channels, height, width), with the channels last in memory, as convolutions on a
    CPU want them; depth stays in metres. A batch's pictures stay as they are until the next but one is asked for: their
    memory is used again, as getting new memory takes longer than filling it.

    Args:
        deltas: feature -> offsets in frames, `range(16)` for an action and the fifteen after it.
        size: samples a batch.
        threads: that make batches ahead; numpy lets others run while it copies.

    Raises:
        FeatureError: no such feature.
        DatasetError: a video is damaged, or the disk has no room for its decoded frames.
        OptionError: no samples a batch, no threads, or offsets that are no whole numbers.
    """

    def __init__(self, dataset: Dataset, deltas: Deltas, size: int = 64, threads: int = 2) -> None:
        if size < 1 or threads < 1:
            raise OptionError(f"batches need at least 1 sample and 1 thread, got size={size} and threads={threads}")
        for name, offsets in deltas.items():
            if (
                isinstance(offsets, int)
                or not len(offsets)
                or not all(isinstance(n, (int, np.integer)) for n in offsets)
            ):
                raise OptionError(f"offsets of {name} are whole numbers of frames, one or more, got {offsets!r}")
        self.size, self.threads = size, threads
        self._count = len(dataset)
        self._windows = dataset.windows(deltas)
        self._frames = {name: dataset.frames(name) for name in deltas if name in dataset.cameras}
        self._columns = {
            name: np.ascontiguousarray(dataset.column(name)) for name in deltas if name not in self._frames
        }
        self._shapes = {name: (size, len(deltas[name]), *frames.shape[1:]) for name, frames in self._frames.items()}
        self._spare: list[Batch] = []

    def go_through(self, order: Indices) -> Iterator[Batch]:
        """Batches of these frames' windows, in this order; the last one may be smaller.

        Raises:
            OptionError: a number that no frame has.
        """
        order = np.asarray(order)
        if (
            order.ndim != 1
            or order.dtype.kind not in "iu"
            or (order.size and not 0 <= order.min() <= order.max() < self._count)
        ):
            raise OptionError(f"frames are whole numbers from 0 to {self._count - 1} in one row, got {order!r}")
        return self._go_through(order)

    def _go_through(self, order: Indices) -> Iterator[Batch]:
        held = deque(self._take() for _ in range(self.threads + _AHEAD))
        ahead = deque[Future[Batch]]()
        with ThreadPoolExecutor(self.threads) as pool:
            for start in range(0, len(order), self.size):
                ahead.append(pool.submit(self._make, order[start : start + self.size], held[0]))
                held.rotate(-1)
                if len(ahead) > self.threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        self._spare.extend(held)

    def _take(self) -> Batch:
        if self._spare:
            return self._spare.pop(0)  # the one that was used longest ago
        return {name: np.empty(shape, np.float32) for name, shape in self._shapes.items()}

    def _make(self, frames: Indices, room: Batch) -> Batch:
        batch = self._windows.gather(self._columns, frames)
        for name, pictures in self._frames.items():
            indices, batch[f"{name}_is_pad"] = self._windows.indices(name, frames)
            filled = room[name][: len(frames)]
            _fill(filled.reshape(-1, *pictures.shape[1:]), pictures, indices.ravel())
            batch[name] = np.moveaxis(filled, -1, 2)
        return batch


def _fill(out: NDArray[np.float32], pictures: NDArray[Any], indices: Indices) -> None:
    """Copy these pictures, colours scaled to 0..1, a block at a time."""
    rows = max(1, _BLOCK // out[0].nbytes)
    scale = np.float32(1 / 255 if pictures.dtype == np.uint8 else 1)
    for start in range(0, len(indices), rows):
        np.multiply(pictures[indices[start : start + rows]], scale, out=out[start : start + rows])
