"""What is in the pictures: black, frozen, blurred, depth without values; and whether their statistics are theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from millwright.datasets import layout
from millwright.datasets.checks.check import Check
from millwright.datasets.checks.statistics import load_stats
from millwright.datasets.depth import DEPTH_CODES, is_depth
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Columns, Entry, Folder
from millwright.datasets.forward import FrameReader
from millwright.datasets.picture_levels import find_values, make_levels
from millwright.datasets.statistics import FRAME_STRIDE, GREY, compute_image_statistics, count_levels

STATE = "observation.state"
_BLACK = 20
"""Luma, of 16 (black) to 235, that in a black picture hardly a pixel exceeds ..."""
_LIT = 0.01
"""... that is, no more than this share."""
_SAME = 12.0
"""Largest difference of two frames in grey levels: a codec makes less, the edge of a thing that moves more."""
_FROZEN_S = 0.5
_MOVED = 0.1
"""Share of a state's range in an episode that counts as having moved."""
_BLURRED = 0.1
"""Sharpness relative to the median's."""
_INVALID = 0.3
_IMAGE_TOLERANCES = {"mean": 0.03, "std": 0.06}
"""Of what pixels reach: what compression (of colours above all) and another choice of samples may do to them."""


class Trace(NamedTuple):
    """One number a frame, (length,) each."""

    lit: NDArray[np.float32]
    """Share of pixels that are not black."""
    sharp: NDArray[np.float32]
    """Variance of the Laplacian."""
    change: NDArray[np.float32]
    """Largest difference to the frame before."""
    invalid: NDArray[np.float32]
    """Share of depth without a value."""


class Pictures(Check):
    """Decodes every frame of a camera's videos once, a frame in memory at a time."""

    def __init__(self, folder: Folder, camera: str) -> None:
        self._folder = folder
        self._camera = camera
        self._is_depth = is_depth(folder.features[camera])
        self._reader: FrameReader | None = None
        self._reformatter = VideoReformatter()  # one for all frames: setting it up costs more than its work
        self._levels = make_levels(camera, folder.features[camera])
        self._entries: list[Entry] = []
        self._sharpness: list[float] = []  # median of an episode

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        file = self._find_file(entry)
        if file is None:
            return
        trace, damage = self._read(entry, file)
        if damage is not None:
            yield damage
        if len(trace.lit) == 0:
            return
        if self._is_depth:
            yield from _check_depth(trace.invalid, entry, file, self._camera)
            return
        yield from _check_black(trace, entry, file)
        yield from self._check_frozen(trace, columns, entry, file)
        yield from _check_blur(trace, entry, file)
        self._entries.append(entry)
        self._sharpness.append(float(np.median(trace.sharp)))

    def finish(self) -> Iterator[Finding]:
        self.close()
        sharpness = np.array(self._sharpness)
        if len(sharpness) >= 3:
            usual = float(np.median(sharpness))
            for number in np.flatnonzero(sharpness < _BLURRED * usual):
                entry = self._entries[number]
                cause = f"its pictures are {sharpness[number] / usual:.1%} as sharp as those of the median episode"
                yield Finding("MW313", cause, entry.position, 0, self._find_file(entry))
        stats = (load_stats(self._folder) or {}).get(self._camera)
        if stats and self._levels.any():
            values = find_values(self._folder.features[self._camera])
            yield from _check_statistics(self._camera, stats, self._levels, values)

    def close(self) -> None:
        """Close the video that is being read."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _find_file(self, entry: Entry) -> str | None:
        span = entry.spans.get(self._camera)
        return None if span is None else span.place.path(layout.VIDEO, self._camera)

    def _read(self, entry: Entry, file: str) -> tuple[Trace, Finding | None]:
        """An episode's pictures, measured as far as they can be decoded, and what is wrong with the rest."""
        if self._reader is None or self._reader.path != self._folder.root / file:
            self.close()
            self._reader = FrameReader(self._folder.root / file)
        reader, broken = self._reader, self._reader.broken
        trace = self.measure(
            (read_plane(frame), partial(self._read_levels, frame)) for frame in reader.take(entry.length)
        )
        if reader.broken and not broken and reader.opened:
            cause = f"frame {reader.count} of it cannot be decoded: damaged"
            return trace, Finding("MW301", cause, entry.position, len(trace.lit), file)
        return trace, None

    def _read_levels(self, frame: av.VideoFrame) -> NDArray[Any]:
        """What the histogram counts of a frame, (height, width, channels)."""
        if self._is_depth:
            return np.asarray(np.minimum(read_plane(frame), DEPTH_CODES - 1)[..., None])
        return np.asarray(self._reformatter.reformat(frame, format="rgb24").to_ndarray())

    def measure(self, pictures: Iterable[tuple[NDArray[Any], Callable[[], NDArray[Any]]]]) -> Trace:
        """One number a picture, of its luma (16 to 235) or of depth that is 0 where there is none.

        Args:
            pictures: (height, width) each, and what gives the codes that the histogram counts.
        """
        rows, before = [], None
        for number, (plane, read_levels) in enumerate(pictures):
            if number % FRAME_STRIDE == 0:
                self._levels += count_levels(read_levels()[None], self._levels.shape[1])
            if self._is_depth:
                rows.append((0.0, 0.0, 0.0, float((plane == 0).mean())))
                continue
            luma = plane.astype(np.float32)
            change = np.inf if before is None else float(np.abs(luma - before).max())
            rows.append((float(np.count_nonzero(plane > _BLACK)) / plane.size, _measure_sharpness(luma), change, 0.0))
            before = luma
        return Trace(*np.array(rows, np.float32).reshape(-1, 4).T)

    def _check_frozen(self, trace: Trace, columns: Columns, entry: Entry, file: str) -> Iterator[Finding]:
        state = columns.get(STATE)
        if state is None or len(state) != len(trace.change):
            return
        still = trace.change < _SAME
        least = max(4, round(_FROZEN_S * self._folder.fps))
        whole = np.ptp(state, axis=0)
        for begin, end in _find_runs(still):
            moved = np.ptp(state[begin - 1 : end], axis=0)
            if end - begin >= least and (moved > _MOVED * whole)[whole > 0].any():
                cause = f"{end - begin} frames are the same as the one before, while {STATE} moves"
                yield Finding("MW312", cause, entry.position, begin, file)
                return


class DepthColumns(Check):
    """Depth that lies in parquet files rather than in a video."""

    def __init__(self, folder: Folder) -> None:
        self._names = [name for name, row in folder.features.items() if "depth" in name and row["dtype"] != "video"]

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        for name in self._names:
            if name in columns and columns[name].shape[1] > 1:
                values = columns[name]
                valid = np.isfinite(values) & (values > 0)
                yield from _check_depth(1 - valid.mean(1), entry, entry.data.path(layout.DATA), name)


def read_plane(frame: av.VideoFrame) -> NDArray[Any]:
    """Luma or depth: (height, width)."""
    if frame.format.name.startswith(("rgb", "bgr", "gbr")):
        return np.asarray(frame.to_ndarray(format="gray"))
    plane = frame.planes[0]
    content = memoryview(plane)
    dtype = np.dtype("<u2" if frame.format.components[0].bits > 8 else np.uint8)
    rows: NDArray[Any] = np.frombuffer(content, dtype).reshape(plane.height, -1)
    return rows[:, : plane.width]


def _measure_sharpness(luma: NDArray[np.float32]) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000)."""
    inner = luma[1:-1, 1:-1]
    laplacian = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * inner
    return float(laplacian.var())


def _find_runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], marked.astype(np.int8), [0]))))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _check_black(trace: Trace, entry: Entry, file: str) -> Iterator[Finding]:
    black = trace.lit <= _LIT
    if black.any():
        yield Finding("MW311", f"{black.sum()} frames are black", entry.position, int(black.argmax()), file)


def _check_blur(trace: Trace, entry: Entry, file: str) -> Iterator[Finding]:
    """Against the frames of the same episode; that all of them are blurred shows against the other episodes."""
    lit = trace.lit > _LIT
    usual = float(np.median(trace.sharp[lit])) if lit.any() else 0.0
    blurred = lit & (trace.sharp < _BLURRED * usual)
    if blurred.any():
        at = int(blurred.argmax())
        cause = f"{blurred.sum()} frames; the first is {trace.sharp[at] / usual:.1%} as sharp as the episode's median"
        yield Finding("MW313", cause, entry.position, at, file)


def _check_depth(invalid: NDArray[Any], entry: Entry, file: str, name: str) -> Iterator[Finding]:
    bad = invalid > _INVALID
    if bad.any():
        at = int(bad.argmax())
        cause = f"{name} has no value in {invalid[at]:.0%} of its pixels ({bad.sum()} frames are above {_INVALID:.0%})"
        yield Finding("MW314", cause, entry.position, at, file)


def _check_statistics(
    camera: str, stats: Any, levels: NDArray[np.int64], values: NDArray[np.float64]
) -> Iterator[Finding]:
    found, reach = compute_image_statistics(levels, 1, values), 1.0
    if values is not GREY:
        reach = float(np.ptp(values[levels.any(0)]))
    for key, tolerance in _IMAGE_TOLERANCES.items():
        said, meant = np.ravel(stats.get(key, ())), np.ravel(getattr(found, key))
        if said.shape != meant.shape:
            yield Finding("MW403", f"{camera}: {key} has {len(said)} values, one a colour is meant", file=layout.STATS)
        elif not (np.abs(said - meant) <= tolerance * reach).all():
            unit = "0 to 1" if values is GREY else "depth"
            told = f"{np.round(said, 3).tolist()}, of the frames {np.round(meant, 3).tolist()} ({unit})"
            yield Finding("MW404", f"{camera}: {key} is {told}", file=layout.STATS)
            return


def make_checks(folder: Folder) -> list[Check]:
    """One a camera, and one for depth in columns."""
    return [*(Pictures(folder, camera) for camera in folder.cameras), DepthColumns(folder)]
