"""Pictures that lie in parquet files: every one is whole and of the declared size, and is looked at like a video's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.cameras import check_picture, make_picture_feature
from millwright.datasets.checks.check import Check
from millwright.datasets.checks.pictures import Pictures, Trace
from millwright.datasets.depth import is_depth
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Entry, Folder
from millwright.datasets.picture_levels import to_codes
from millwright.datasets.tables import UNREADABLE

_ROWS = 64
_BLACK_LUMA, _LUMAS = 16, 219
"""Video's range of luma, which the limits of what is black, frozen or blurred are told in."""


class Images(Pictures):
    """Reads a camera's column forward, some rows in memory at a time."""

    def __init__(self, folder: Folder, camera: str) -> None:
        super().__init__(folder, camera)
        self._row = folder.features[camera]
        self._feature = make_picture_feature(camera, self._row)
        self._path = Path()
        self._rows: Iterator[Any] = iter(())
        self._at = 0
        self._firsts = _count_firsts(folder)

    def _find_file(self, entry: Entry) -> str | None:
        return entry.data.path(layout.DATA)

    def _read(self, entry: Entry, file: str) -> tuple[Trace, Finding | None]:
        """What is damaged hides what the other pictures of its episode show."""
        wrong: list[tuple[int, str]] = []
        trace = self.measure(self._take(entry, file, wrong))
        if not wrong:
            return trace, None
        frame, what = wrong[0]
        cause = f"{self._camera} holds {what} ({len(wrong)} of its {entry.length} frames are such)"
        return self.measure(()), Finding("MW306", cause, entry.position, frame, file)

    def _take(
        self, entry: Entry, file: str, wrong: list[tuple[int, str]]
    ) -> Iterator[tuple[NDArray[Any], partial[NDArray[Any]]]]:
        """Luma or depth of an episode's pictures; those that cannot be read go to `wrong`."""
        path, first = self._folder.root / file, self._firsts[entry.position]
        if path != self._path or self._at > first:
            self._path, self._at, self._rows = path, 0, _read_column(path, self._camera)
        for stored in self._rows:
            frame, self._at = self._at - first, self._at + 1
            if frame >= 0:
                try:
                    pixels = check_picture(stored, self._feature.shape, self._feature.dtype)
                    yield self._find_plane(pixels), partial(to_codes, pixels, self._row)
                except DatasetError as error:
                    wrong.append((frame, str(error).rstrip(",")))
            if frame == entry.length - 1:
                return

    def _find_plane(self, pixels: NDArray[Any]) -> NDArray[Any]:
        if is_depth(self._row):
            return np.asarray(np.isfinite(pixels) & (pixels > 0))
        grey = np.asarray(Image.fromarray(pixels).convert("L"))
        return np.asarray(_BLACK_LUMA + grey * np.float32(_LUMAS / 255))


def _read_column(path: Path, name: str) -> Iterator[Any]:
    """What its rows hold, as far as they can be read."""
    try:
        with pq.ParquetFile(path) as file:
            if name in file.schema_arrow.names:
                for batch in file.iter_batches(_ROWS, columns=[name]):
                    yield from batch[name].to_pylist()
    except UNREADABLE:
        return


def _count_firsts(folder: Folder) -> dict[int, int]:
    """For each episode the rows before it in its file."""
    firsts, before = {}, dict[Any, int]()
    for entry in folder.entries:
        firsts[entry.position] = before.get(entry.data, 0)
        before[entry.data] = firsts[entry.position] + entry.length
    return firsts


def make_checks(folder: Folder) -> list[Check]:
    """One a camera."""
    return [Images(folder, name) for name, row in folder.features.items() if row["dtype"] == "image"]
