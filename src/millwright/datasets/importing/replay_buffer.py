"""Replay buffers of Diffusion Policy: a zarr with `data/*`, all episodes end to end, and `meta/episode_ends`."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from millwright.core.errors import DatasetError, import_extra
from millwright.datasets.importing.arrays import DAMAGED, Known, is_picture
from millwright.datasets.importing.reader import ArrayReader, Part
from millwright.datasets.importing.source import Demonstration, Source, Wishes

_EXECUTES = ("pickle", "cloudpickle")
"""Codecs of numcodecs that run what they read."""
_METADATA = (".zarray", ".zgroup", ".zattrs", "zarr.json", ".zmetadata")
_METADATA_BYTES = 8_000_000
_GRID = 0.2
"""Share of a period that the steps of recorded times may differ from it."""
PUSHT = (
    Known("state", "px, px, px, px, rad", "image", ("agent_x", "agent_y", "block_x", "block_y", "block_angle")),
    Known("action", "px", "image", ("x", "y")),
    Known("keypoint", "px", "image"),
)
"""What Diffusion Policy's own demonstrations of Push-T hold."""


class Buffer:
    """An open replay buffer.

    Raises:
        DatasetError: it cannot be opened, is none, is incomplete, or holds what must not be read.
        MissingExtraError: zarr or imagecodecs is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _refuse_code(path)
        zarr = import_extra("zarr", "importers")
        import_extra("imagecodecs.numcodecs", "importers").register_codecs(verbose=False)
        self._store: Any = None
        try:
            if path.is_file():
                self._store = zarr.storage.ZipStore(path, mode="r")
            group: Any = zarr.open_group(self._store or str(path), mode="r")
            self.arrays: dict[str, Any] = dict(group["data"].arrays())
            self.groups = sorted(name for name, _ in group["data"].groups())
            self.ends = np.asarray(group["meta/episode_ends"][:])
            self.attributes = dict(group.attrs)
        except DAMAGED as error:
            self.close()
            told = f"{path} cannot be opened as a replay buffer: data/* and meta/episode_ends are meant"
            raise DatasetError(f"{told} ({type(error).__name__}: {error})") from error
        try:
            self._check()
        except DatasetError:
            self.close()
            raise
        self.notes = list(self._find_gaps())

    def blocks(self) -> dict[str, int]:
        """Frames that lie together, by array."""
        return {name: int(array.chunks[0]) for name, array in self.arrays.items()}

    def part(self, number: int) -> Part:
        """Where an episode is."""
        first = int(self.ends[number - 1]) if number else 0
        return Part(f"episode {number}", first, int(self.ends[number]))

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def _check(self) -> None:
        if not self.arrays or not len(self.ends):
            raise DatasetError(f"{self.path} is empty: {len(self.arrays)} arrays, {len(self.ends)} episodes")
        if self.ends.ndim != 1 or self.ends[0] < 1 or (np.diff(self.ends) < 1).any():
            raise DatasetError(f"{self.path}: meta/episode_ends does not rise: {self.ends[:9].tolist()} ...")
        for name, array in self.arrays.items():
            if not array.shape or array.shape[0] != self.ends[-1]:
                told = f"data/{name} has {array.shape[0] if array.shape else 0} frames"
                raise DatasetError(f"{self.path}: {told}, meta/episode_ends says {self.ends[-1]}; it is cut off")

    def _find_gaps(self) -> Iterator[str]:
        """Zarr reads a block that is missing as zeros: right for numbers that are zero, wrong for pictures."""
        if self.groups:
            yield f"left out: data/{', data/'.join(self.groups)}, which are folders of arrays"
        for name, array in self.arrays.items():
            missing = array.nchunks - array.nchunks_initialized
            if missing and is_picture(name, array):
                self.close()
                raise DatasetError(
                    f"{self.path}: {missing} of {array.nchunks} blocks of the pictures data/{name} are missing; "
                    "copy it again, it is cut off"
                )
            if missing:
                yield f"{name}: {missing} of {array.nchunks} blocks are not in the file and count as zeros"


class ReplayBuffer(Source):
    """Whatever `data` holds; `action` and `state` by their names, the rest as `observation.*`."""

    kind = "diffusion-policy"

    def __init__(self, path: Path, wishes: Wishes) -> None:
        self._buffer = Buffer(path)
        arrays = self._buffer.arrays
        self.labels = [f"episode {number}" for number in range(len(self._buffer.ends))]
        self._names = {key: _name(key) for key in arrays}
        blocks = self._buffer.blocks()
        self._reader = ArrayReader(
            self._arrays(), _find_known(arrays), wishes, block={self._names[key]: size for key, size in blocks.items()}
        )
        self.features = self._reader.features
        self.fps = self._find_fps(wishes)
        self.notes = [*self._reader.notes, *self._buffer.notes]

    def load(self, number: int) -> Demonstration:
        return self._reader.load(self._buffer.part(number), self._arrays())

    def close(self) -> None:
        self._buffer.close()

    def _arrays(self) -> dict[str, Any]:
        return {self._names[key]: array for key, array in self._buffer.arrays.items()}

    def _find_fps(self, wishes: Wishes) -> float | None:
        """From recorded times, where there are some and nobody says otherwise."""
        times = self._buffer.arrays.get("timestamp")
        if times is None or times.ndim != 1 or wishes.fps:
            return None
        part = self._buffer.part(0)
        steps = np.diff(np.asarray(times[part.first : part.stop], np.float64))
        period = float(np.median(steps)) if len(steps) else 0.0
        return 1 / period if period > 0 and (np.abs(steps - period) < _GRID * period).all() else None


def _name(key: str) -> str:
    return {"action": "action", "timestamp": "source.timestamp"}.get(key, f"observation.{key}")


def _find_known(arrays: Mapping[str, Any]) -> tuple[Known, ...]:
    shapes = {name: tuple(array.shape[1:]) for name, array in arrays.items()}
    is_pusht = shapes.get("action") == (2,) and shapes.get("state") == (5,) and shapes.get("keypoint") == (9, 2)
    return PUSHT if is_pusht else (Known("source.timestamp", "s"),)


def _refuse_code(path: Path) -> None:
    """Codecs that run what they read are refused before zarr sees them.

    Raises:
        DatasetError: an array needs one, or the file cannot be read.
    """
    for name, text in _read_metadata(path):
        try:
            row = json.loads(text)
        except ValueError as error:
            raise DatasetError(f"{path}: {name} is no JSON; copy the file again, it is damaged") from error
        if not name.endswith(".zattrs") and any(f'"{codec}"' in json.dumps(row) for codec in _EXECUTES):
            raise DatasetError(f"{path}: {name} asks for pickle, which can run any program; it is not read")


def _read_metadata(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in (file for name in _METADATA for file in path.rglob(name)):
            _refuse_size(path, str(file.relative_to(path)), file.stat().st_size)
            yield str(file.relative_to(path)), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.rpartition("/")[2] in _METADATA:
                    _refuse_size(path, entry.filename, entry.file_size)
                    yield entry.filename, archive.read(entry)
    except DAMAGED as error:
        raise DatasetError(f"{path} is no whole zip file ({error}); copy it again") from error


def _refuse_size(path: Path, name: str, size: int) -> None:
    """Metadata that would fill the memory: some MB in a zip may unpack to any size.

    Raises:
        DatasetError: they would.
    """
    if size > _METADATA_BYTES:
        told = f"{size / 1e6:.0f} MB, metadata of at most {_METADATA_BYTES / 1e6:.0f} MB are read"
        raise DatasetError(f"{path}: {name} has {told}")
