"""Videos as files: they open, keep a constant rate, and hold their episodes' frames where these are said to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.checks.columns import TOLERANCE_S
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Entry, Folder
from millwright.datasets.forward import open_video


@dataclass(frozen=True)
class Stream:
    """What a video file says of itself."""

    times_s: NDArray[np.float64]
    """Of its frames, in order."""
    height: int
    width: int
    codec: str
    pix_fmt: str


def check_videos(folder: Folder) -> Iterator[Finding]:
    """Every video that is there, against the episodes that are to be in it."""
    for camera in folder.cameras:
        shown = [entry for entry in folder.entries if camera in entry.spans]
        told = False
        for place, group in groupby(shown, key=lambda entry: entry.spans[camera].place):
            name, entries = place.path(layout.VIDEO, camera), list(group)
            yield from _check_spans(folder, camera, entries, name)
            if not (folder.root / name).exists():
                continue
            try:
                stream = _read_stream(folder.root / name)
            except (DatasetError, FFmpegError, ValueError):
                cause = "it cannot be opened: a killed writer, or a damaged copy"
                yield Finding("MW301", cause, entries[0].position, file=name)
                continue
            yield from _check_frames(folder, stream, entries, name)
            if not told:
                differences = _compare(folder, camera, stream)
                told = bool(differences)
                yield from (Finding("MW305", text, file=name) for text in differences)


def _check_spans(folder: Folder, camera: str, entries: list[Entry], name: str) -> Iterator[Finding]:
    """Times are whole numbers of frames, one episode after the other."""
    first = 0
    for entry in entries:
        span = entry.spans[camera]
        begin, end = first / folder.fps, (first + entry.length) / folder.fps
        first += entry.length
        if abs(span.begin_s - begin) > TOLERANCE_S or abs(span.end_s - end) > TOLERANCE_S:
            cause = f"{span.begin_s:.6f} to {span.end_s:.6f} s of it, {begin:.6f} to {end:.6f} s is meant"
            yield Finding("MW304", cause, entry.position, file=name)
            return  # the later ones of this file follow from it


def _read_stream(path: Path) -> Stream:
    container, video = open_video(path)
    with container:
        base = video.time_base or Fraction(1)
        ticks = sorted(packet.pts for packet in container.demux(video) if packet.size and packet.pts is not None)
        context = video.codec_context
        return Stream(
            np.array(ticks, np.float64) * float(base), context.height, context.width, context.name, str(context.pix_fmt)
        )


def _check_frames(folder: Folder, stream: Stream, entries: list[Entry], name: str) -> Iterator[Finding]:
    starts = np.cumsum([0, *(entry.length for entry in entries)])
    number, held = int(starts[-1]), len(stream.times_s)
    if held != number:
        short = next((n for n in range(len(entries)) if starts[n + 1] > held), None)
        position = None if short is None else entries[short].position
        cause = f"it holds {held} frames, its {len(entries)} episodes have {number}"
        yield Finding("MW303", cause, position, None if short is None else held - int(starts[short]), name)
    off = np.abs(stream.times_s - np.arange(held) / folder.fps) > TOLERANCE_S
    if off.any():
        at = int(off.argmax())
        owner = min(int(np.searchsorted(starts, at, side="right")) - 1, len(entries) - 1)
        cause = f"frame {at} is shown at {stream.times_s[at]:.6f} s, at {folder.fps} Hz that is {at / folder.fps:.6f} s"
        cause += f" ({off.sum()} of {held} frames are off)"
        yield Finding("MW302", cause, entries[owner].position, at - int(starts[owner]), name)


def _compare(folder: Folder, camera: str, stream: Stream) -> list[str]:
    """In what a video differs from its feature in info.json."""
    row: Any = folder.features[camera]
    info = row.get("info") or {}
    found = []
    if not {stream.height, stream.width} <= set(row["shape"]):
        found.append(f"pictures are {stream.height} x {stream.width}, declared {row['shape']}")
    said = info.get("video.pix_fmt")
    if said and said != stream.pix_fmt:
        found.append(f"pixels are {stream.pix_fmt}, declared {said}")
    codec = info.get("video.codec")
    if codec and codec not in stream.codec and not (codec == "av1" and "av1" in stream.codec.replace("dav1d", "av1")):
        found.append(f"the codec is {stream.codec}, declared {codec}")
    rate = info.get("video.fps")
    if rate and rate != folder.fps:
        found.append(f"info.json says {rate} Hz here and {folder.fps} Hz of everything")
    return found
