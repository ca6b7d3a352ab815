"""EpisodeReader: any episode of a folder, in any order; and what is known of each beside LeRobot's columns."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.folder import Entry, Folder
from millwright.datasets.layout import Place
from millwright.datasets.tables import UNREADABLE, read_table

_MADE_ANEW = ("stats/", "data/", "videos/", "meta/")
_OF_LEROBOT = ("episode_index", "tasks", "length", "dataset_from_index", "dataset_to_index")


class EpisodeReader:
    """Keeps the row groups that it read last, so that neighbours cost nothing."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._file: Any = None
        self._groups: list[int] = []
        self._held: tuple[tuple[int, ...], Any] = ((), None)
        self._rows = self._find_firsts(lambda entry: entry.data)
        self.frames = {
            camera: self._find_firsts(lambda entry, camera=camera: entry.spans[camera].place)
            for camera in folder.cameras
        }
        """Camera -> for each episode the number of its first frame in its video."""

    def load(self, entry: Entry) -> pa.Table:
        """An episode's rows.

        Raises:
            DatasetError: they cannot be read, or some are missing.
        """
        path = self._folder.root / entry.data.path(layout.DATA)
        first, stop = self._rows[entry.position], self._rows[entry.position] + entry.length
        try:
            self._open(path)
            starts = [0, *accumulate(self._groups)]
            touched = [n for n in range(len(self._groups)) if starts[n] < stop and starts[n + 1] > first]
            if self._held[0] != tuple(touched):
                self._held = tuple(touched), self._file.read_row_groups(touched)
        except UNREADABLE as error:
            raise DatasetError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
        table = self._held[1].slice(first - starts[touched[0]], entry.length) if touched else None
        if table is None or len(table) < entry.length:
            raise DatasetError(f"{path} ends before episode {entry.position} does")
        return table

    def _open(self, path: Path) -> None:
        if self._path != path:
            self._path, self._held = None, ((), None)
            self._file = pq.ParquetFile(path)
            metadata = self._file.metadata
            self._groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
            self._path = path

    def _find_firsts(self, locate: Any) -> list[int]:
        """For each episode the rows or frames before it in its file: counted, not believed."""
        before: dict[Place, int] = {}
        firsts = []
        for entry in self._folder.entries:
            place = locate(entry)
            firsts.append(before.get(place, 0))
            before[place] = firsts[-1] + entry.length
        return firsts


def load_extra(root: Path) -> list[Mapping[str, Any]]:
    """What the table of episodes holds of each beside what LeRobot needs: seed, verdict, provenance, levels."""
    rows: list[Mapping[str, Any]] = []
    for path in sorted((root / "meta/episodes").glob("*/*.parquet")):
        with pq.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if not name.startswith(_MADE_ANEW)]
        rows += read_table(path, [name for name in names if name not in _OF_LEROBOT]).to_pylist()
    return rows
