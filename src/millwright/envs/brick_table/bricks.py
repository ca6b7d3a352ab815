"""What the bricks of a scene are like: their kinds, sizes and colours, and how others are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import ImageColor

from millwright.envs.brick_table.layout import COLORS, HALF_SIZES, NAMES
from millwright.geometry.poses import Floats

BLOCK, LYING, STANDING = 0, 1, 2
"""Kinds of bricks: a block; a round bar along the y axis, its ends round too; a cylinder that stands."""
KIND_SHARES = (0.5, 0.25, 0.25)
GLOW = "#ff00ff"
"""A colour that nothing else has."""

Sizes = tuple[tuple[float, float, float], tuple[float, float, float]]
"""The least and the greatest width, length and height, m."""
RECORDED_M: Sizes = (0.024, 0.034, 0.018), (0.033, 0.064, 0.028)
"""Blocks for recordings."""
HELD_OUT_M: Sizes = (0.020, 0.034, 0.015), (0.034, 0.068, 0.032)
"""Blocks that nobody trains on: of these, but in one direction at least MARGIN_M beyond those for recordings. All fit
between the jaws, and stay clear of each other wherever ordinary bricks would."""
MARGIN_M = 0.001
DIAMETERS_M, BAR_LENGTHS_M, CYLINDER_HEIGHTS_M = (0.022, 0.032), (0.040, 0.068), (0.015, 0.032)
ORDINARY_SHARE = 0.25
"""Of the bricks among blocks of other sizes."""
NUM_TWINS = (1, 3)


@dataclass(frozen=True, eq=False)
class Bricks:
    """All bricks of a scene, in the order of `layout.NAMES`."""

    kinds: NDArray[np.int64]  # (n,) BLOCK, LYING or STANDING
    half_sizes: Floats  # (n, 3) m, along the brick's own axes
    colors: Floats  # (n, 3) red, green, blue, 0 to 1

    def to_numbers(self) -> Floats:
        """All of it as one row (7 n,)."""
        return np.column_stack([self.kinds, self.half_sizes, self.colors]).ravel()

    @staticmethod
    def from_numbers(row: ArrayLike) -> Bricks:
        """The inverse of `to_numbers`."""
        table = np.reshape(np.asarray(row, dtype=np.float64), (len(NAMES), 7))
        return Bricks(table[:, 0].astype(np.int64), table[:, 1:4], table[:, 4:])

    def highlight(self, brick: int) -> Bricks:
        """The same with one in `GLOW`."""
        colors = self.colors.copy()
        colors[brick] = read_color(GLOW)
        return replace(self, colors=colors)


def read_color(text: str) -> Floats:
    """Red, green and blue (3,), 0 to 1, of `#rrggbb`."""
    return np.array(ImageColor.getrgb(text)[:3]) / 255


ORDINARY_BRICKS = Bricks(
    np.zeros(len(NAMES), dtype=np.int64),
    np.tile(HALF_SIZES, (len(NAMES), 1)),
    np.array([read_color(color) for color in COLORS.values()]),
)


def draw_sizes(rng: np.random.Generator, bricks: Bricks) -> Bricks:
    """Bricks become blocks of sizes for recordings; some stay as they are."""
    sizes = rng.uniform(*RECORDED_M, (len(NAMES), 3))
    kept = rng.random(len(NAMES)) < ORDINARY_SHARE
    return replace(bricks, half_sizes=np.where(kept[:, None], bricks.half_sizes, sizes / 2))


def draw_shapes(rng: np.random.Generator, bricks: Bricks) -> Bricks:
    """Every brick becomes a block of a size that is held out, a round bar or a cylinder."""
    kinds = rng.choice(len(KIND_SHARES), len(NAMES), p=KIND_SHARES)
    draw = {BLOCK: _draw_block, LYING: _draw_lying, STANDING: _draw_standing}
    return replace(bricks, kinds=kinds, half_sizes=np.array([draw[int(kind)](rng) for kind in kinds]) / 2)


def _draw_block(rng: np.random.Generator) -> Floats:
    while True:
        size: Floats = rng.uniform(*HELD_OUT_M)
        if (size < np.array(RECORDED_M[0]) - MARGIN_M).any() or (size > np.array(RECORDED_M[1]) + MARGIN_M).any():
            return size


def _draw_lying(rng: np.random.Generator) -> Floats:
    diameter = rng.uniform(*DIAMETERS_M)
    return np.array([diameter, rng.uniform(*BAR_LENGTHS_M), diameter])


def _draw_standing(rng: np.random.Generator) -> Floats:
    diameter = rng.uniform(*DIAMETERS_M)
    return np.array([diameter, diameter, rng.uniform(*CYLINDER_HEIGHTS_M)])


def draw_twins(rng: np.random.Generator, bricks: Bricks, target: int) -> Bricks:
    """One to three other bricks, anywhere, get the target's colour."""
    others = np.delete(np.arange(len(NAMES)), target)
    twins = rng.choice(others, int(rng.integers(NUM_TWINS[0], NUM_TWINS[1] + 1)), replace=False)
    colors = bricks.colors.copy()
    colors[twins] = colors[target]
    return replace(bricks, colors=colors)
