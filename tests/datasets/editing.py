"""Ways to spoil a dataset on disk: its tables, its JSON, its videos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from millwright.datasets import layout, video
from millwright.datasets.statistics import compute_statistics
from millwright.datasets.tables import from_arrow
from tests.datasets.players import CAMERA, FPS

DATA = "data/chunk-000/file-000.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
VIDEO = f"videos/{CAMERA}/chunk-000/file-000.mp4"


def edit_json(root: Path, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads((root / name).read_text())
    change(content)
    (root / name).write_text(json.dumps(content))


def edit_info(root: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    edit_json(root, layout.INFO, change)


def edit_table(root: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    table = pq.read_table(root / name)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), root / name)


def edit_rows(root: Path, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    """Change the table of episodes as a list of rows."""
    table = pq.read_table(root / EPISODES)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), root / EPISODES)


def edit_column(root: Path, name: str, change: Callable[[np.ndarray], Any], restate: bool = True) -> None:
    """Change a column in place, (num_frames, size); its statistics follow unless that is the fault."""
    table = pq.read_table(root / DATA)
    kind = table.schema.field(name).type
    size = kind.list_size if pa.types.is_fixed_size_list(kind) else 1
    values = from_arrow(table[name], (size,)).copy()
    change(values)
    flat = pa.array(values.reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, size) if size > 1 else flat
    pq.write_table(table.set_column(table.column_names.index(name), name, column.cast(kind)), root / DATA)
    if restate:
        edit_json(root, layout.STATS, lambda stats: stats.update({name: compute_statistics(values).to_json()}))


def edit_frames(root: Path, change: Callable[[np.ndarray], np.ndarray | None]) -> None:
    """Change the pictures in place, or for others; (num_frames, height, width, 3)."""
    with av.open(str(root / VIDEO)) as container:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    changed = change(frames)
    (root / VIDEO).write_bytes(video.encode(frames if changed is None else changed, FPS))


def retime(root: Path, times: Callable[[int], int]) -> None:
    """Give every frame another time, in frames."""
    path = root / VIDEO
    with av.open(str(path)) as source, av.open(str(path.with_suffix(".new.mp4")), "w") as sink:
        stream = sink.add_stream_from_template(source.streams.video[0])
        for index, packet in enumerate(packet for packet in source.demux(video=0) if packet.size):
            step = packet.duration or 0
            packet.pts = packet.dts = times(index) * step
            packet.stream = stream
            sink.mux(packet)
    path.with_suffix(".new.mp4").rename(path)


def truncate(path: Path, share: float = 0.6) -> None:
    """What is left of a file whose writer was killed."""
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
