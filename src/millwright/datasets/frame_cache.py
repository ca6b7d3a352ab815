"""Decoded frames on disk, memory-mapped, so that training never waits for video."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.core.manifest import compute_digest
from millwright.datasets.cameras import Camera
from millwright.datasets.durable import is_full

_PIECE = 512
_THREADS = 2


@dataclass(frozen=True)
class Clip:
    """A run of frames: where they lie in a file, and where in the dataset."""

    path: Path
    first: int
    start: int
    length: int


def load_clip(clip: Clip, camera: Camera) -> NDArray[Any]:
    """The frames of one clip, decoded now and kept nowhere: (length, height, width, channels).

    Raises:
        DatasetError: the file is too short.
    """
    frames = np.empty((clip.length, *camera.feature.shape), camera.feature.dtype)
    try:
        camera.read(clip.path, clip.first, frames)
    except EOFError as error:
        raise DatasetError(str(error)) from error
    return frames


def load_frames(folder: Path, clips: Sequence[Clip], camera: Camera) -> NDArray[Any]:
    """All frames of a camera, read-only and memory-mapped: (num_frames, height, width, channels).

    Decoded on the first call; kept in `folder` under the digest of the files, and made anew when they change.

    Raises:
        DatasetError: the files are too short, or the disk has no room for the decoded frames.
    """
    path = folder / f"{camera.name}-{_digest(clips)}.npy"
    if not path.exists():
        _write(path, clips, camera)
        for old in set(folder.glob(f"{camera.name}-{'[0-9a-f]' * 16}.npy")) - {path}:
            old.unlink()
    frames: NDArray[Any] = np.load(path, mmap_mode="r")
    return frames


def _digest(clips: Sequence[Clip]) -> str:
    digests = [compute_digest(path) for path in sorted({clip.path for clip in clips})]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def _write(path: Path, clips: Sequence[Clip], camera: Camera) -> None:
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        _reserve(temporary, (sum(clip.length for clip in clips), *camera.feature.shape), camera.feature.dtype)
        frames = np.load(temporary, mmap_mode="r+")
        with ThreadPoolExecutor(_THREADS) as pool:
            jobs = [
                pool.submit(camera.read, piece.path, piece.first, frames[piece.start : piece.start + piece.length])
                for piece in _split(clips)
            ]
            for job in jobs:
                job.result()
        frames.flush()
        temporary.rename(path)
    except EOFError as error:
        raise DatasetError(str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def _reserve(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    """An array file with all its blocks: writing to a map on a full disk would kill the process."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    try:
        with path.open("wb") as file:
            header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            file.flush()
            os.posix_fallocate(file.fileno(), 0, file.tell() + size)
    except OSError as error:
        if not is_full(error):
            raise
        raise DatasetError(f"the disk is full: decoded frames need {size / 1e9:.1f} GB in {path.parent}") from error


def _split(clips: Sequence[Clip]) -> list[Clip]:
    """The same frames in runs that follow each other in a file, short enough to share among threads."""
    pieces: list[Clip] = []
    for clip in clips:
        last = pieces[-1] if pieces else None
        follows = last is not None and last.path == clip.path and last.first + last.length == clip.first
        if last is not None and follows and last.length + clip.length <= _PIECE:
            pieces[-1] = Clip(last.path, last.first, last.start, last.length + clip.length)
        else:
            pieces.append(clip)
    return pieces
