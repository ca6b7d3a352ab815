"""Arrays of other tools' files as columns and pictures; whatever can be sliced like numpy will do."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.core.features import Feature
from millwright.datasets.importing.source import UNKNOWN

STATE = "observation.state"
_BLOCK = 32
"""Frames read at once where a file does not say how many lie together."""
_TO_FLOAT32 = ("observation.", "action", "next.reward")
"""What policies read: float32, as LeRobot's own."""
_KINDS = "biuf"
DAMAGED = (OSError, RuntimeError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What libraries raise where a file is cut off or altered."""


class Array(Protocol):
    """An array on disk: of h5py, zarr or numpy."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, key: Any) -> Any: ...


@dataclass(frozen=True)
class Known:
    """What is known of arrays whose name matches."""

    pattern: str
    unit: str = UNKNOWN
    frame: str = ""
    names: tuple[str, ...] = ()


def find_known(name: str, table: Sequence[Known]) -> Known:
    """The first row that matches a name; one that knows nothing where none does."""
    return next((row for row in table if re.fullmatch(row.pattern, name)), Known(name))


def is_picture(name: str, array: Array) -> bool:
    """Frames of three colours: uint8, or floats that stand for them where the name says that they are pictures."""
    shape, dtype = tuple(array.shape), array.dtype
    shown = dtype == np.uint8 or (dtype.kind == "f" and re.search(r"im(age|g)|rgb|colou?r", name) is not None)
    return len(shape) == 4 and shape[-1] == 3 and shown


def name_cameras(arrays: Sequence[str]) -> dict[str, str]:
    """Array -> camera: `observation.agentview_image` -> `observation.images.agentview`.

    Where two would get one name, both keep what they are called in the file.
    """
    whole = {array: array.removeprefix("observation.") for array in arrays}
    short = {array: re.sub(r"[._]?(image|images|img|rgb)$", "", name) or "image" for array, name in whole.items()}
    names = {array: name if list(short.values()).count(name) == 1 else whole[array] for array, name in short.items()}
    if len(set(names.values())) < len(names):  # one is called in the file as another became
        names = whole
    return {array: f"observation.images.{name}" for array, name in names.items()}


def describe_picture(name: str, shape: tuple[int, ...]) -> tuple[Feature, list[str]]:
    """A camera's feature, even in height and width, and what was done to make it so."""
    height, width = (size + size % 2 for size in shape[1:3])
    notes = []
    if (height, width) != tuple(shape[1:3]):
        told = f"{shape[1]} x {shape[2]} became {height} x {width}"
        notes = [f"{name}: {told} by repeating the last row or column; video wants even sizes"]
    return Feature(name, (height, width, 3), "uint8"), notes


def describe_column(name: str, shape: tuple[int, ...], dtype: Any, known: Known) -> Feature:
    """The feature of an array (num_frames, *shape) that is a column.

    Raises:
        DatasetError: it cannot be one.
    """
    if dtype.kind not in _KINDS or dtype.itemsize > 8:
        raise DatasetError(f"{name}: {dtype} is no number; leave it out with --leave-out {name}")
    own = shape[1:] or (1,)
    if len(own) == 3 and own[-1] == 1:  # depth, masks
        own = own[:-1]
    if len(own) == 3 and dtype == np.uint8:
        raise DatasetError(
            f"{name}: pictures of {own[-1]} channels; three channels become video and one a column. "
            f"Leave it out with --leave-out {name}"
        )
    size = int(np.prod(own))
    names = known.names if len(known.names) == size else ()
    return Feature(name, own, _choose_dtype(name, dtype), known.unit, known.frame, names)


def _choose_dtype(name: str, dtype: Any) -> str:
    if name == "next.done":
        return "bool"
    narrow = dtype.itemsize < 4 or name.startswith(_TO_FLOAT32)
    return "float32" if dtype.kind == "f" and narrow else str(np.dtype(dtype).newbyteorder("="))


def read_column(values: Any, feature: Feature) -> NDArray[Any]:
    """Values as the feature declares them: (length, *shape)."""
    array = np.asarray(values)
    return np.ascontiguousarray(array.reshape(len(array), *feature.shape), feature.dtype)


def find_scale(name: str, array: Array) -> float:
    """What a picture's values are multiplied with: 1 for 0 to 255, 255 for floats of 0 to 1.

    Raises:
        DatasetError: they are neither.
    """
    if array.dtype == np.uint8:
        return 1.0
    picks = np.unique(np.linspace(0, array.shape[0] - 1, 8).astype(int))
    values = np.stack([np.asarray(array[int(at)]) for at in picks])
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 255):
        raise DatasetError(f"{name}: its values go from {low:g} to {high:g}; colours are 0 to 255, or 0 to 1")
    return 255.0 if high <= 1 else 1.0


def read_slice(what: str, array: Array, first: int, stop: int) -> NDArray[Any]:
    """Frames `first` to `stop` of an array.

    Raises:
        DatasetError: that part of the file is damaged.
    """
    try:
        return np.asarray(array[first:stop])
    except DAMAGED as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatasetError(
            f"{what}: frames {first} to {stop} cannot be read ({reason}); copy the file again, it is damaged"
        ) from error


def read_frames(
    what: str, array: Array, first: int, stop: int, scale: float, block: int = 0
) -> Iterator[NDArray[np.uint8]]:
    """Frames `first` to `stop` of a picture array, uint8 (height, width, 3) and even; a block in memory at a time.

    Args:
        what: the array's name for errors.
        scale: see `find_scale`.
        block: frames that lie together in the file, so that none is decoded twice.

    Raises:
        DatasetError: frames are damaged, or are no colours.
    """
    size = block or _BLOCK
    at = first
    while at < stop:
        end = min(stop, (at // size + 1) * size)
        for offset, pixels in enumerate(read_slice(what, array, at, end)):
            yield _even(_to_colours(what, pixels, scale, at + offset))
        at = end


def read_planes(what: str, array: Array, length: int) -> Iterator[NDArray[Any]]:
    """Frames of a depth array as they are, a block in memory at a time; errors as `read_slice`."""
    for first in range(0, length, _BLOCK):
        yield from read_slice(what, array, first, min(length, first + _BLOCK))


def _to_colours(name: str, pixels: NDArray[Any], scale: float, number: int) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high * scale <= 255):  # NaN too
        raise DatasetError(f"{name}: frame {number} goes from {low:g} to {high:g}, others from 0 to {255 / scale:g}")
    return np.rint(pixels * scale).astype(np.uint8)


def _even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), "edge") if height % 2 or width % 2 else pixels


def join(name: str, features: Sequence[Feature]) -> Feature:
    """One feature of several vectors, whose names say what came from which."""
    names, units = [], []
    for feature in features:
        size = int(np.prod(feature.shape))
        short = feature.name.removeprefix("observation.")
        own = feature.names or (tuple(map(str, range(size))) if size > 1 else ("",))
        names += [f"{short}.{one}" if one else short for one in own]
        units += [feature.unit or UNKNOWN] * size
    frames = {feature.frame for feature in features if feature.frame}
    unit = units[0] if len(set(units)) == 1 else ", ".join(units)
    return Feature(name, (len(names),), "float32", unit, frames.pop() if len(frames) == 1 else "", tuple(names))


def join_columns(columns: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.float32]:
    """(length, size) of several vectors."""
    parts = [columns[name].reshape(len(columns[name]), -1) for name in names]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def restate(feature: Feature, units: Mapping[str, str], frames: Mapping[str, str]) -> Feature:
    """A feature with the unit and the frame that somebody told."""
    name = feature.name
    return replace(feature, unit=units.get(name, feature.unit), frame=frames.get(name, feature.frame))
