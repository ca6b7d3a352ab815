"""What compaction and editing share: an episode's row and columns, the statistics of all, info.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from millwright.core.features import Feature
from millwright.datasets import layout
from millwright.datasets.layout import Place
from millwright.datasets.schema import Columns, Schema
from millwright.datasets.statistics import GREY, Statistics, compute_image_statistics, compute_statistics
from millwright.datasets.tables import from_arrow, read_columns, to_arrow

Levels = Mapping[str, Any]
"""Camera -> histogram of its pictures, (channels, codes) or flat."""
Values = Mapping[str, NDArray[np.float64]]
"""Camera -> what the codes of its histogram stand for, where that is not 0 to 1."""


def locate(prefix: str, place: Place) -> dict[str, int]:
    """A file's place as columns of the table of episodes."""
    return {f"{prefix}/chunk_index": place.chunk, f"{prefix}/file_index": place.file}


def locate_span(camera: str, place: Place, first: int, length: int, fps: float) -> dict[str, Any]:
    """An episode's part of a video as columns of the table of episodes; times come from counts of frames."""
    times = {"from_timestamp": first / fps, "to_timestamp": (first + length) / fps}
    return {**locate(f"videos/{camera}", place), **{f"videos/{camera}/{key}": value for key, value in times.items()}}


def add_standard(table: pa.Table, fps: float, index: int, start: int, task_index: int | NDArray[np.int64]) -> pa.Table:
    """The columns that every dataset has, beside an episode's own."""
    count = len(table)
    frames = np.arange(count)
    columns: Columns = {
        "timestamp": (frames / fps).astype(np.float32),
        "frame_index": frames,
        "episode_index": np.full(count, index),
        "index": start + frames,
        "task_index": np.full(count, task_index),
    }
    for name, values in columns.items():
        table = table.append_column(name, to_arrow(values))
    return table


def make_episode_statistics(table: pa.Table, levels: Levels, values: Values | None = None) -> dict[str, Any]:
    """`stats/{feature}/{statistic}` of an episode; one computation over all columns side by side."""
    names = table.column_names
    parts = [from_arrow(table[name], (-1,)) for name in names]
    ends = np.cumsum([part.shape[1] for part in parts])
    joint = compute_statistics(np.concatenate(parts, axis=1, dtype=np.float64))
    found = {name: joint.part(end - part.shape[1], end) for name, part, end in zip(names, parts, ends, strict=True)}
    for name, counts in levels.items():
        found[name] = _compute(name, counts, len(table), values or {})
    return {f"stats/{name}/{key}": value for name, stats in found.items() for key, value in stats.to_json().items()}


def _compute(name: str, counts: Any, num_frames: int, values: Values) -> Statistics:
    scale = values.get(name, GREY)
    return compute_image_statistics(np.reshape(counts, (-1, len(scale))), num_frames, scale)


def make_stats(
    paths: Sequence[Path], features: Iterable[Feature], levels: Levels, num_frames: int, values: Values | None = None
) -> bytes:
    """stats.json over all data files; true quantiles need all values of a column at once."""
    chosen = list(features)
    found = {
        feature.name: compute_statistics(column.reshape(len(column), -1))
        for feature, column in zip(chosen, read_columns(paths, chosen), strict=True)
    }
    found |= {name: _compute(name, counts, num_frames, values or {}) for name, counts in levels.items()}
    return json.dumps({name: stats.to_json() for name, stats in found.items()}, indent=1).encode()


def make_info(schema: Schema, counts: Mapping[str, int]) -> dict[str, Any]:
    """info.json of what was recorded."""
    return {
        "codebase_version": layout.VERSION,
        **schema.to_json(),
        **counts,
        "chunks_size": layout.FILES_PER_CHUNK,
        "data_files_size_in_mb": layout.DATA_FILE_MB,
        "video_files_size_in_mb": layout.VIDEO_FILE_MB,
        "splits": {"train": f"0:{counts['total_episodes']}"},
        "data_path": layout.DATA,
        "video_path": layout.VIDEO if schema.cameras else None,
    }
