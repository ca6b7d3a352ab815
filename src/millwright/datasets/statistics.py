"""Statistics of columns: true ones over all frames, never averages of averages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]

_QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
GREY: NDArray[np.float64] = np.arange(256) / 255.0
"""What the levels of a colour stand for."""
FRAME_STRIDE = 4
"""Of the frames that are counted."""
_PIXEL_STRIDE = 2


@dataclass(frozen=True)
class Statistics:
    """Of one feature: arrays of its shape, (3, 1, 1) with values in [0, 1] for images; `count` (1,) frames."""

    min: Values
    max: Values
    mean: Values
    std: Values
    count: Values
    q01: Values
    q10: Values
    q50: Values
    q90: Values
    q99: Values

    def reshape(self, shape: tuple[int, ...]) -> Statistics:
        """The same for a feature of another shape; LeRobot's, of its last axis alone, stand for every row of it."""
        whole = self.min.size == math.prod(shape)
        return self._map(lambda values: values.reshape(shape) if whole else np.broadcast_to(values, shape))

    def part(self, begin: int, end: int) -> Statistics:
        """The same for some of the columns."""
        return self._map(lambda values: values[begin:end])

    def _map(self, change: Callable[[Values], Values]) -> Statistics:
        return Statistics(**{name: value if name == "count" else change(value) for name, value in vars(self).items()})

    def to_json(self) -> dict[str, list[Any]]:
        return {name: value.tolist() for name, value in vars(self).items()}

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Statistics:
        return Statistics(**{name: np.asarray(row[name]) for name in Statistics.__dataclass_fields__})


def compute_statistics(values: NDArray[Any]) -> Statistics:
    """Statistics over the first axis of `values` (num_frames, ...); quantiles interpolate linearly."""
    exact = values.astype(np.float64)
    quantiles = np.quantile(exact, list(_QUANTILES.values()), axis=0)
    return Statistics(
        min=exact.min(0),
        max=exact.max(0),
        mean=exact.mean(0),
        std=exact.std(0),
        count=np.array([len(values)]),
        **dict(zip(_QUANTILES, quantiles, strict=True)),
    )


def count_levels(frames: NDArray[Any], codes: int = 256) -> NDArray[np.int64]:
    """Histogram (channels, codes) of every fourth frame, every second row and column; (num_frames, ..., channels)."""
    sample = frames[::FRAME_STRIDE, ::_PIXEL_STRIDE, ::_PIXEL_STRIDE]
    channels = range(frames.shape[-1])
    return np.stack([np.bincount(sample[..., channel].reshape(-1), minlength=codes) for channel in channels])


class LevelCounter:
    """`count_levels` of frames that come one after the other; (channels, codes)."""

    def __init__(self, channels: int = 3, codes: int = 256) -> None:
        self.levels = np.zeros((channels, codes), np.int64)
        self.count = 0
        """Frames so far."""

    def watch(self, frames: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """The same frames, counted as they pass."""
        for frame in frames:
            if self.count % FRAME_STRIDE == 0:
                self.levels += count_levels(frame[None], self.levels.shape[1])
            self.count += 1
            yield frame


def compute_image_statistics(levels: NDArray[np.int64], num_frames: int, values: Values = GREY) -> Statistics:
    """Statistics of an image feature from its histogram (channels, codes); arrays (channels, 1, 1).

    Args:
        values: (codes,) what each stands for, rising.
    """
    totals = levels.sum(1, keepdims=True)  # (3, 1)
    mean = levels @ values / totals[:, 0]  # (channels,)
    square = (levels * (values - mean[:, None]) ** 2).sum(1) / totals[:, 0]
    seen = levels > 0
    rows = {
        "min": values[seen.argmax(1)],
        "max": values[::-1][seen[:, ::-1].argmax(1)],
        "mean": mean,
        "std": np.sqrt(square),
        **{name: _value_at(levels, fraction, values) for name, fraction in _QUANTILES.items()},
    }
    return Statistics(count=np.array([num_frames]), **{name: row.reshape(-1, 1, 1) for name, row in rows.items()})


def _value_at(levels: NDArray[np.int64], fraction: float, values: Values) -> Values:
    """What `np.quantile` gives for the values behind a histogram: (channels,)."""
    below = levels.cumsum(1)
    position = fraction * (below[:, -1] - 1)
    low, high = np.floor(position), np.ceil(position)
    first = values[(below <= low[:, None]).sum(1)]
    second = values[(below <= high[:, None]).sum(1)]
    result: Values = first + (second - first) * (position - low)
    return result
