"""Made-up frames that both sides know; every picture bears its number, so that none can be taken for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

HEIGHT, WIDTH = 48, 64
_BITS, _BLOCK = 8, 8
WRIST, TABLE = "observation.images.wrist", "observation.images.table"
DEPTH = "observation.images.depth"
NEAR_M, FAR_M = 0.2, 4.0

COLUMNS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "observation.state": ("float32", (6,)),
    "action": ("float32", (6,)),
    "observation.grid": ("float32", (2, 3)),
    "observation.ticks": ("int64", (2,)),
    "observation.visible": ("bool", (1,)),
    "next.reward": ("float32", (1,)),
}
"""Column -> type and shape."""
NOTE = "observation.note"


@dataclass(frozen=True)
class Shape:
    """What a dataset that LeRobot writes is like."""

    lengths: tuple[int, ...]
    fps: int = 15
    cameras: tuple[str, ...] = (WRIST, TABLE)
    videos: bool = True
    encoder: Mapping[str, Any] = field(default_factory=dict)
    streaming: bool = False
    notes: bool = False
    small_files: bool = False
    """So small that files and chunks overflow."""
    channels_first: bool = False
    """In the metadata of the cameras."""
    millimetres: bool = False
    """Depth in whole ones, rather than in metres."""
    tasks: tuple[str, ...] = ("pick up the red brick", "put it down")
    """The second from the middle of an episode on."""


SHAPES: Mapping[str, Shape] = {
    "av1, two cameras, many files": Shape((9, 12, 7, 10, 11, 8), small_files=True),
    "h264 with a long way between key frames": Shape((30, 25, 40), 30, (WRIST,), encoder={"vcodec": "h264", "g": 20}),
    "h264, encoded while recording": Shape(
        (12, 9, 14), 20, encoder={"vcodec": "h264"}, streaming=True, channels_first=True
    ),
    "pictures in parquet files, and text": Shape((8, 11), 10, videos=False, notes=True, tasks=("sort",)),
    "depth in videos": Shape((10, 13, 9), 10, (WRIST, DEPTH)),
    "depth in parquet files": Shape((6, 5), 10, (WRIST, DEPTH), videos=False, millimetres=True),
    "one episode without a camera": Shape((20,), 50, ()),
}


def draw_picture(number: int, camera: str) -> np.ndarray:
    """(48, 64, 3) uint8: a disc that drifts over a shaded table, and the number as blocks that no codec blurs."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    phase = number / 9 + (camera == TABLE)
    shade = 120 + 40 * np.sin(columns / 11 + phase) + 20 * np.cos(rows / 7)
    picture = np.stack([shade, shade[:, ::-1], 255 - shade], 2)
    picture[(rows - 30) ** 2 + (columns - 32 - 20 * np.sin(phase)) ** 2 < 60] = (200, 60, 40)
    bits = [(number >> bit) & 1 for bit in range(_BITS)]
    picture[:_BLOCK] = np.repeat(np.array(bits) * 255, _BLOCK)[:, None]
    return picture.clip(0, 255).astype(np.uint8)


def read_numbers(pictures: np.ndarray) -> np.ndarray:
    """(num_frames,) the numbers that pictures (num_frames, 48, 64, 3) bear."""
    middles = slice(_BLOCK // 2, None, _BLOCK)
    bits = pictures[:, _BLOCK // 2, middles].mean(2) > 127  # (num_frames, 8)
    return (bits * (1 << np.arange(_BITS))).sum(1)


def draw_depth(number: int) -> np.ndarray:
    """(48, 64, 1) float32: a slope in metres, elsewhere in every frame."""
    slope = np.linspace(NEAR_M, FAR_M, HEIGHT * WIDTH, dtype=np.float32)
    return np.roll(slope, 37 * number).reshape(HEIGHT, WIDTH, 1)


def make_columns(number: int) -> dict[str, np.ndarray]:
    """What is measured in one frame."""
    rng = np.random.default_rng(number)
    drawn = {
        "observation.state": np.sin(number / 10 + np.arange(6)),
        "action": np.sin((number + 1) / 10 + np.arange(6)),
        "observation.grid": rng.normal(size=(2, 3)),
        "observation.ticks": rng.integers(-(2**40), 2**40, 2),
        "observation.visible": np.array([number % 3 == 0]),
        "next.reward": rng.normal(size=1),
    }
    return {name: values.astype(COLUMNS[name][0]) for name, values in drawn.items()}


def find_task(shape: Shape, frame: int, length: int) -> str:
    """The task of a frame of an episode."""
    return shape.tasks[-1 if frame >= length / 2 else 0]
