"""Dataset: reads a LeRobot v3.0 folder, of whichever tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.core.features import Features
from millwright.datasets import layout
from millwright.datasets.cameras import make_cameras
from millwright.datasets.compaction import compact, has_leftovers
from millwright.datasets.durable import exclusive
from millwright.datasets.frame_cache import Clip, load_clip, load_frames
from millwright.datasets.layout import Place
from millwright.datasets.lineage import compute_content_digest
from millwright.datasets.metadata import EpisodeRow, load_episode_table, load_info, load_tasks, make_rows
from millwright.datasets.schema import STANDARD, Schema
from millwright.datasets.statistics import Statistics
from millwright.datasets.tables import from_arrow, read_columns, read_rows
from millwright.datasets.windows import Deltas, Windows


class Dataset:
    """Episodes of a folder: columns as arrays, frames memory-mapped, one row an episode.

    What a killed recorder left behind becomes part of the dataset on opening. What another tool recorded has neither
    seeds nor verdicts.

    Raises:
        DatasetError: no dataset there, one of an older layout, or one being recorded.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        if has_leftovers(self.root):
            with exclusive(self.root):
                compact(self.root)
        self._info = load_info(self.root)
        self._schema = Schema.from_json(self._info)
        self._cameras = make_cameras(self._info)
        self._table = load_episode_table(self.root)
        self.episodes: tuple[EpisodeRow, ...] = make_rows(self._table)
        """One typed row an episode, in the order of the frames."""

    def __len__(self) -> int:
        """Number of frames."""
        return self.episodes[-1].stop if self.episodes else 0

    def __repr__(self) -> str:
        return f"Dataset({str(self.root)!r}: {len(self.episodes)} episodes, {len(self)} frames at {self.fps} Hz)"

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self._schema.fps

    @property
    def features(self) -> Features:
        """All columns, with their true shapes; images are uint8 (height, width, 3)."""
        return Features(*self._schema.features.values(), *STANDARD.values())

    @property
    def cameras(self) -> tuple[str, ...]:
        """What `frames` reads: colour, and depth as float32 (height, width, 1) in metres."""
        return tuple(self._cameras)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Texts of the tasks, by `task_index`."""
        return tuple(load_tasks(self.root))

    @cached_property
    def stats(self) -> dict[str, Statistics]:
        """Statistics over all frames, by feature: arrays of its shape, (3, 1, 1) in [0, 1] for images."""
        rows = json.loads((self.root / layout.STATS).read_text())
        stats = {name: Statistics.from_json(row) for name, row in rows.items()}
        return {
            name: found if name in self._cameras else found.reshape(self.features[name].shape)
            for name, found in stats.items()
        }

    @cached_property
    def digest(self) -> str:
        """sha256 over the data, videos and metadata: equal exactly when the files are."""
        return compute_content_digest(self.root)

    def find_row(self, index: int) -> EpisodeRow:
        """What is known of an episode without its frames.

        Raises:
            DatasetError: no such episode.
        """
        if not 0 <= index < len(self.episodes):
            raise DatasetError(f"no episode {index} in {self.root}; episodes: 0 to {len(self.episodes) - 1}")
        return self.episodes[index]

    def column(self, name: str) -> NDArray[Any]:
        """All frames of one feature that is not a camera's: (num_frames, *shape), of objects where it is text.

        Raises:
            FeatureError: no such feature.
            DatasetError: it is a camera's.
        """
        feature = self.features[name]
        if name in self._cameras:
            raise DatasetError(f"{name} is video; read it with frames({name!r})")
        paths = [self.root / place.path(layout.DATA) for place in dict.fromkeys(self._places("data"))]
        return next(read_columns(paths, [feature]))

    def frames(self, camera: str) -> NDArray[Any]:
        """All frames of one camera, memory-mapped: uint8 (num_frames, height, width, 3), or as `cameras` says of depth.

        The first call decodes the videos into `cache/`.

        Raises:
            FeatureError: no such feature.
            DatasetError: it is no camera's, a video is damaged, or the disk is full.
        """
        return load_frames(self.root / layout.CACHE, self._find_clips(camera), self._cameras[camera])

    def film(self, index: int, camera: str) -> NDArray[Any]:
        """One episode's frames of one camera: (length, height, width, channels). Keeps nothing; errors as `frames`."""
        return load_clip(self._find_clips(camera)[index], self._cameras[camera])

    def episode(self, index: int, prefix: str = "") -> dict[str, NDArray[Any]]:
        """One episode's columns that begin with `prefix`, without images: name -> (length, *shape)."""
        names = [name for name in self._schema.features if name.startswith(prefix) and name not in self._cameras]
        clip = self._find_rows()[index]
        with pq.ParquetFile(clip.path) as file:
            table = read_rows(file, clip.first, clip.length, names)
        return {name: from_arrow(table[name], self.features[name].shape) for name in names}

    def select(self, keep: Callable[[EpisodeRow], bool]) -> NDArray[np.int64]:
        """Numbers of the frames of all episodes that `keep` accepts."""
        parts = [np.arange(row.start, row.stop) for row in self.episodes if keep(row)]
        return np.concatenate([np.arange(0), *parts])

    def find_firsts(self) -> NDArray[np.int64]:
        """(num_frames,) for each frame the index of the first one of its episode."""
        lengths = np.array([row.length for row in self.episodes], np.int64)
        return np.repeat(np.cumsum(lengths) - lengths, lengths)

    def windows(self, deltas: Deltas) -> Windows:
        """Windows around every frame that never cross episodes; `deltas`: feature -> offsets in frames."""
        return Windows([row.length for row in self.episodes], deltas)

    def _find_clips(self, camera: str) -> list[Clip]:
        if self.features[camera].name not in self._cameras:
            raise DatasetError(f"{camera} is no video; cameras: {', '.join(self._cameras) or 'none'}")
        if not self._cameras[camera].in_video:
            return self._find_rows()
        starts = self._table[f"videos/{camera}/from_timestamp"].to_pylist()
        return [
            Clip(self.root / place.path(layout.VIDEO, camera), round(start * self.fps), row.start, row.length)
            for place, start, row in zip(self._places(f"videos/{camera}"), starts, self.episodes, strict=True)
        ]

    def _find_rows(self) -> list[Clip]:
        """Each episode's rows in its data file."""
        places, firsts, clips = self._places("data"), dict[Place, int](), list[Clip]()
        for place, row in zip(places, self.episodes, strict=True):
            first = row.start - firsts.setdefault(place, row.start)
            clips.append(Clip(self.root / place.path(layout.DATA), first, row.start, row.length))
        return clips

    def _places(self, prefix: str) -> list[Place]:
        chunks, files = (self._table[f"{prefix}/{part}_index"].to_pylist() for part in ("chunk", "file"))
        return [Place(chunk, file) for chunk, file in zip(chunks, files, strict=True)]
