"""Videos read forward only, frames or packets by their number: no clock of a damaged file is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream


class FrameReader:
    """A video's frames, one after the other; none when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Frames so far."""
        self.broken = False
        """Nothing more can be decoded."""
        self._container: Any = None
        try:
            self._container = av.open(str(path))
            stream = self._container.streams.video[0]
            stream.codec_context.thread_count = 1
            self._frames: Iterator[av.VideoFrame] = self._container.decode(stream)
        except (FFmpegError, OSError, IndexError):
            self.broken = True
        self.opened = not self.broken

    def take(self, number: int) -> Iterator[av.VideoFrame]:
        """The next frames, fewer where the video ends or is damaged."""
        for _ in range(number):
            try:
                frame = None if self.broken else next(self._frames, None)
            except FFmpegError:
                self.broken, frame = True, None
            if frame is None:
                return
            self.count += 1
            yield frame

    def close(self) -> None:
        if self._container is not None:
            self._container.close()


class PacketReader:
    """A video's packets in the order of the file.

    Raises:
        FFmpegError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Packets so far."""
        self._container = av.open(str(path))
        self.stream: VideoStream = self._container.streams.video[0]
        self._packets = (packet for packet in self._container.demux(self.stream) if packet.size)

    def take(self, number: int) -> list[Packet[Any]]:
        """The next packets, fewer where the video ends."""
        packets = list(islice(self._packets, number))
        self.count += len(packets)
        return packets

    def close(self) -> None:
        self._container.close()


def can_be_cut(packets: list[Packet[Any]]) -> bool:
    """They decode without those before them, and in this order."""
    times = [packet.pts for packet in packets]
    return packets[0].is_keyframe and None not in times and times == sorted(times, key=lambda time: time or 0)
