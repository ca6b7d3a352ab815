"""Footage: an episode's part of a video for a new one, packets as they are where that decodes, else encoded anew."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.datasets.depth import DEPTH_CODES
from millwright.datasets.files import VideoFiles
from millwright.datasets.forward import FrameReader, PacketReader, can_be_cut
from millwright.datasets.layout import Place
from millwright.datasets.statistics import count_levels
from millwright.datasets.video import DEFAULT, Encoding, Frames, encode


class Copied(NamedTuple):
    """Where frames went."""

    place: Place
    first: int
    levels: NDArray[np.int64] | None
    """Histogram (3, 256) of what they are now, where that is not what they were."""


class Footage:
    """Keeps the videos open that it read last, one a kind, and reads them forward."""

    def __init__(self, fps: float, encoding: Encoding | None = None) -> None:
        self._fps = fps
        self._encoding = encoding
        self._packets: dict[Path, PacketReader] = {}
        self._frames: dict[Path, FrameReader] = {}
        self.copied = 0
        """Parts of videos, one an episode and camera, whose packets were taken as they are."""
        self.encoded = 0
        """Those that were encoded anew."""

    def copy(self, path: Path, first: int, length: int, files: VideoFiles, depth: bool = False) -> Copied:
        """Append frames `first` to `first + length` of a video.

        Args:
            depth: of twelve bits, which no encoding here has: they are cut or refused.

        Raises:
            DatasetError: the video is damaged, or ends before, or is depth that cannot be cut.
        """
        if self._encoding is None or depth:
            reader = self._find_packets(path, first)
            packets = reader.take(length)
            if len(packets) < length:
                raise DatasetError(f"{path} ends before frame {first + length}")
            if can_be_cut(packets, reader.peek()):
                self.copied += 1
                size = sum(packet.size for packet in packets)
                return Copied(*files.append_packets(reader.stream, packets, size), None)
            if depth:
                raise DatasetError(
                    f"{path}: the depth of frames {first} to {first + length - 1} cannot be cut out, for it does not "
                    "begin with a key frame of its own, and cannot be encoded anew without loss; leave the camera out"
                )
        self.encoded += 1
        content = encode(self.decode(path, first, length), self._fps, self._encoding or DEFAULT)
        with av.open(io.BytesIO(content), "r") as source:
            video = source.streams.video[0]
            place, at = files.append_packets(video, source.demux(video), len(content))
        return Copied(place, at, _count_encoded(content))

    def count_levels(self, path: Path, first: int, length: int, depth: bool = False) -> NDArray[np.int64]:
        """Histogram (3, 256) of some of the pixels, as the recorder counts them; (1, 4096) of depth."""
        if depth:
            planes = np.stack(list(self.decode_each(path, first, length, "gray12le")))
            return count_levels(planes[..., None], DEPTH_CODES)
        return count_levels(self.decode(path, first, length))

    def close(self) -> None:
        """Close all videos."""
        self._drop(self._packets, keep=0)
        self._drop(self._frames, keep=0)

    def decode(self, path: Path, first: int, length: int) -> Frames:
        """Frames `first` to `first + length` of a video, uint8 (length, height, width, 3); errors as `copy`."""
        return np.stack(list(self.decode_each(path, first, length)))

    def decode_each(self, path: Path, first: int, length: int, pixels: str = "rgb24") -> Iterator[NDArray[Any]]:
        """The same one after the other, (height, width, 3), a frame in memory at a time."""
        reader = self._frames.pop(path, None)
        if reader is None or reader.count > first:
            self._drop(self._frames)
            reader = FrameReader(path)
        self._frames[path] = reader
        for _ in reader.take(first - reader.count):
            pass
        yield from _convert(reader.take(length), pixels)
        if reader.count < first + length:
            raise DatasetError(f"{path} cannot be decoded beyond frame {reader.count}; {first + length} are needed")

    def _find_packets(self, path: Path, first: int) -> PacketReader:
        reader = self._packets.pop(path, None)
        if reader is None or reader.count > first:
            self._drop(self._packets)
            reader = PacketReader(path)
        self._packets[path] = reader
        reader.take(first - reader.count)
        return reader

    def _drop(self, readers: dict[Path, Any], keep: int = 8) -> None:
        """Keep few videos open: one a camera is what neighbours need."""
        while len(readers) > keep:
            readers.pop(next(iter(readers))).close()


def _count_encoded(content: memoryview) -> NDArray[np.int64]:
    with av.open(io.BytesIO(content), "r") as source:
        return count_levels(np.stack(list(_convert(source.decode(source.streams.video[0])))))


def _convert(frames: Iterable[av.VideoFrame], pixels: str = "rgb24") -> Iterator[NDArray[Any]]:
    reformatter = VideoReformatter()  # one for all frames: setting it up costs more than its work
    for frame in frames:
        yield np.asarray(reformatter.reformat(frame, format=pixels).to_ndarray())
