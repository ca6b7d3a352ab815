"""Depth as LeRobot v3.0 keeps it in videos: twelve-bit codes of even steps of its logarithm, HEVC without loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import DatasetError, FeatureError

Codes = NDArray[np.uint16]

DEPTH_CODES = 4096
"""Of depth in videos: twelve bits. Code 0 says that nothing was measured, or nearer than the range."""
LEAST_DEPTH_PX = 16
"""Of a side: the encoder takes no smaller pictures."""
NEAREST_M, FARTHEST_M = 0.01, 10.0
_SHIFT_M = 3.5

DEPTH_INFO: dict[str, Any] = {
    "video.codec": "hevc",
    "video.pix_fmt": "gray12le",
    "video.g": 2,
    "video.extra_options": {"x265-params": "lossless=1"},
    "video.depth_min": NEAREST_M,
    "video.depth_max": FARTHEST_M,
    "video.shift": _SHIFT_M,
    "video.use_log": True,
    "depth_unit": "m",
    "has_audio": False,
    "is_depth_map": True,
}
"""What info.json says of every depth video that was recorded: LeRobot's defaults."""


def is_depth(row: Mapping[str, Any]) -> bool:
    """A picture of which each pixel is a distance; of a row of info.json."""
    info = row.get("info") or {}
    return bool(info.get("is_depth_map") or info.get("video.is_depth_map"))


class Range(NamedTuple):
    """What the codes of a depth video reach, in metres, and how they are spread."""

    nearest: float = NEAREST_M
    farthest: float = FARTHEST_M
    shift: float = _SHIFT_M
    use_log: bool = True
    """Even steps of log(depth + shift), rather than of depth."""


def find_range(row: Mapping[str, Any]) -> Range | None:
    """That of a row of info.json, LeRobot's defaults where it does not say; None where it is no depth video.

    Raises:
        DatasetError: what it says cannot be.
    """
    if not is_depth(row) or row.get("dtype") != "video":
        return None
    keys = ("video.depth_min", "video.depth_max", "video.shift", "video.use_log")
    said = {key: row["info"].get(key, usual) for key, usual in zip(keys, Range(), strict=True)}
    *metres, use_log = said.values()
    known = all(isinstance(value, int | float) and math.isfinite(value) for value in metres)
    if not known or not 0 <= metres[0] < metres[1] or (use_log and metres[0] + metres[2] <= 0):
        raise DatasetError(f"depth codes stand for {said}: metres are meant, 0 <= depth_min < depth_max, shift above 0")
    low, high, shift = map(float, metres)
    return Range(low, high, shift, bool(use_log))


def make_depth_levels(reach: Range) -> NDArray[np.float32]:
    """Metres that each of the 4096 codes of a depth video stands for, as LeRobot's `dequantize_depth` has them.

    But code 0 is 0, which says of a pixel that it has no depth, where LeRobot gives the least that there is.
    """
    low, high, shift, use_log = reach
    first, last = (math.log(low + shift), math.log(high + shift)) if use_log else (low, high)
    steps = np.arange(DEPTH_CODES, dtype=np.float32) * np.float32((last - first) / (DEPTH_CODES - 1)) + np.float32(
        first
    )
    metres = np.exp(steps) - np.float32(shift) if use_log else steps
    levels: NDArray[np.float32] = metres.clip(low, high).astype(np.float32)
    levels[0] = 0
    return levels


def quantise_depth(name: str, metres: NDArray[np.float32], first: int = 0) -> Codes:
    """Codes of a camera's depth, both (num_frames, height, width, 1), as LeRobot's `quantize_depth` has them.

    Args:
        name: the camera's, for errors.
        first: number of the first frame, for errors.

    Raises:
        FeatureError: a depth is no number, below 0, or beyond what the codes reach.
    """
    wrong = ~((metres >= 0) & (metres <= FARTHEST_M))
    if wrong.any():
        at = int(np.argmax(wrong.reshape(len(wrong), -1).any(1)))
        found = metres[at][wrong[at]][0]
        meant = f"depth is in metres up to {FARTHEST_M:g}, and 0 where there is none"
        raise FeatureError(f"{name}: {found:.6g} in frame {first + at}; {meant}")
    low, high = math.log(NEAREST_M + _SHIFT_M), math.log(FARTHEST_M + _SHIFT_M)
    share = (np.log(metres + np.float32(_SHIFT_M)) - low) / (high - low)
    codes: Codes = np.rint(share * (DEPTH_CODES - 1)).clip(0, DEPTH_CODES - 1).astype(np.uint16)
    return codes
