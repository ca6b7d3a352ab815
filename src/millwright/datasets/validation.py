"""validate: every promise of the layout, checked against the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.dataset import Dataset
from millwright.datasets.layout import Place
from millwright.datasets.metadata import load_episode_table, load_info
from millwright.datasets.video import read_grid


def validate(root: Path) -> list[str]:
    """What is wrong with a dataset, in sentences; empty when nothing is."""
    try:
        dataset = Dataset(root)
    except DatasetError as error:
        return [str(error)]
    return [*_check_totals(dataset), *_check_data(dataset), *_check_videos(dataset), *_check_statistics(dataset)]


def _check_totals(dataset: Dataset) -> Iterator[str]:
    info = load_info(dataset.root)
    found = {
        "total_episodes": len(dataset.episodes),
        "total_frames": len(dataset),
        "total_tasks": len(dataset.tasks),
    }
    for name, number in found.items():
        if info[name] != number:
            yield f"info.json: {name} is {info[name]}, the files hold {number}"
    stops = [0, *(row.stop for row in dataset.episodes)]
    for position, row in enumerate(dataset.episodes):
        if row.index != position or row.start != stops[position] or row.length < 1:
            yield f"episode at position {position}: index {row.index}, frames {row.start} to {row.stop} leave a gap"


def _check_data(dataset: Dataset) -> Iterator[str]:
    declared = {name for name, feature in dataset.features.items() if not feature.is_image}
    table = load_episode_table(dataset.root, ["data/chunk_index", "data/file_index"])
    for chunk, file in dict.fromkeys(zip(*(column.to_pylist() for column in table.columns), strict=True)):
        path = dataset.root / Place(chunk, file).path(layout.DATA)
        if not path.exists():
            yield f"{path} is missing"
            return
        if set(pq.read_schema(path).names) != declared:
            yield f"{path}: its columns are not those of info.json"
            return
    lengths = [row.length for row in dataset.episodes]
    frame_index = np.concatenate([np.arange(length) for length in lengths])
    expected = {
        "index": np.arange(len(dataset)),
        "frame_index": frame_index,
        "episode_index": np.repeat(np.arange(len(lengths)), lengths),
        "task_index": np.repeat([dataset.tasks.index(row.task) for row in dataset.episodes], lengths),
        "timestamp": (frame_index / dataset.fps).astype(np.float32),
    }
    for name, values in expected.items():
        if not np.array_equal(dataset.column(name)[:, 0], values):
            yield f"data: {name} does not follow from the table of episodes"


def _check_videos(dataset: Dataset) -> Iterator[str]:
    for camera in dataset.features.images:
        keys = [f"videos/{camera}/{key}" for key in ("chunk_index", "file_index", "from_timestamp", "to_timestamp")]
        table = load_episode_table(dataset.root, keys)
        ends: dict[Place, int] = defaultdict(int)
        for row, (chunk, file, begin, end) in zip(
            dataset.episodes, zip(*(column.to_pylist() for column in table.columns), strict=True), strict=True
        ):
            place = Place(chunk, file)
            first = ends[place]
            ends[place] += row.length
            if (begin, end) != (first / dataset.fps, ends[place] / dataset.fps):
                yield f"{camera}, episode {row.index}: its time in the video is not counted in frames"
        for place, count in ends.items():
            path = dataset.root / place.path(layout.VIDEO, camera)
            if not path.exists():
                yield f"{path} is missing"
            elif read_grid(path) != [Fraction(index, dataset.fps) for index in range(count)]:
                yield f"{path}: its frames are not {count}, one every 1/{dataset.fps} s"


def _check_statistics(dataset: Dataset) -> Iterator[str]:
    for name in dataset.features:
        if name not in dataset.stats:
            yield f"stats.json: {name} is missing"
        elif dataset.stats[name].count[0] != len(dataset):
            yield f"stats.json: {name} counts {dataset.stats[name].count[0]} frames of {len(dataset)}"
