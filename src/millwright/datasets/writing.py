"""Writer: the files of one new dataset, episode by episode; what editing and importing share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.durable import is_full, publish, sync_tree, write_durably
from millwright.datasets.files import DataFiles, VideoFiles
from millwright.datasets.folder import is_numeric, make_feature
from millwright.datasets.layout import Place
from millwright.datasets.picture_levels import count_pictures, find_values, make_levels
from millwright.datasets.schema import STANDARD
from millwright.datasets.staging import add_standard, locate, locate_span, make_episode_statistics, make_stats
from millwright.datasets.tables import make_episodes_table, make_tasks_table, write_table

_BEFORE = layout.BEFORE_FIRST


class Film(NamedTuple):
    """An episode's pictures of one camera, where they are in the new dataset."""

    place: Place
    first: int
    """Number of its first frame in that file."""
    levels: NDArray[np.int64]
    """Histogram (3, 256), (1, 4096) of depth."""


@contextmanager
def new_dataset(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes `out` when the block ends well, in one step, and is gone when it does not.

    An empty folder, which somebody may be in or a disk may be mounted on, is filled instead, the metadata last: they
    make it a dataset.

    Raises:
        DatasetError: `out` is there already, or the disk is full.
    """
    out = out.resolve()
    check_new(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    fill = out.exists()
    staging = (out if fill else out.parent) / f".{out.name}-{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        yield staging
        sync_tree(staging)
        if fill:
            for part in sorted(staging.iterdir(), key=lambda part: part.name == "meta"):
                publish(part, out / part.name)
        else:
            publish(staging, out)
    except OSError as error:
        if not is_full(error):
            raise
        raise DatasetError(f"the disk is full: {out} is not written, and nothing of it is left") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_new(out: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        DatasetError: it does.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out} is there already; give a folder that is new")


class Writer:
    """Writes a dataset below `root`; `features` are rows of info.json, the standard columns among them or not."""

    def __init__(self, root: Path, features: Mapping[str, Any], fps: float) -> None:
        self._root, self._features, self._fps = root, features, fps
        self._data = DataFiles(root, _BEFORE)
        cameras = [name for name, row in features.items() if row["dtype"] == "video"]
        self.videos = {name: VideoFiles(root, name, fps, _BEFORE) for name in cameras}
        """Camera -> files that its pictures go to, before `add`."""
        pictures = {name: row for name, row in features.items() if row["dtype"] in ("video", "image")}
        self._values = {name: find_values(row) for name, row in pictures.items()}
        self._levels = {name: make_levels(name, row) for name, row in pictures.items()}
        self._tasks: list[str] = []
        self._rows: list[dict[str, Any]] = []
        self.num_frames = 0

    @property
    def counts(self) -> dict[str, int]:
        """Keys of info.json."""
        return {"total_episodes": len(self._rows), "total_frames": self.num_frames, "total_tasks": len(self._tasks)}

    def add(self, table: pa.Table, texts: Sequence[str], films: Mapping[str, Film], extra: Mapping[str, Any]) -> None:
        """Add an episode whose pictures are in `videos` already.

        Args:
            table: its own columns, without the standard ones.
            texts: the instruction of each frame.
            films: camera -> where its pictures are.
            extra: what is known of it as a whole, columns of the table of episodes.
        """
        index, length = len(self._rows), len(table)
        numbers = self._number_tasks(texts)
        table = add_standard(table, self._fps, index, self.num_frames, numbers)
        row: dict[str, Any] = {
            "episode_index": index,
            "tasks": list(dict.fromkeys(texts)),
            "length": length,
            **locate("data", self._data.append(table, table.nbytes // 2)),
            "dataset_from_index": self.num_frames,
            "dataset_to_index": self.num_frames + length,
        }
        for camera, film in films.items():
            row |= locate_span(camera, film.place, film.first, length, self._fps)
        row |= locate("meta/episodes", Place(0, 0))
        row |= extra
        row |= {f"levels/{camera}": film.levels.reshape(-1) for camera, film in films.items()}
        numeric = table.select([name for name in table.column_names if self._is_numeric(name)])
        self._rows.append(row | make_episode_statistics(numeric, self._count(table, films), self._values))
        self.num_frames += length

    def _count(self, table: pa.Table, films: Mapping[str, Film]) -> dict[str, NDArray[np.int64]]:
        """Histograms of an episode's pictures, wherever they lie; they are added to those of all episodes."""
        counts = {name: film.levels.reshape(self._levels[name].shape) for name, film in films.items()}
        for name in self._levels:
            if name in table.column_names:
                counts[name] = count_pictures(name, self._features[name], table[name])
        for name, levels in counts.items():
            self._levels[name] += levels
        return {name: levels for name, levels in counts.items() if levels.any()}

    def close(self) -> None:
        """Write the files in the making; nothing can be added afterwards."""
        self._data.close()
        for files in self.videos.values():
            files.close()

    def finish(self, info: Mapping[str, Any]) -> None:
        """Write the metadata after `close`; `info` becomes info.json. What is known of some episodes only is null."""
        keys = dict.fromkeys(key for row in self._rows for key in row)
        rows = [{key: row.get(key) for key in keys} for row in self._rows]
        write_durably(self._root / Place(0, 0).path(layout.EPISODES), write_table(make_episodes_table(rows)))
        write_durably(self._root / layout.TASKS, write_table(make_tasks_table(self._tasks)))
        features = [make_feature(name, row) for name, row in self._features.items() if is_numeric(row)]
        levels = {name: counts for name, counts in self._levels.items() if counts.any()}
        paths = sorted((self._root / "data").glob("*/*.parquet"))
        stats = make_stats(paths, features, levels, self.num_frames, self._values)
        write_durably(self._root / layout.STATS, stats)
        write_durably(self._root / layout.INFO, json.dumps(info, indent=2).encode())

    def _is_numeric(self, name: str) -> bool:
        return name in STANDARD or is_numeric(self._features[name])

    def _number_tasks(self, texts: Sequence[str]) -> NDArray[np.int64]:
        self._tasks += [text for text in dict.fromkeys(texts) if text not in self._tasks]
        numbers = {text: self._tasks.index(text) for text in dict.fromkeys(texts)}
        return np.array([numbers[text] for text in texts], np.int64)
