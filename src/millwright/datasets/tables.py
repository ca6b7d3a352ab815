"""Arrays as parquet columns and back; the two tables of a dataset that need care."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from millwright.core.errors import choose
from millwright.core.features import Feature

_TYPES = {
    "bool": pa.bool_(),
    **{f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
}
UNREADABLE = (pa.ArrowException, OSError, ValueError)
"""What pyarrow raises of a damaged file: its own errors, those of the disk, names that are no text."""
_DTYPES = {kind: name for name, kind in _TYPES.items()}


def arrow_type(feature: Feature) -> pa.DataType:
    """A scalar for one value, else a flat list of fixed size (several axes are flattened).

    Raises:
        UnknownNameError: the feature's dtype cannot be stored.
    """
    kind = choose("column type", feature.dtype, _TYPES)
    size = math.prod(feature.shape)
    return kind if size == 1 else pa.list_(kind, size)


def to_arrow(values: NDArray[Any]) -> pa.Array:
    """`values` (num_frames, *shape) as a column of `arrow_type`.

    By its buffers, as `from_arrow`: `pa.array` and `to_numpy` import pandas wherever it is installed, half a
    second in every worker.
    """
    size = math.prod(values.shape[1:])
    flat = np.ascontiguousarray(values).reshape(-1)
    bits = np.packbits(flat, bitorder="little") if flat.dtype == bool else flat
    array = pa.Array.from_buffers(_TYPES[str(flat.dtype)], len(flat), [None, pa.py_buffer(bits)])
    return array if size == 1 else pa.FixedSizeListArray.from_arrays(array, size)


def from_arrow(column: pa.ChunkedArray, shape: tuple[int, ...]) -> NDArray[Any]:
    """A column as an array (num_frames, *shape), read-only; of objects where it is text."""
    flat = column.combine_chunks()
    while pa.types.is_nested(flat.type):
        flat = flat.flatten()
    if pa.types.is_string(flat.type) or pa.types.is_large_string(flat.type):
        return np.array(flat.to_pylist(), object).reshape(len(column), *shape)
    content, part = flat.buffers()[1], slice(flat.offset, flat.offset + len(flat))
    if pa.types.is_boolean(flat.type):
        values = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")[part].astype(bool)
    else:
        values = np.frombuffer(content, _DTYPES[flat.type])[part]
    return values.reshape(len(column), *shape)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A parquet file, or some of its columns. Half a second less to import than pyarrow's own `read_table`."""
    with pq.ParquetFile(path) as file:
        return file.read(columns)


def read_rows(file: pq.ParquetFile, first: int, count: int, columns: Sequence[str] | None = None) -> pa.Table:
    """Rows of a parquet file, fewer where it ends; only the row groups that hold them are read."""
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    starts = [0, *accumulate(sizes)]
    touched = [n for n in range(len(sizes)) if starts[n] < first + count and starts[n + 1] > first]
    if not touched:
        return file.schema_arrow.empty_table().select(columns or file.schema_arrow.names)
    return file.read_row_groups(touched, columns).slice(first - starts[touched[0]], count)


def read_columns(paths: Sequence[Path], features: Sequence[Feature]) -> Iterator[NDArray[Any]]:
    """Each feature in turn over all parquet files, (num_frames, *shape); one at a time in memory."""
    with ExitStack() as stack:
        files = [stack.enter_context(pq.ParquetFile(path)) for path in paths]
        for feature in features:
            tables = [file.read([feature.name]) for file in files]
            none = np.empty((0, *feature.shape), object if feature.is_text else feature.dtype)
            yield np.concatenate([none, *(from_arrow(table[feature.name], feature.shape) for table in tables)])


def write_table(table: pa.Table) -> memoryview:
    """A parquet file's bytes: one row group, snappy, dictionaries."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy", use_dictionary=True, row_group_size=max(1, len(table)))
    return sink.getbuffer()


def make_tasks_table(tasks: Sequence[str]) -> pa.Table:
    """tasks.parquet: what pandas writes for a frame with the column `task_index` and the index `task`."""

    def describe(name: str | None, pandas_type: str, numpy_type: str) -> dict[str, Any]:
        kinds = {"pandas_type": pandas_type, "numpy_type": numpy_type, "metadata": None}
        return {"name": name, "field_name": name, **kinds}

    frame = {
        "index_columns": ["task"],
        "column_indexes": [describe(None, "unicode", "object") | {"metadata": {"encoding": "UTF-8"}}],
        "columns": [describe("task_index", "int64", "int64"), describe("task", "unicode", "object")],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    columns = {"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks, pa.string())}
    return pa.table(columns).replace_schema_metadata({"pandas": json.dumps(frame)})


def make_episodes_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The episodes' rows as a table: types as LeRobot's, with text where a value may be missing."""
    fixed = {"failure": pa.string(), "objects": pa.list_(pa.string())}
    columns = {}
    for name in rows[0]:
        values = [row[name].tolist() if isinstance(row[name], np.ndarray) else row[name] for row in rows]
        columns[name] = pa.array(values, fixed.get(name))
    return pa.table(columns)


def to_json(values: Any) -> str:
    """JSON text of evidence, metrics or provenance; numpy values become numbers and lists."""
    return json.dumps(values, default=_to_plain)


def _to_plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: {value!r}")
