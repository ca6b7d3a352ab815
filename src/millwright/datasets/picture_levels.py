"""Histograms of pictures in parquet files, and what the codes of any camera's histogram stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.datasets.cameras import make_picture_feature, read_picture
from millwright.datasets.depth import DEPTH_CODES, find_range, is_depth, make_depth_levels
from millwright.datasets.statistics import FRAME_STRIDE, GREY, count_levels

_MILLIMETRES = 2**16
"""Depth in parquet files is counted by the millimetre, up to 65.5 m."""
_MM_PER_M = 1e3


def find_values(row: Mapping[str, Any]) -> NDArray[np.float64]:
    """(codes,) what each code of a camera stands for: 0 to 1, or depth in the unit that info.json says of it."""
    if not is_depth(row):
        return GREY
    reach = find_range(row)
    metres = np.arange(_MILLIMETRES) / _MM_PER_M if reach is None else make_depth_levels(reach).astype(np.float64)
    return metres * (_MM_PER_M if row["info"].get("depth_unit") == "mm" else 1.0)


def make_levels(name: str, row: Mapping[str, Any]) -> NDArray[np.int64]:
    """An empty histogram of a camera, (channels, codes)."""
    if is_depth(row):
        return np.zeros((1, DEPTH_CODES if row["dtype"] == "video" else _MILLIMETRES), np.int64)
    channels = make_picture_feature(name, row).shape[-1] if row["dtype"] == "image" else 3
    return np.zeros((channels, len(GREY)), np.int64)


def count_pictures(name: str, row: Mapping[str, Any], column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Histogram of an episode's pictures in a parquet file; those that are missing or damaged are not counted."""
    levels = make_levels(name, row)
    for number in range(0, len(column), FRAME_STRIDE):
        picture = _read(column[number].as_py(), row)
        if picture is not None:
            levels += count_levels(picture[None, ..., : len(levels)], levels.shape[1])
    return levels


def _read(stored: Any, row: Mapping[str, Any]) -> NDArray[Any] | None:
    """Codes of one picture, (height, width, channels)."""
    feature = make_picture_feature("picture", row)
    try:
        pixels = read_picture(stored, feature.shape, feature.dtype)
    except DatasetError:
        return None
    return to_codes(pixels, row)


def to_codes(pixels: NDArray[Any], row: Mapping[str, Any]) -> NDArray[Any]:
    """What the histogram of a camera in parquet files counts: levels of colours, millimetres of depth."""
    if not is_depth(row):
        return pixels
    millimetres = np.nan_to_num(np.rint(pixels * _MM_PER_M), nan=0.0, posinf=0.0, neginf=0.0)
    codes: NDArray[np.int64] = millimetres.clip(0, _MILLIMETRES - 1).astype(np.int64)
    return codes
