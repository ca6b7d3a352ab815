"""Table tops: plain ones, wood, checks and stone."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from millwright.geometry.poses import Floats

Texture = NDArray[np.uint8]

SATURATION, VALUE, CONTRAST = (0.0, 0.5), (0.25, 0.9), (0.1, 0.35)
"""Of a table's first colour; how much lighter or darker its second one is. Bricks are of stronger colours."""
CHECKS, PLANKS = (12, 45), (6, 16)
"""How many fit across the table."""


def draw_tabletop(rng: np.random.Generator, size: int) -> Texture:
    """A picture (size, size, 3) for the whole top."""
    one, other = _draw_colors(rng)
    pattern = PATTERNS[int(rng.integers(len(PATTERNS)))](rng, size)[..., None]
    return np.asarray(np.rint(255 * np.clip(one + (other - one) * pattern, 0, 1)), dtype=np.uint8)


def _draw_colors(rng: np.random.Generator) -> tuple[Floats, Floats]:
    hue, saturation, value = rng.uniform((0.0, SATURATION[0], VALUE[0]), (1.0, SATURATION[1], VALUE[1]))
    away = rng.uniform(*CONTRAST) * (1 if value < sum(VALUE) / 2 else -1)
    other = colorsys.hsv_to_rgb(hue + rng.uniform(-0.05, 0.05), saturation * rng.uniform(0.5, 1.0), value + away)
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value)), np.array(other)


def _draw_plain(rng: np.random.Generator, size: int) -> Floats:
    return np.zeros((size, size))


def _draw_checks(rng: np.random.Generator, size: int) -> Floats:
    """Squares at any angle."""
    angle, across = rng.uniform(0, math.pi / 2), rng.uniform(*CHECKS)
    y, x = np.mgrid[:size, :size] * (across / size)
    u, v = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    return np.asarray((np.floor(u) + np.floor(v)) % 2, dtype=np.float64)


def _draw_wood(rng: np.random.Generator, size: int) -> Floats:
    """Planks, each of a shade of its own, with grain along them."""
    planks = int(rng.integers(*PLANKS))
    shades = rng.uniform(0, 0.5, planks)
    grain = 0.5 * _draw_noise(rng, (size, 1 + size // 64), size)
    rows = np.arange(size) * planks / size
    seams = (rows % 1 < 0.04).astype(np.float64)
    pattern = np.clip(shades[rows.astype(int)][:, None] + grain + seams[:, None], 0, 1)
    return np.asarray(pattern if rng.random() < 0.5 else pattern.T)


def _draw_stone(rng: np.random.Generator, size: int) -> Floats:
    """Blots, smaller ones on larger ones."""
    octaves = [_draw_noise(rng, (cells, cells), size) for cells in (8, 24, 72)]
    return np.asarray(np.mean(octaves, axis=0))


def _draw_noise(rng: np.random.Generator, cells: tuple[int, int], size: int) -> Floats:
    """Random numbers 0 to 1 on a coarse grid, with straight lines between them, (size, size)."""
    rows, columns = (_make_hats(count, size) for count in cells)
    return np.asarray(rows @ rng.random(cells) @ columns.T)


def _make_hats(count: int, size: int) -> Floats:
    """Weights (size, count) of straight lines between `count` values."""
    return np.asarray(np.maximum(0, 1 - np.abs(np.linspace(0, count - 1, size)[:, None] - np.arange(count))))


PATTERNS: tuple[Callable[[np.random.Generator, int], Floats], ...] = (
    _draw_plain, _draw_checks, _draw_wood, _draw_stone,
)  # fmt: skip
