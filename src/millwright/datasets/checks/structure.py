"""The folder and its metadata: files, counts, tasks, the table of episodes, splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from millwright.datasets import layout
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Folder
from millwright.datasets.splits import parse_splits
from millwright.datasets.tables import UNREADABLE

_KEYS = ("total_episodes", "total_frames", "total_tasks", "chunks_size", "data_path", "splits")
_STANDARD = ("timestamp", "frame_index", "episode_index", "index", "task_index")
_FOLDERS = {"data": "*.parquet", "videos": "*.mp4", "meta/episodes": "*.parquet"}


def check_leftovers(root: Path) -> Iterator[Finding]:
    """Finished episodes of a recorder that was killed."""
    recorded = sum(1 for _ in (root / layout.RECORDING).glob("seed-*"))
    if recorded or (root / layout.COMMITTED).exists():
        yield Finding(
            "MW113", f"{recorded} finished episodes wait in {layout.RECORDING}/; opening the dataset adds them"
        )


def check_footers(root: Path) -> Iterator[Finding]:
    """Parquet files whose writer was killed have no footer and cannot be read."""
    for path in (*root.glob("data/*/*.parquet"), *root.glob("meta/episodes/*/*.parquet")):
        try:
            pq.ParquetFile(path).close()
        except UNREADABLE as error:
            reason = str(error).splitlines()[0]
            yield Finding("MW109", f"its rows cannot be read ({reason})", file=str(path.relative_to(root)))


def check_info(folder: Folder) -> Iterator[Finding]:
    """info.json has what LeRobot asks for, and counts what there is."""
    info = folder.info
    lacking = [name for name in _KEYS if name not in info]
    lacking += [f"features.{name}" for name in _STANDARD if name not in folder.features]
    if folder.cameras and not info.get("video_path"):
        lacking.append("video_path")
    if lacking:
        yield Finding("MW102", f"{', '.join(lacking)} missing", file=layout.INFO)
    bad = [name for name in folder.features if "/" in name]
    bad += [name for name, row in folder.features.items() if not row.get("shape") or 0 in row["shape"]]
    if bad:
        yield Finding("MW102", f"a name has no '/', a shape no 0: {', '.join(bad)}", file=layout.INFO)
    found = {
        "total_episodes": len(folder.entries),
        "total_frames": sum(entry.length for entry in folder.entries),
        "total_tasks": len(folder.tasks or ()),
    }
    for name, number in found.items():
        if name in info and info[name] != number and (name != "total_tasks" or folder.tasks is not None):
            yield Finding("MW103", f"{name} is {info[name]}, the files hold {number}", file=layout.INFO)


def check_tasks(folder: Folder) -> Iterator[Finding]:
    """tasks.parquet gives a text for each index, 0, 1, 2, ...; the text is the index of a pandas frame."""
    table = folder.tasks
    if table is None or not all(isinstance(text, str) for text in table.values()):
        cause = "no column `task` that is the frame's index: LeRobot would give numbers for the instructions"
        yield Finding("MW104", cause, file=layout.TASKS)
        return
    metadata = pq.read_schema(folder.root / layout.TASKS).pandas_metadata or {}
    if metadata.get("index_columns") != ["task"]:
        cause = "`task` is not the index of the pandas frame: LeRobot would give numbers for the instructions"
        yield Finding("MW104", cause, file=layout.TASKS)
    if list(table) != list(range(len(table))) or len(set(table.values())) != len(table):
        cause = (
            f"task_index should be 0 to {len(table) - 1} in order, each with a text of its own; it is {list(table)[:9]}"
        )
        yield Finding("MW105", cause, file=layout.TASKS)
    for entry in folder.entries:
        unknown = [text for text in entry.tasks if text not in set(table.values())]
        if unknown:
            cause = f"{unknown[0]!r} is none of the {len(table)} texts in {layout.TASKS}"
            yield Finding("MW108", cause, entry.position, file=layout.TASKS)


def check_episodes(folder: Folder) -> Iterator[Finding]:
    """LeRobot finds an episode by its position: a gap shifts every later one in silence."""
    stop = 0
    for entry in folder.entries:
        if entry.index != entry.position:
            cause = f"the episode at position {entry.position} is called {entry.index}; later ones are taken for others"
            yield Finding("MW106", cause, entry.position)
        if (entry.start, entry.stop) != (stop, stop + entry.length) or entry.length < 1:
            cause = (
                f"frames {entry.start} to {entry.stop}, length {entry.length}; {stop} to {stop + entry.length} follow"
            )
            yield Finding("MW107", cause, entry.position)
        stop = max(entry.stop, stop + entry.length)


def check_files(folder: Folder) -> Iterator[Finding]:
    """Every file that is named is there, every file that is there is named."""
    named: dict[str, int] = {}
    for entry in folder.entries:
        named.setdefault(entry.data.path(layout.DATA), entry.position)
        for camera in folder.cameras:
            if camera in entry.spans:
                named.setdefault(entry.spans[camera].place.path(layout.VIDEO, camera), entry.position)
            elif entry.position == 0:
                yield Finding("MW110", f"the table of episodes names no videos of {camera}")
    for name, position in named.items():
        if not (folder.root / name).exists():
            yield Finding("MW110", f"episode {position} is to be in it, and it is missing", position, file=name)
    for kind in ("data", "videos"):
        for path in sorted((folder.root / kind).rglob(_FOLDERS[kind])):
            if str(path.relative_to(folder.root)) not in named:
                yield Finding("MW111", "no episode is in it", file=str(path.relative_to(folder.root)))


def check_splits(folder: Folder) -> Iterator[Finding]:
    """Splits are ranges of episodes that are there; no episode is in two."""
    if not isinstance(folder.info.get("splits"), dict):
        return
    splits = parse_splits(folder.info["splits"])
    for name, text in folder.info["splits"].items():
        chosen = splits.get(name)
        if chosen is None or chosen.stop > len(folder.entries):
            cause = f"split {name} is {text!r}; a half-open range within 0:{len(folder.entries)} is meant"
            yield Finding("MW112", cause, file=layout.INFO)
    seen: dict[int, str] = {}
    for name, chosen in splits.items():
        shared = [position for position in chosen if position in seen]
        if shared:
            cause = f"{len(shared)} episodes are in split {seen[shared[0]]} and in split {name}"
            yield Finding("MW112", cause, shared[0], file=layout.INFO)
        seen |= dict.fromkeys(chosen, name)
