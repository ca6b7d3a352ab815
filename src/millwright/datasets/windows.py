"""Windows: the frames around a frame, padded where an episode ends, never across episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Deltas = Mapping[str, Sequence[int]]
"""Feature -> offsets in frames, `range(16)` for an action and the fifteen after it."""


class Windows:
    """For each frame and feature the frames at `deltas`; beyond an episode's ends its first or last frame, marked."""

    def __init__(self, lengths: Sequence[int], deltas: Deltas) -> None:
        ends = np.cumsum(lengths, dtype=np.int64)
        self._first = np.repeat(ends - lengths, lengths)  # (num_frames,)
        self._last = np.repeat(ends - 1, lengths)  # (num_frames,)
        self._deltas = {name: np.asarray(list(offsets), np.int64) for name, offsets in deltas.items()}

    def __len__(self) -> int:
        """Number of frames."""
        return len(self._first)

    def indices(self, name: str, frames: Indices | None = None) -> tuple[Indices, NDArray[np.bool_]]:
        """Frame numbers and pad mask, both (len(frames), len(deltas)); of all frames when none are given."""
        chosen = np.arange(len(self)) if frames is None else np.asarray(frames)
        wanted = chosen[:, None] + self._deltas[name]
        inside = wanted.clip(self._first[chosen, None], self._last[chosen, None])
        return inside, inside != wanted

    def gather(self, columns: Mapping[str, NDArray[Any]], frames: Indices) -> dict[str, NDArray[Any]]:
        """A batch: features with deltas (batch, len(deltas), *shape) beside `{name}_is_pad`, others (batch, *shape)."""
        batch: dict[str, NDArray[Any]] = {}
        for name, column in columns.items():
            if name in self._deltas:
                indices, batch[f"{name}_is_pad"] = self.indices(name, frames)
                batch[name] = column[indices]
            else:
                batch[name] = column[frames]
        return batch
