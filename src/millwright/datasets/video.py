"""H.264 (HEVC for depth) in MP4 on an exact time grid: encode, join without encoding again, decode."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from millwright.core.errors import DatasetError, OptionError, choose

Frames = NDArray[np.uint8]

# ITU-R 601 both ways, written into the stream, so that no decoder has to guess the colours.
_COLOURS = {"colorspace": "smpte170m", "color_primaries": "smpte170m", "color_trc": "smpte170m", "color_range": "tv"}
_CODECS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"bf": "0"}),
    "av1": ("libsvtav1", {"svtav1-params": "pred-struct=1"}),  # low delay: frames leave in the order they came
}
_PRESETS: dict[str, tuple[str, ...]] = {
    "h264": ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"),
    "av1": tuple(str(number) for number in range(14)),
}
_DEPTH_OPTIONS = {
    "preset": "ultrafast",
    "g": "2",
    # frames leave in the order they came, and every second one can be begun with
    "x265-params": "lossless=1:bframes=0:open-gop=0:pools=none:frame-threads=1:log-level=error",
}
MOST_GOP = 100_000
_MAX_CRF = {"h264": 51, "av1": 63}


@dataclass(frozen=True)
class Encoding:
    """How pictures become video.

    Args:
        codec: `h264` or `av1`.
        crf: quality, lower is better: 0 to 51, for av1 to 63.
        gop: frames from one key frame to the next; few make every frame quick to reach.
        preset: of the encoder: names for h264, numbers for av1.
        scale: of height and width, at most 1.
    """

    codec: str = "h264"
    crf: int = 18
    gop: int = 2
    preset: str = "ultrafast"
    scale: float = 1.0

    def __post_init__(self) -> None:
        choose("codec", self.codec, _CODECS)
        choose(f"preset of {self.codec}", self.preset, dict.fromkeys(_PRESETS[self.codec]))
        highest = _MAX_CRF[self.codec]
        if not (0 <= self.crf <= highest and 1 <= self.gop <= MOST_GOP and 0 < self.scale <= 1):
            raise OptionError(f"crf is 0 to {highest}, gop 1 to {MOST_GOP}, scale above 0 and at most 1; got {self}")

    @property
    def encoder(self) -> str:
        return _CODECS[self.codec][0]

    @property
    def options(self) -> dict[str, str]:
        """What the encoder is told."""
        return {"preset": self.preset, "crf": str(self.crf), "g": str(self.gop), **_CODECS[self.codec][1], **_COLOURS}

    def shrink(self, height: int, width: int) -> tuple[int, int]:
        """Height and width in the video, even as its chroma wants them."""
        return 2 * max(1, round(height * self.scale / 2)), 2 * max(1, round(width * self.scale / 2))

    def restate(self, row: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """A camera's row of info.json for the video at `path`."""
        with av.open(str(path)) as container:
            context = container.streams.video[0].codec_context
            size = {"height": context.height, "width": context.width}
        names = row.get("names") or ["height", "width", "channels"]
        shape = [size.get(name, number) for name, number in zip(names, row["shape"], strict=True)]
        facts = {**size, "codec": self.codec, "g": self.gop, "crf": self.crf, "pix_fmt": "yuv420p"}
        said = {f"video.{key}": value for key, value in facts.items()}
        return {**row, "shape": shape, "info": {**(row.get("info") or {}), **said}}


DEFAULT = Encoding()

VIDEO_INFO: dict[str, Any] = {
    "video.codec": DEFAULT.codec,
    "video.pix_fmt": "yuv420p",
    "video.g": DEFAULT.gop,
    "video.crf": DEFAULT.crf,
    "has_audio": False,
    "is_depth_map": False,
}
"""What info.json says of every video that was recorded."""


def encode(frames: Frames, fps: float, encoding: Encoding = DEFAULT) -> memoryview:
    """An MP4 of `frames` (num_frames, height, width, 3), one a tick of 1 / fps, at a constant rate."""
    return encode_each(frames, frames.shape[1], frames.shape[2], fps, encoding)


def encode_each(
    frames: Iterable[Frames], height: int, width: int, fps: float, encoding: Encoding = DEFAULT
) -> memoryview:
    """The same of frames (height, width, 3) that come one after the other, a frame in memory at a time.

    Raises:
        DatasetError: the encoder does not take pictures of this size, rate or quality.
    """
    try:
        return _encode_each(frames, height, width, fps, encoding)
    except (FFmpegError, OverflowError) as error:
        size = " x ".join(map(str, encoding.shrink(height, width)))
        told = f"pictures of {size} at {fps} Hz cannot be encoded as {encoding}"
        raise DatasetError(f"{told} ({str(error).split(':')[0]})") from error


def _encode_each(frames: Iterable[Frames], height: int, width: int, fps: float, encoding: Encoding) -> memoryview:
    os.environ.setdefault("SVT_LOG", "1")  # of av1's encoder: errors alone, not a page for every video
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as container:
        stream: Any = container.add_stream(encoding.encoder, rate=_find_rate(fps), options=encoding.options)
        stream.height, stream.width = encoding.shrink(height, width)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if encoding.scale < 1:
                frame = frame.reformat(stream.width, stream.height, interpolation="AREA")
            frame.pts, frame.time_base = index, 1 / _find_rate(fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getbuffer()


def _find_rate(fps: float) -> Fraction:
    """Frames a second as a video wants them: 12.5 is 25 in 2 s."""
    return Fraction(fps).limit_denominator(1000)


def encode_depth(codes: Iterable[NDArray[np.uint16]], height: int, width: int, fps: float) -> memoryview:
    """An MP4 of twelve-bit codes (height, width, 1) without loss; every second frame is a key frame."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx265", rate=_find_rate(fps), options=_DEPTH_OPTIONS)
        stream.height, stream.width, stream.pix_fmt = height, width, "gray12le"
        stream.codec_context.thread_count = 1
        for index, plane in enumerate(codes):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(plane[..., 0]), format="gray12le")
            frame.pts, frame.time_base = index, 1 / _find_rate(fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return sink.getbuffer()


class Joiner:
    """Joins videos into one MP4 by copying packets; every frame lies on the grid of 1 / fps."""

    def __init__(self, fps: float) -> None:
        self.num_frames = 0
        self._period = 1 / _find_rate(fps)
        self._sink = io.BytesIO()
        self._container = av.open(self._sink, "w", format="mp4")
        self._stream: Any = None
        self._setup = b""
        self._delay = 0
        """Frames by which a packet decodes before it is shown: not 0 where frames refer to later ones."""

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._sink.tell()

    def fits(self, video: VideoStream, packets: Sequence[Packet[Any]]) -> bool:
        """`video` was encoded with the same parameters, so that its packets decode in this stream."""
        same = video.codec_context.extradata == self._setup
        return self._stream is None or (same and find_delay(rank(packets)) <= self._delay)

    def append(self, video: VideoStream, packets: Sequence[Packet[Any]]) -> int:
        """Add packets of a video, in the order in which they decode; the number of frames before them."""
        first, ranks = self.num_frames, rank(packets)
        if self._stream is None:
            self._stream = self._container.add_stream_from_template(video, opaque=True)
            self._stream.time_base = self._period
            self._setup = video.codec_context.extradata or b""
            self._delay = find_delay(ranks)
        for packet, place in zip(packets, ranks, strict=True):
            packet.stream, packet.time_base = self._stream, self._period
            packet.pts, packet.dts = first + place, self.num_frames - self._delay
            packet.duration = 1
            self._container.mux(packet)
            self.num_frames += 1
        return first

    def finish(self) -> memoryview:
        """The bytes of the MP4."""
        self._container.close()
        return self._sink.getbuffer()


def rank(packets: Sequence[Packet[Any]]) -> list[int]:
    """For each packet which frame it is, the first being 0; their own order where their times are not known."""
    order = range(len(packets))
    if any(packet.pts is None for packet in packets):
        return list(order)
    shown = sorted(order, key=lambda number: packets[number].pts or 0)
    return sorted(order, key=shown.__getitem__)


def find_delay(ranks: Sequence[int]) -> int:
    """How many frames ahead packets have to decode."""
    return max((number - place for number, place in enumerate(ranks)), default=0)


def decode(path: Path, first: int, fps: float, out: NDArray[Any], levels: NDArray[np.float32] | None = None) -> None:
    """Decode the frames from number `first` on into `out`: uint8 (num_frames, height, width, 3).

    Args:
        levels: metres that each code of a depth video stands for; `out` is float32 (num_frames, height, width, 1).

    Raises:
        EOFError: the video ends before `out` is full.
    """
    count = 0
    reformatter = VideoReformatter()  # one for all frames: setting up the conversion costs more than doing it
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        assert stream.time_base is not None
        ticks = 1 / _find_rate(fps) / stream.time_base  # of the stream's clock, a frame
        begin = (first - Fraction(1, 2)) * ticks  # a file that was joined may round a frame to the tick before
        container.seek(round(first * ticks), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is None or frame.pts < begin:
                continue
            if levels is None:
                out[count] = reformatter.reformat(frame, format="rgb24").to_ndarray()
            else:
                out[count] = levels[frame.to_ndarray(format="gray12le")][..., None]
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
