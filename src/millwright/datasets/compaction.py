"""Compaction: finished recordings become part of the LeRobot v3.0 dataset, all or none.

    recording/seed-*/   --stage-->   compacting/   --rename = commit-->   committed/   --move-->   in place

Everything new is first written to `compacting/`; renaming that folder to `committed/` is the one step
that decides. A compaction found before it is thrown away, one found after it is finished.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from millwright.core.errors import DatasetError, RecordingError
from millwright.datasets import layout
from millwright.datasets.durable import discard, is_full, publish, sync_folder, sync_tree, write_durably
from millwright.datasets.files import DataFiles, VideoFiles
from millwright.datasets.layout import Place
from millwright.datasets.lineage import LINEAGE
from millwright.datasets.metadata import has_dataset, load_episode_table, load_info, load_tasks
from millwright.datasets.picture_levels import find_values
from millwright.datasets.recording import Recording, find_recordings, load_schema
from millwright.datasets.schema import STANDARD, Schema
from millwright.datasets.staging import (
    add_standard,
    locate,
    locate_span,
    make_episode_statistics,
    make_info,
    make_stats,
)
from millwright.datasets.tables import from_arrow, make_episodes_table, make_tasks_table, write_table

_SOURCES = "recordings.json"
"""In `committed/`: which recordings it holds, to be removed once it is in place."""


def has_leftovers(root: Path) -> bool:
    """Something recorded in `root` is not in place yet."""
    return (root / layout.COMMITTED).exists() or bool(find_recordings(root))


def compact(root: Path) -> None:
    """Put all finished recordings into the dataset. The caller holds the lock.

    Raises:
        DatasetError: another tool recorded the dataset.
        RecordingError: the disk is full; the recordings are kept.
    """
    finish(root)
    before = _load_before(root)
    recordings = []
    for recording in find_recordings(root):
        if recording.seed in before.seeds:
            discard(recording.folder)
        else:
            recordings.append(recording)
    if recordings:
        staging = root / layout.COMPACTING
        try:
            _stage(root, staging, recordings, before)
        except OSError as error:
            shutil.rmtree(staging, ignore_errors=True)
            if not is_full(error):
                raise
            raise RecordingError(
                f"the disk is full: {len(recordings)} finished episodes stay in {root / layout.RECORDING}; "
                "free some space and open the folder or record again, and they become part of the dataset"
            ) from error
        publish(staging, root / layout.COMMITTED)
        finish(root)
    if (root / layout.RECORDING).exists():
        discard(root / layout.RECORDING)


def finish(root: Path) -> None:
    """Finish or throw away what a killed process left half done. The caller holds the lock."""
    shutil.rmtree(root / layout.COMPACTING, ignore_errors=True)
    for trash in (*root.glob(".discarded-*"), *(root / layout.RECORDING).glob(".*-*")):
        shutil.rmtree(trash, ignore_errors=True) if trash.is_dir() else trash.unlink()
    committed = root / layout.COMMITTED
    if not committed.exists():
        return
    sources = committed / _SOURCES
    names = json.loads(sources.read_text())
    files = [path for path in committed.rglob("*") if path.is_file() and path != sources]
    for path in sorted(files, key=lambda path: path == committed / layout.INFO):  # info.json last
        target = root / path.relative_to(committed)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
        sync_folder(target.parent)
    for name in names:
        if (root / layout.RECORDING / name).exists():
            discard(root / layout.RECORDING / name)
    discard(committed)


@dataclass(frozen=True)
class _Before:
    """What the dataset holds before a compaction."""

    seeds: frozenset[int] = frozenset()
    num_frames: int = 0
    tasks: tuple[str, ...] = ()
    last: dict[str, Place] = field(default_factory=dict)
    """Last file in use of `data`, `meta/episodes` and each camera."""
    levels: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    """Keys of info.json that stay as they are."""


def _load_before(root: Path) -> _Before:
    if not has_dataset(root):
        return _Before()
    info = load_info(root)
    schema = Schema.from_json(info)
    kinds = {"data": "data", "meta/episodes": "meta/episodes"} | {c.name: f"videos/{c.name}" for c in schema.cameras}
    places = [f"{prefix}/{part}_index" for prefix in kinds.values() for part in ("chunk", "file")]
    levels = [f"levels/{camera.name}" for camera in schema.cameras]
    table = load_episode_table(root, ["seed", "dataset_to_index", *places, *levels])
    if "seed" not in table.column_names:
        raise DatasetError(f"{root} was recorded by another tool: its episodes have no seeds; record into a new folder")
    if not len(table):
        raise DatasetError(f"{root} holds a dataset without episodes; record into a new folder")
    row = table.slice(len(table) - 1).to_pylist()[0]
    return _Before(
        frozenset(table["seed"].to_pylist()),
        row["dataset_to_index"],
        tuple(load_tasks(root)),
        {kind: Place(row[f"{prefix}/chunk_index"], row[f"{prefix}/file_index"]) for kind, prefix in kinds.items()},
        {camera: _sum_levels(table[f"levels/{camera}"], values) for camera, values in _find_values(schema).items()},
        {LINEAGE: info[LINEAGE]} if LINEAGE in info else {},
    )


def _find_values(schema: Schema) -> dict[str, NDArray[np.float64]]:
    """Camera -> what the codes of its histogram stand for."""
    rows = schema.to_json()["features"]
    return {camera.name: find_values(rows[camera.name]) for camera in schema.cameras}


def _sum_levels(column: pa.ChunkedArray, values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.asarray(from_arrow(column, (-1, len(values))).sum(0))


def _stage(root: Path, staging: Path, recordings: Sequence[Recording], before: _Before) -> None:
    """Write everything that is new below `staging`."""
    schema = load_schema(root)
    values = _find_values(schema)
    tasks = list(before.tasks)
    data = DataFiles(staging, before.last.get("data", layout.BEFORE_FIRST))
    videos = {
        camera.name: VideoFiles(staging, camera.name, schema.fps, before.last.get(camera.name, layout.BEFORE_FIRST))
        for camera in schema.cameras
    }
    place = before.last.get("meta/episodes", layout.BEFORE_FIRST).following()
    rows, start = [], before.num_frames
    for index, recording in enumerate(recordings, start=len(before.seeds)):
        table, whole = recording.load()
        task = whole.pop("task")
        if task not in tasks:
            tasks.append(task)
        table = add_standard(table, schema.fps, index, start, tasks.index(task))
        row = {
            "episode_index": index,
            "tasks": [task],
            "length": len(table),
            **locate("data", data.append(table, recording.parquet.stat().st_size)),
            "dataset_from_index": start,
            "dataset_to_index": start + len(table),
        }
        for camera in schema.cameras:
            at, first = videos[camera.name].append(recording.video(camera))
            row |= locate_span(camera.name, at, first, len(table), schema.fps)
        row |= locate("meta/episodes", place)
        levels = whole.pop("levels")
        row |= whole | {f"levels/{name}": values for name, values in levels.items()}
        row |= make_episode_statistics(table, levels, values)
        rows.append(row)
        start += len(table)
    data.close()
    for files in videos.values():
        files.close()
    write_durably(staging / place.path(layout.EPISODES), write_table(make_episodes_table(rows)))
    write_durably(staging / layout.TASKS, write_table(make_tasks_table(tasks)))
    _stage_statistics(root, staging, schema, rows, before)
    counts = {"total_episodes": len(before.seeds) + len(rows), "total_frames": start, "total_tasks": len(tasks)}
    info = make_info(schema, counts) | before.kept
    write_durably(staging / layout.INFO, json.dumps(info, indent=2).encode())
    write_durably(staging / _SOURCES, json.dumps([recording.folder.name for recording in recordings]).encode())
    sync_tree(staging)


def _stage_statistics(root: Path, staging: Path, schema: Schema, rows: list[dict[str, Any]], before: _Before) -> None:
    """stats.json over everything, old and new."""
    paths = [path for folder in (root, staging) for path in sorted((folder / "data").glob("*/*.parquet"))]
    values = _find_values(schema)
    levels = {
        camera: np.sum([row[f"levels/{camera}"] for row in rows], axis=0).reshape(-1, len(scale))
        + before.levels.get(camera, 0)
        for camera, scale in values.items()
    }
    num_frames = before.num_frames + sum(row["length"] for row in rows)
    content = make_stats(paths, (*schema.data, *STANDARD.values()), levels, num_frames, values)
    write_durably(staging / layout.STATS, content)
