"""Data and video files that roll over to the next one before they grow too large."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import pyarrow as pa
import pyarrow.parquet as pq
from av.packet import Packet
from av.video.stream import VideoStream

from millwright.datasets import layout
from millwright.datasets.durable import write_durably
from millwright.datasets.layout import Place
from millwright.datasets.video import Joiner

_MB = 1_000_000


class DataFiles:
    """Parquet files, one row group an episode; an episode never spans two files."""

    def __init__(self, root: Path, last: Place) -> None:
        self._root = root
        self._place = last
        self._sink = io.BytesIO()
        self._writer: pq.ParquetWriter | None = None

    def append(self, table: pa.Table, size: int) -> Place:
        """Add an episode of about `size` bytes; where it went."""
        if self._writer is not None and self._sink.tell() + size >= layout.DATA_FILE_MB * _MB:
            self.close()
        if self._writer is None:
            self._place = self._place.following()
            self._sink = io.BytesIO()
            self._writer = pq.ParquetWriter(self._sink, table.schema, compression="snappy", use_dictionary=True)
        self._writer.write_table(table, row_group_size=len(table))
        return self._place

    def close(self) -> None:
        """Write the file in the making."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            write_durably(self._root / self._place.path(layout.DATA), self._sink.getbuffer())


class VideoFiles:
    """MP4 files of one camera; an episode never spans two files."""

    def __init__(self, root: Path, camera: str, fps: float, last: Place) -> None:
        self._root = root
        self._camera = camera
        self._fps = fps
        self._place = last
        self._joiner: Joiner | None = None

    def append(self, path: Path) -> tuple[Place, int]:
        """Add an episode's video; where it went and the number of frames before it in that file."""
        with av.open(str(path)) as source:
            video = source.streams.video[0]
            return self.append_packets(video, source.demux(video), path.stat().st_size)

    def append_packets(self, video: VideoStream, packets: Iterable[Packet[Any]], size: int) -> tuple[Place, int]:
        """The same with packets of about `size` bytes, the first a key frame."""
        whole = [packet for packet in packets if packet.size]
        if self._joiner is not None:
            full = self._joiner.size + size >= layout.VIDEO_FILE_MB * _MB
            if full or not self._joiner.fits(video, whole):
                self.close()
        if self._joiner is None:
            self._place = self._place.following()
            self._joiner = Joiner(self._fps)
        return self._place, self._joiner.append(video, whole)

    def close(self) -> None:
        """Write the file in the making."""
        if self._joiner is not None:
            write_durably(self._root / self._place.path(layout.VIDEO, self._camera), self._joiner.finish())
            self._joiner = None
