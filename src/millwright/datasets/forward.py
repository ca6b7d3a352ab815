"""Videos read forward only, frames or packets by their number: no clock of a damaged file is trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from millwright.core.errors import DatasetError


def open_video(path: Path) -> tuple[InputContainer, VideoStream]:
    """A video file and its stream of pictures.

    Raises:
        DatasetError: it is missing, damaged, or no video.
    """
    try:
        container = av.open(str(path))
        stream = container.streams.video[0]
    except (FFmpegError, OSError, IndexError, ValueError) as error:
        raise DatasetError(f"{path} cannot be opened ({str(error).split(':')[0]})") from error
    if not isinstance(getattr(stream, "codec_context", None), CodecContext):
        container.close()
        raise DatasetError(f"{path} cannot be opened (its codec is not known)")
    return container, stream


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
            self._container, stream = open_video(path)
            stream.codec_context.thread_count = 1
            self._frames: Iterator[av.VideoFrame] = self._container.decode(stream)
        except DatasetError:
            self.broken = True
        self.opened = not self.broken

    def take(self, number: int) -> Iterator[av.VideoFrame]:
        """The next frames, fewer where the video ends or is damaged."""
        for _ in range(number):
            try:
                frame = None if self.broken else next(self._frames, None)
            except (FFmpegError, ValueError):
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
        DatasetError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Packets so far."""
        self._container, self.stream = open_video(path)
        self._packets = (packet for packet in self._container.demux(self.stream) if packet.size)
        self._following: Packet[Any] | None = None

    def take(self, number: int) -> list[Packet[Any]]:
        """The next packets, fewer where the video ends."""
        held = [self._following] if self._following is not None and number else []
        self._following = None if held else self._following
        packets = held + self._read(number - len(held))
        self.count += len(packets)
        return packets

    def peek(self) -> Packet[Any] | None:
        """The packet that `take` gives next; None where the video ends."""
        if self._following is None:
            self._following = next(iter(self._read(1)), None)
        return self._following

    def _read(self, number: int) -> list[Packet[Any]]:
        try:
            return list(islice(self._packets, number))
        except (FFmpegError, ValueError):
            return []

    def close(self) -> None:
        self._container.close()


def can_be_cut(packets: Sequence[Packet[Any]], following: Packet[Any] | None) -> bool:
    """They decode without those before them, and to exactly the frames that lie between their first and their last.

    Args:
        packets: of an episode, in the order of the file.
        following: the packet after them.
    """
    times = [packet.pts for packet in packets if packet.pts is not None]
    if not packets[0].is_keyframe or len(times) < len(packets) or times[0] > min(times):
        return False
    if following is not None and following.pts is not None and following.pts < max(times):
        return False
    shown = sorted(times)
    steps = [after - before for before, after in pairwise(shown)]
    return times == shown or 0 < max(steps) < 2 * min(steps)  # a gap may be a frame that other packets hold
