"""Folder: a LeRobot v3.0 folder as it is, broken or not, of whichever tool; read an episode at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.core.features import Feature
from millwright.datasets import layout
from millwright.datasets.depth import find_range
from millwright.datasets.layout import Place
from millwright.datasets.metadata import load_info
from millwright.datasets.tables import UNREADABLE, from_arrow, read_table

Columns = Mapping[str, NDArray[Any]]
"""Column -> (length, size), without those that are not as declared."""

_ROWS = 4096
_KNOWN = ("seed", "success", "failure", "provenance", "objects")
_LEFT_OUT = ("stats/", "levels/", "verdict", "metrics")
_PLACED = ("chunk_index", "file_index")


@dataclass(frozen=True)
class Span:
    """An episode's part of a video."""

    place: Place
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Entry:
    """What the table of episodes says of one."""

    position: int
    """Where it stands in the table: how LeRobot finds it."""
    index: int
    """What it is called there."""
    length: int
    start: int
    stop: int
    tasks: tuple[str, ...]
    data: Place
    spans: Mapping[str, Span] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    """`seed`, `success`, `failure`, `provenance` (JSON), `objects`, where millwright recorded it."""


@dataclass(frozen=True)
class Folder:
    """What the metadata say; nothing is trusted, nothing is changed."""

    root: Path
    info: Mapping[str, Any]
    tasks: Mapping[int, str] | None
    """Task index -> text, in the order of the table; None where they cannot be read."""
    entries: tuple[Entry, ...]

    @property
    def fps(self) -> float:
        fps = float(self.info["fps"])
        return int(fps) if fps.is_integer() else fps

    @property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """Rows of info.json by name."""
        features: Mapping[str, Mapping[str, Any]] = self.info["features"]
        return features

    @property
    def cameras(self) -> tuple[str, ...]:
        """What lies in video files."""
        return tuple(name for name, row in self.features.items() if row.get("dtype") == "video")

    @property
    def is_own(self) -> bool:
        """Millwright recorded it, so that more is promised than LeRobot promises."""
        return bool(self.entries) and "seed" in self.entries[0].known

    def find_size(self, name: str) -> int:
        """How many values a frame has in a column."""
        return math.prod(self.features[name]["shape"])

    def find_names(self, name: str) -> tuple[str, ...]:
        """Names of a column's values, numbers where none are declared."""
        names = self.features[name].get("names")
        if isinstance(names, Mapping):  # LeRobot's older form: {"motors": [...]}
            names = next(iter(names.values()), None)
        size = self.find_size(name)
        return tuple(map(str, names)) if names and len(names) == size else tuple(map(str, range(size)))


def load_entries(root: Path) -> tuple[Entry, ...]:
    """The table of episodes; files that cannot be read are left out.

    Raises:
        DatasetError: it lacks a column that every LeRobot v3.0 dataset has.
    """
    rows = [row for path in sorted((root / "meta/episodes").glob("*/*.parquet")) for row in _load_rows(path)]
    try:
        return tuple(_make_entry(position, row) for position, row in enumerate(rows))
    except KeyError as error:
        raise DatasetError(f"the table of episodes has no column {error}") from None


def _load_rows(path: Path) -> list[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if not name.startswith(_LEFT_OUT)]
            rows: list[dict[str, Any]] = file.read(names).to_pylist()
            return rows
    except UNREADABLE:
        return []


def _make_entry(position: int, row: Mapping[str, Any]) -> Entry:
    cameras = [name.split("/")[1] for name in row if name.startswith("videos/") and name.endswith("/chunk_index")]
    return Entry(
        position=position,
        index=row["episode_index"],
        length=row["length"],
        start=row["dataset_from_index"],
        stop=row["dataset_to_index"],
        tasks=tuple(row["tasks"] or ()),
        data=Place(*(row[f"data/{part}"] for part in _PLACED)),
        spans={
            name: Span(
                Place(*(row[f"videos/{name}/{part}"] for part in _PLACED)),
                row[f"videos/{name}/from_timestamp"],
                row[f"videos/{name}/to_timestamp"],
            )
            for name in cameras
        },
        known={name: row[name] for name in _KNOWN if name in row},
    )


def load_task_table(root: Path) -> dict[int, str] | None:
    """Task index -> text; None where the file is missing, broken, or has lost its texts."""
    try:
        table = read_table(root / layout.TASKS)
        return dict(zip(table["task_index"].to_pylist(), table["task"].to_pylist(), strict=True))
    except (*UNREADABLE, KeyError, TypeError):
        return None


def open_folder(root: Path) -> Folder:
    """The folder at `root`.

    Raises:
        DatasetError: no info.json, one of an older layout, or nothing in it that tells the columns.
    """
    info = load_info(root)
    wrong = _find_wrong(info)
    if wrong:
        raise DatasetError(f"{root / layout.INFO}: {wrong}; nothing else says what the columns are")
    return Folder(root, info, load_task_table(root), load_entries(root))


def _find_wrong(info: Mapping[str, Any]) -> str | None:
    """What of info.json cannot be, so that nothing can be read; None where it can."""
    fps, features = info.get("fps"), info.get("features")
    if isinstance(fps, bool) or not isinstance(fps, int | float) or fps < 1:
        return f"fps is {fps!r}, a number from 1 on is meant"
    if not isinstance(features, dict) or not features:
        return "features are missing"
    for name, row in features.items():
        shape = row.get("shape") if isinstance(row, dict) else None
        known = isinstance(shape, list) and shape and all(type(size) is int and size >= 0 for size in shape)
        if not known or not isinstance(row.get("dtype"), str) or not isinstance(row.get("info") or {}, dict):
            return f"feature {name} is {row!r}, an object with dtype and shape is meant"
        if row["dtype"] in ("video", "image") and (
            len(row["shape"]) != 3 or not isinstance(row.get("names"), list | None)
        ):
            return f"feature {name} has shape {row['shape']} and names {row.get('names')}, three axes are meant"
        try:
            find_range(row)
        except DatasetError as error:
            return f"feature {name}: {error}"
    return None


def is_numeric(row: Mapping[str, Any]) -> bool:
    """A feature that is a column of numbers: no video, no text, no picture in a parquet file."""
    return row.get("dtype") not in ("video", "image", "string")


def convert(column: pa.ChunkedArray, row: Mapping[str, Any]) -> NDArray[Any] | None:
    """A column as (length, size); None unless it is whole and as declared."""
    size = math.prod(row["shape"])
    flat = column.combine_chunks()
    while pa.types.is_nested(flat.type):  # LeRobot nests a list an axis
        flat = flat.flatten()
    if len(flat) != len(column) * size or flat.null_count or str(flat.type) not in _names_of(row["dtype"]):
        return None
    return from_arrow(column, (size,))


def _names_of(dtype: str) -> tuple[str, ...]:
    """What arrow calls a numpy type."""
    return {"float32": ("float",), "float64": ("double",), "float16": ("halffloat",)}.get(dtype, (dtype,))


OnBroken = Callable[[str, Exception], None]
"""Told of a file and of what it raised."""


def ignore(file: str, error: Exception) -> None:
    """An `OnBroken` for those who do not look for faults."""


def stream(folder: Folder, on_broken: OnBroken = ignore) -> Iterator[tuple[Entry, pa.Table]]:
    """Every episode's rows in the order of the files, one episode in memory at a time, without the pictures in them.

    Unreadable files are left out.

    Episodes are cut by their lengths, as LeRobot does; the last ones of a file that is too short come short or empty.
    """
    pictures = {name for name, row in folder.features.items() if row["dtype"] == "image"}
    for place, entries in groupby(folder.entries, key=lambda entry: entry.data):
        path = folder.root / place.path(layout.DATA)
        try:
            with pq.ParquetFile(path) as file:
                yield from _cut(file, list(entries), pictures)
        except UNREADABLE as error:
            on_broken(place.path(layout.DATA), error)


def _cut(file: pq.ParquetFile, entries: list[Entry], left_out: set[str]) -> Iterator[tuple[Entry, pa.Table]]:
    names = [name for name in file.schema_arrow.names if name not in left_out]
    batches = file.iter_batches(_ROWS, columns=names if left_out else None)
    held = file.schema_arrow.empty_table().select(names)
    for entry in entries:
        while len(held) < entry.length:
            batch = next(batches, None)
            if batch is None:
                break
            held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        yield entry, held.slice(0, entry.length)
        held = held.slice(entry.length)


def make_feature(name: str, row: Mapping[str, Any]) -> Feature:
    """A row of info.json, with the shape it has on disk."""
    return Feature(name, tuple(row["shape"]), row["dtype"])


def find_texts(folder: Folder, entry: Entry, table: pa.Table) -> list[str]:
    """The instruction of each frame: what task_index points to where the episode's row confirms it."""
    tasks, said = folder.tasks or {}, entry.tasks or ("",)
    indices = table["task_index"].to_pylist() if len(said) > 1 and "task_index" in table.column_names else []
    texts = [tasks.get(index, "") for index in indices]
    return texts if texts and set(texts) <= set(said) else [said[0]] * entry.length
