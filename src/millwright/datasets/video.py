"""H.264 in MP4 on an exact time grid: encode, join without encoding again, decode."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

Frames = NDArray[np.uint8]

_GOP = 2
_CRF = 18
# ITU-R 601 both ways, written into the stream, so that no decoder has to guess the colours.
_COLOURS = {"colorspace": "smpte170m", "color_primaries": "smpte170m", "color_trc": "smpte170m", "color_range": "tv"}
_OPTIONS = {"preset": "ultrafast", "crf": str(_CRF), "g": str(_GOP), "bf": "0", **_COLOURS}

VIDEO_INFO: dict[str, Any] = {
    "video.codec": "h264",
    "video.pix_fmt": "yuv420p",
    "video.g": _GOP,
    "video.crf": _CRF,
    "has_audio": False,
    "is_depth_map": False,
}
"""What info.json says of every video."""


def encode(frames: Frames, fps: int) -> memoryview:
    """An MP4 of `frames` (num_frames, height, width, 3), one a tick of 1 / fps, at a constant rate."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options=_OPTIONS)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getbuffer()


class Joiner:
    """Joins videos into one MP4 by copying packets; every frame lies on the grid of 1 / fps."""

    def __init__(self, fps: int) -> None:
        self.num_frames = 0
        self._period = Fraction(1, fps)
        self._sink = io.BytesIO()
        self._container = av.open(self._sink, "w", format="mp4")
        self._stream: Any = None
        self._setup = b""

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._sink.tell()

    def fits(self, source: InputContainer) -> bool:
        """`source` was encoded with the same parameters, so that its packets decode in this stream."""
        return self._stream is None or source.streams.video[0].codec_context.extradata == self._setup

    def append(self, source: InputContainer) -> int:
        """Add a video's frames; the number of frames before them."""
        first = self.num_frames
        video = source.streams.video[0]
        if self._stream is None:
            self._stream = self._container.add_stream_from_template(video)
            self._stream.time_base = self._period
            self._setup = video.codec_context.extradata or b""
        for packet in source.demux(video):
            if packet.size:
                packet.stream, packet.time_base = self._stream, self._period
                packet.pts = packet.dts = self.num_frames
                packet.duration = 1
                self._container.mux(packet)
                self.num_frames += 1
        return first

    def finish(self) -> memoryview:
        """The bytes of the MP4."""
        self._container.close()
        return self._sink.getbuffer()


def decode(path: Path, first: int, fps: int, out: Frames) -> None:
    """Decode the frames from number `first` on into `out` (num_frames, height, width, 3).

    Raises:
        EOFError: the video ends before `out` is full.
    """
    count = 0
    reformatter = VideoReformatter()  # one for all frames: setting up the conversion costs more than doing it
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        assert stream.time_base is not None
        ticks = Fraction(1, fps) / stream.time_base  # of the stream's clock, a frame
        container.seek(round(first * ticks), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is None or frame.pts < first * ticks:
                continue
            out[count] = reformatter.reformat(frame, format="rgb24").to_ndarray()
            count += 1
            if count == len(out):
                return
    raise EOFError(f"{path} ends after frame {first + count}; {first + len(out)} are needed")


def read_grid(path: Path) -> list[Fraction]:
    """The time of every packet of a video, in seconds, in order."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        base = stream.time_base
        assert base is not None
        return [packet.pts * base for packet in container.demux(stream) if packet.size and packet.pts is not None]
