"""rewrite: chosen episodes of one dataset or several as a new one, whole or not at all; videos are cut, not encoded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.access import EpisodeReader, load_extra
from millwright.datasets.durable import publish, sync_tree, write_durably
from millwright.datasets.files import DataFiles, VideoFiles
from millwright.datasets.folder import Entry, Folder, is_numeric, make_feature
from millwright.datasets.footage import Footage
from millwright.datasets.layout import Place
from millwright.datasets.lineage import LINEAGE, Lineage, Source, compute_content_digest, format_numbers
from millwright.datasets.schema import STANDARD
from millwright.datasets.staging import add_standard, locate, locate_span, make_episode_statistics, make_stats
from millwright.datasets.tables import make_episodes_table, make_tasks_table, write_table
from millwright.datasets.video import Encoding

_BEFORE = layout.BEFORE_FIRST


@dataclass(frozen=True)
class Pick:
    """An episode that is to be in the new dataset."""

    folder: Folder
    entry: Entry


@dataclass(frozen=True)
class Plan:
    """What is to be written besides the episodes."""

    operation: str
    splits: Mapping[str, str] = field(default_factory=dict)
    """Name -> half-open range; without any, all is `train`."""
    dropped: frozenset[str] = frozenset()
    """Features that are left out."""
    encoding: Encoding | None = None
    """Of the videos; None: as they are."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the operation was told, for the lineage."""


def rewrite(picks: Sequence[Pick], out: Path, plan: Plan) -> Path:
    """Write a new dataset of `picks`, in their order, into the new folder `out`.

    Raises:
        DatasetError: `out` is there already, nothing is picked, features differ, or an episode cannot be read.
    """
    if not picks:
        raise DatasetError(f"no episode is left for {out}; nothing was written")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out} is there already; give a folder that is new")
    features = check_features(picks, plan.dropped)
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = out.with_name(f".{out.name}-{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        _Writer(staging, features, picks[0].folder.fps, plan).write(picks)
        sync_tree(staging)
        if out.exists():
            out.rmdir()
        publish(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return out


def check_features(picks: Sequence[Pick], dropped: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Features that all picks share, rows of info.json, those of the first.

    Raises:
        DatasetError: they differ, or one to be dropped is in none or is needed by every dataset.
    """
    first = picks[0].folder
    unknown = [name for name in dropped if name not in first.features or name in STANDARD]
    if unknown:
        free = ", ".join(name for name in first.features if name not in STANDARD)
        raise DatasetError(f"cannot drop {', '.join(sorted(unknown))}; features that can go: {free}")
    features = {name: row for name, row in first.features.items() if name not in dropped}
    for folder in {pick.folder.root: pick.folder for pick in picks}.values():
        theirs = {name: row for name, row in folder.features.items() if name not in dropped}
        differing = sorted(name for name in {*features, *theirs} if _kind(features, name) != _kind(theirs, name))
        if differing or folder.fps != first.fps:
            rates = f"{first.fps} and {folder.fps} Hz; " if folder.fps != first.fps else ""
            advice = "; `millwright dataset drop` takes features away" if differing else ""
            raise DatasetError(f"{first.root} and {folder.root} differ: {rates}{', '.join(differing)}{advice}")
    return features


def _kind(features: Mapping[str, Any], name: str) -> Any:
    row = features.get(name, {})
    return row.get("dtype"), row.get("shape"), row.get("names")


class _Writer:
    """Writes the files of one new dataset."""

    def __init__(self, root: Path, features: Mapping[str, Any], fps: int, plan: Plan) -> None:
        self._root, self._features, self._fps, self._plan = root, features, fps, plan
        self._data = DataFiles(root, _BEFORE)
        cameras = [name for name, row in features.items() if row["dtype"] == "video"]
        self._videos = {name: VideoFiles(root, name, fps, _BEFORE) for name in cameras}
        self._tasks: list[str] = []
        self._rows: list[dict[str, Any]] = []
        self._start = 0

    def write(self, picks: Sequence[Pick]) -> None:
        roots = {pick.folder.root: pick.folder for pick in picks}
        readers = {root: EpisodeReader(folder) for root, folder in roots.items()}
        extras = {root: load_extra(root) for root in roots}
        kept = set.intersection(*({*rows[0]} for rows in extras.values()))
        footage = Footage(self._fps, self._plan.encoding)
        for pick in picks:
            extra = {
                name: value for name, value in extras[pick.folder.root][pick.entry.position].items() if name in kept
            }
            self._write_episode(pick, extra, readers[pick.folder.root], footage)
        footage.close()
        self._data.close()
        for files in self._videos.values():
            files.close()
        self._write_metadata(picks)

    def _write_episode(self, pick: Pick, extra: Mapping[str, Any], reader: EpisodeReader, footage: Footage) -> None:
        index, entry = len(self._rows), pick.entry
        whole = reader.load(entry)
        own = [name for name, row in self._features.items() if row["dtype"] != "video" and name not in STANDARD]
        texts = self._find_texts(pick, whole)
        table = whole.select(own).replace_schema_metadata(None).combine_chunks()
        table = add_standard(table, self._fps, index, self._start, self._number_tasks(texts))
        row: dict[str, Any] = {
            "episode_index": index,
            "tasks": list(dict.fromkeys(texts)),
            "length": entry.length,
            **locate("data", self._data.append(table, table.nbytes // 2)),
            "dataset_from_index": self._start,
            "dataset_to_index": self._start + entry.length,
        }
        levels = {}
        for camera, files in self._videos.items():
            path = pick.folder.root / entry.spans[camera].place.path(layout.VIDEO, camera)
            first = reader.frames[camera][entry.position]
            copied = footage.copy(path, first, entry.length, files)
            row |= locate_span(camera, copied.place, copied.first, entry.length, self._fps)
            known = extra.get(f"levels/{camera}") if copied.levels is None else copied.levels
            levels[camera] = footage.count_levels(path, first, entry.length) if known is None else np.array(known)
        numeric = table.select([name for name in table.column_names if is_numeric(self._features[name])])
        row |= locate("meta/episodes", Place(0, 0))
        row |= {name: value for name, value in extra.items() if not name.startswith("levels/")}
        row |= {f"levels/{camera}": counts.reshape(-1) for camera, counts in levels.items()}
        self._rows.append(row | make_episode_statistics(numeric, levels))
        self._start += entry.length

    def _find_texts(self, pick: Pick, table: pa.Table) -> list[str]:
        """The instruction of each frame: what task_index points to where the episode's row confirms it."""
        tasks, said = pick.folder.tasks or {}, pick.entry.tasks or ("",)
        indices = table["task_index"].to_pylist() if len(said) > 1 and "task_index" in table.column_names else []
        texts = [tasks.get(index, "") for index in indices]
        return texts if texts and set(texts) <= set(said) else [said[0]] * pick.entry.length

    def _number_tasks(self, texts: Sequence[str]) -> NDArray[np.int64]:
        self._tasks += [text for text in dict.fromkeys(texts) if text not in self._tasks]
        numbers = {text: self._tasks.index(text) for text in dict.fromkeys(texts)}
        return np.array([numbers[text] for text in texts], np.int64)

    def _write_metadata(self, picks: Sequence[Pick]) -> None:
        write_durably(self._root / Place(0, 0).path(layout.EPISODES), write_table(make_episodes_table(self._rows)))
        write_durably(self._root / layout.TASKS, write_table(make_tasks_table(self._tasks)))
        features = [make_feature(name, row) for name, row in self._features.items() if is_numeric(row)]
        levels = {
            camera: np.sum([row[f"levels/{camera}"] for row in self._rows], axis=0).reshape(3, 256)
            for camera in self._videos
        }
        paths = sorted((self._root / "data").glob("*/*.parquet"))
        write_durably(self._root / layout.STATS, make_stats(paths, features, levels, self._start))
        write_durably(self._root / layout.INFO, json.dumps(self._make_info(picks), indent=2).encode())

    def _make_info(self, picks: Sequence[Pick]) -> dict[str, Any]:
        features = dict(self._features)
        for camera in self._videos:
            files = sorted((self._root / "videos" / camera).glob("*/*.mp4"))
            features[camera] = (
                self._plan.encoding.restate(features[camera], files[0]) if self._plan.encoding else features[camera]
            )
        number = len(self._rows)
        return {
            "codebase_version": layout.VERSION,
            "robot_type": None,
            **picks[0].folder.info,
            "features": features,
            "total_episodes": number,
            "total_frames": self._start,
            "total_tasks": len(self._tasks),
            "chunks_size": layout.FILES_PER_CHUNK,
            "data_files_size_in_mb": layout.DATA_FILE_MB,
            "video_files_size_in_mb": layout.VIDEO_FILE_MB,
            "splits": dict(self._plan.splits) or {"train": f"0:{number}"},
            "data_path": layout.DATA,
            "video_path": layout.VIDEO if self._videos else None,
            LINEAGE: make_lineage(picks, self._plan).to_json(),
        }


def make_lineage(picks: Sequence[Pick], plan: Plan) -> Lineage:
    """Where the episodes came from."""
    numbers: dict[Path, list[int]] = {}
    folders = {}
    for pick in picks:
        numbers.setdefault(pick.folder.root, []).append(pick.entry.position)
        folders[pick.folder.root] = pick.folder
    sources = tuple(
        Source(
            root.resolve().name, compute_content_digest(root), format_numbers(chosen), folders[root].info.get(LINEAGE)
        )
        for root, chosen in numbers.items()
    )
    return Lineage(plan.operation, sources, plan.options)
