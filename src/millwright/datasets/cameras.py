"""Camera: how a feature's pictures lie on disk, colour or depth, in videos or in parquet files, and are read."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from millwright.core.errors import DatasetError
from millwright.core.features import Feature
from millwright.datasets.depth import find_range, is_depth, make_depth_levels
from millwright.datasets.tables import UNREADABLE, read_rows
from millwright.datasets.video import decode

Read = Callable[[Path, int, NDArray[Any]], None]
"""(file, number of the first frame in it, array to fill); EOFError where it ends before."""

_M_PER_MM = 1e-3
_DAMAGED = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises of a picture whose bytes are not all there, or others."""


@dataclass(frozen=True)
class Camera:
    """One camera of a dataset."""

    feature: Feature
    """uint8 (height, width, 3), or float32 (height, width, 1) in metres."""
    in_video: bool
    """In video files, else in a column of the data files."""
    read: Read

    @property
    def name(self) -> str:
        return self.feature.name


def make_cameras(info: Mapping[str, Any]) -> dict[str, Camera]:
    """The cameras that info.json declares, by name."""
    rows = {name: row for name, row in info["features"].items() if row["dtype"] in ("video", "image")}
    return {name: _make_camera(name, row, info["fps"]) for name, row in rows.items()}


def make_picture_feature(name: str, row: Mapping[str, Any]) -> Feature:
    """A camera's row of info.json as a feature: height first, whatever the order there."""
    info, shape = row.get("info") or {}, tuple(row["shape"])
    names = [str(axis)[:1] for axis in row.get("names") or ()]
    if sorted(names) == ["c", "h", "w"]:
        shape = tuple(shape[names.index(axis)] for axis in "hwc")
    texts = tuple(info["names"]) if isinstance(info.get("names"), list) else ()
    if is_depth(row):
        return Feature(name, shape, "float32", unit="m", frame=info.get("frame", ""))
    return Feature(name, shape, "uint8", info.get("unit", ""), info.get("frame", ""), texts)


def _make_camera(name: str, row: Mapping[str, Any], fps: float) -> Camera:
    in_video = row["dtype"] == "video"
    reach = find_range(row)
    levels = None if reach is None else make_depth_levels(reach)
    read: Read = partial(_read_video, fps, levels) if in_video else partial(_read_pictures, name)
    return Camera(make_picture_feature(name, row), in_video, read)


def _read_video(fps: float, levels: NDArray[np.float32] | None, path: Path, first: int, out: NDArray[Any]) -> None:
    decode(path, first, fps, out, levels)


def _read_pictures(column: str, path: Path, first: int, out: NDArray[Any]) -> None:
    """Pictures that lie as files in a parquet file's column, PNG for colours and TIFF for depth."""
    try:
        with pq.ParquetFile(path) as file:
            rows = read_rows(file, first, len(out), [column])[column].to_pylist()
    except UNREADABLE as error:
        raise EOFError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if len(rows) < len(out):
        raise EOFError(f"{path} ends after row {first + len(rows)}; {first + len(out)} are needed")
    for number, row in enumerate(rows):
        try:
            out[number] = read_picture(row, out.shape[1:], out.dtype)
        except DatasetError as error:
            raise EOFError(f"{path}: {error} in row {first + number} of {column}") from error


def read_picture(stored: Any, shape: tuple[int, ...], dtype: np.dtype[Any] | str) -> NDArray[Any]:
    """What a parquet file's column holds of a picture as an array of that shape (height, width, channels) and type.

    Raises:
        DatasetError: there is none, it is damaged, or it has another size.
    """
    content = stored.get("bytes") if isinstance(stored, Mapping) else None
    if not content:
        raise DatasetError("no picture")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            height, width = shape[:2]
            if picture.size != (width, height):
                raise DatasetError(f"a picture of {picture.height} x {picture.width}, not {height} x {width},")
            return _convert(picture, np.dtype(dtype))
    except _DAMAGED as error:
        raise DatasetError("a damaged picture") from error


def check_picture(stored: Any, shape: tuple[int, ...], dtype: np.dtype[Any] | str) -> NDArray[Any]:
    """The same, but refuse what reads as other pixels than were written, too: of PNG, checksums that do not fit.

    Raises:
        DatasetError: as `read_picture`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of damaged TIFF
        pixels = read_picture(stored, shape, dtype)
        try:
            with Image.open(io.BytesIO(stored["bytes"])) as picture:
                picture.verify()
        except _DAMAGED as error:
            raise DatasetError("a damaged picture") from error
    return pixels


def _convert(picture: Image.Image, dtype: np.dtype[Any]) -> NDArray[Any]:
    """(height, width, channels); depth in metres, which whole numbers are millimetres of."""
    if dtype == np.uint8:
        return np.asarray(picture.convert("RGB"))
    values = np.asarray(picture)
    metres = values.astype(np.float32) * np.float32(_M_PER_MM) if values.dtype.kind in "ui" else values
    return metres.reshape(*metres.shape[:2], 1)
