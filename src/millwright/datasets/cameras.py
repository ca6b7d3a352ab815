"""Camera: how a feature's pictures lie on disk, colour or depth, in videos or in parquet files, and are read."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from millwright.core.features import Feature
from millwright.datasets.tables import UNREADABLE, read_rows
from millwright.datasets.video import decode

Read = Callable[[Path, int, NDArray[Any]], None]
"""(file, number of the first frame in it, array to fill); EOFError where it ends before."""

DEPTH_CODES = 4096
"""Of depth in videos: twelve bits."""
_M_PER_MM = 1e-3


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
    if is_depth(row):
        return Feature(name, shape, "float32", unit="m", frame=info.get("frame", ""))
    return Feature(name, shape, "uint8", info.get("unit", ""), info.get("frame", ""), tuple(info.get("names", ())))


def is_depth(row: Mapping[str, Any]) -> bool:
    """A picture of which each pixel is a distance."""
    info = row.get("info") or {}
    return bool(info.get("is_depth_map") or info.get("video.is_depth_map"))


def _make_camera(name: str, row: Mapping[str, Any], fps: int) -> Camera:
    in_video = row["dtype"] == "video"
    levels = make_depth_levels(row.get("info") or {}) if is_depth(row) and in_video else None
    read: Read = partial(_read_video, fps, levels) if in_video else partial(_read_pictures, name)
    return Camera(make_picture_feature(name, row), in_video, read)


def make_depth_levels(info: Mapping[str, Any]) -> NDArray[np.float32]:
    """Metres that each of the 4096 codes of a depth video stands for, as LeRobot's `dequantize_depth` has them.

    Even steps of log(depth + shift), or of depth, from `video.depth_min` to `video.depth_max`.
    """
    low, high = float(info.get("video.depth_min", 0.01)), float(info.get("video.depth_max", 10.0))
    shift, use_log = float(info.get("video.shift", 3.5)), info.get("video.use_log", True)
    first, last = (math.log(low + shift), math.log(high + shift)) if use_log else (low, high)
    steps = np.arange(DEPTH_CODES, dtype=np.float32) * np.float32((last - first) / (DEPTH_CODES - 1)) + np.float32(
        first
    )
    metres = np.exp(steps) - np.float32(shift) if use_log else steps
    levels: NDArray[np.float32] = metres.clip(low, high).astype(np.float32)
    return levels


def _read_video(fps: int, levels: NDArray[np.float32] | None, path: Path, first: int, out: NDArray[Any]) -> None:
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
        if not (row or {}).get("bytes"):
            raise EOFError(f"{path} holds no picture in row {first + number} of {column}")
        with Image.open(io.BytesIO(row["bytes"])) as picture:
            out[number] = convert_picture(picture, out.dtype)


def convert_picture(picture: Image.Image, dtype: np.dtype[Any]) -> NDArray[Any]:
    """(height, width, channels); depth in metres, which whole numbers are millimetres of."""
    if dtype == np.uint8:
        return np.asarray(picture.convert("RGB"))
    values = np.asarray(picture)
    metres = values.astype(np.float32) * np.float32(_M_PER_MM) if values.dtype.kind in "ui" else values
    return metres.reshape(*metres.shape[:2], 1)
