"""Columns: declared ones and no others, of the declared type; the standard ones say where a frame is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from millwright.datasets import layout
from millwright.datasets.checks.check import Check
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Columns, Entry, Folder, convert, is_numeric
from millwright.datasets.tables import UNREADABLE

TOLERANCE_S = 1e-4
"""LeRobot's: a timestamp further from its frame's makes its loader fail."""


def check_schemas(folder: Folder) -> Iterator[Finding]:
    """Each data file has the declared columns, each of its type and size, and as many rows as its episodes."""
    declared = {name: row for name, row in folder.features.items() if row.get("dtype") != "video"}
    rows: dict[str, int] = {}
    for entry in folder.entries:
        name = entry.data.path(layout.DATA)
        rows[name] = rows.get(name, 0) + entry.length
    for name, number in rows.items():
        try:
            with pq.ParquetFile(folder.root / name) as file:
                schema, held = file.schema_arrow, file.metadata.num_rows
        except UNREADABLE:
            continue
        for column in schema.names:
            if column not in declared:
                yield Finding("MW201", f"column {column} is not in info.json: LeRobot's loader stops there", file=name)
        for column, row in declared.items():
            if column not in schema.names:
                yield Finding("MW202", f"column {column} is declared and not there", file=name)
            elif is_numeric(row) and not _fits(schema.field(column).type, row):
                told = f"{row['dtype']} {row['shape']}"
                yield Finding("MW203", f"column {column} is {schema.field(column).type}, declared {told}", file=name)
        if held != number:
            yield Finding("MW209", f"it holds {held} rows, its episodes have {number}", file=name)


def _fits(kind: pa.DataType, row: Any) -> bool:
    """The arrow type can hold what info.json declares."""
    if isinstance(kind, pa.ExtensionType) or len(row["shape"]) > 1:
        return True  # arrays of several axes: each tool has its own way, the content tells
    inner = kind.value_type if pa.types.is_nested(kind) else kind
    size = kind.list_size if pa.types.is_fixed_size_list(kind) else None
    sized = size in (None, row["shape"][0]) if pa.types.is_nested(kind) else row["shape"] == [1]
    names = {"float": "float32", "double": "float64", "halffloat": "float16"}
    return sized and names.get(str(inner), str(inner)) == row["dtype"]


class Standard(Check):
    """timestamp, frame_index, episode_index, index and task_index follow from the table of episodes."""

    def __init__(self, folder: Folder) -> None:
        self._fps = folder.fps
        self._tasks = folder.tasks
        self._starts = np.cumsum([0, *(entry.length for entry in folder.entries)])

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        file, count = entry.data.path(layout.DATA), len(next(iter(columns.values())))
        frames = np.arange(count)
        index = {
            "frame_index": frames,
            "episode_index": np.full(count, entry.position),
            "index": self._starts[entry.position] + frames,
        }
        for code, name in (("MW205", "frame_index"), ("MW207", "episode_index"), ("MW206", "index")):
            if name in columns:
                yield from _compare(code, name, columns[name][:, 0], index[name], entry, file)
        if "timestamp" in columns:
            found = columns["timestamp"][:, 0].astype(np.float64)
            off = ~(np.abs(found - frames / self._fps) <= TOLERANCE_S)
            if off.any():
                at = int(off.argmax())
                told = f"timestamp is {found[at]:.6g} s, its grid point {at / self._fps:.6g} s"
                cause = f"{told} ({off.sum()} frames are off)"
                yield Finding("MW204", cause, entry.position, at, file)
        if "task_index" in columns and self._tasks is not None:
            yield from self._check_task(entry, columns["task_index"][:, 0], file)

    def _check_task(self, entry: Entry, found: NDArray[np.int64], file: str) -> Iterator[Finding]:
        meant = [index for index, text in (self._tasks or {}).items() if text in entry.tasks]
        wrong = ~np.isin(found, meant)
        if meant and wrong.any():
            at = int(wrong.argmax())
            cause = f"task_index is {found[at]}; the table of episodes says {meant} ({wrong.sum()} frames)"
            yield Finding("MW208", cause, entry.position, at, file)


def _compare(
    code: str, name: str, found: NDArray[Any], meant: NDArray[Any], entry: Entry, file: str
) -> Iterator[Finding]:
    wrong = found != meant
    if wrong.any():
        at = int(wrong.argmax())
        cause = f"{name} is {found[at]}, {meant[at]} is meant ({wrong.sum()} frames)"
        yield Finding(code, cause, entry.position, at, file)


class Finite(Check):
    """No number is missing or infinite; facts and depth excepted, where that can be the truth."""

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        for name, values in columns.items():
            if values.dtype.kind != "f" or name.startswith("facts.") or "depth" in name:
                continue
            bad = ~np.isfinite(values).all(1)
            if bad.any():
                at = int(bad.argmax())
                cause = f"{name} is {values[at].tolist()} ({bad.sum()} frames)"
                yield Finding("MW210", cause, entry.position, at, entry.data.path(layout.DATA))


def read_columns(folder: Folder, entry: Entry, table: pa.Table) -> tuple[dict[str, NDArray[Any]], list[Finding]]:
    """An episode's numeric columns that are whole and as declared; what is wrong with the others."""
    columns, findings = {}, []
    for name in table.column_names:
        row = folder.features.get(name)
        if row is None or not is_numeric(row):
            continue
        values = convert(table[name], row)
        if values is not None:
            columns[name] = values
        elif _count_nulls(table[name]):
            code = "MW208" if name == "task_index" else "MW210"
            cause = f"{name} is missing ({_count_nulls(table[name])} values)"
            at = max(table[name].is_null().index(True).as_py(), 0)
            findings.append(Finding(code, cause, entry.position, at, entry.data.path(layout.DATA)))
    return columns, findings


def _count_nulls(column: pa.ChunkedArray) -> int:
    inner = sum(chunk.flatten().null_count for chunk in column.chunks) if pa.types.is_nested(column.type) else 0
    return int(column.null_count + inner)
