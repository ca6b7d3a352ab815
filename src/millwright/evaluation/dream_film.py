"""A film of a drive and of what a world model dreams of it: seen, decoded, dreamed ahead; the errors beneath."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from millwright.evaluation.films import BAD, FONT, GOOD, INK, PAPER, write_frames
from millwright.policies.dreamer import BEGINS_S, DreamStyle, Dreamt, dream_along, paint
from millwright.policies.driving_pipeline import SPREADS
from millwright.policies.latent_controller import LatentController

PANEL, GAP, TITLE, PLOT = 256, 8, 24, 120
"""Pixels: a picture's side, between two, a line of text, and the height of the errors."""
WIDTH, HEIGHT = 3 * PANEL + 2 * GAP, TITLE + PANEL + TITLE + PLOT
FAINT = (120, 128, 138)
TITLES = ("seen", "its code, decoded", "dreamed")


class Filmed(Protocol):
    """A drive of n steps, as a network reads it."""

    @property
    def pictures(self) -> NDArray[np.uint8]:
        """Of n + 1 instants (n + 1, channels, size, size)."""

    @property
    def scalars(self) -> NDArray[np.float32]:
        """Of the same (n + 1, scalars), the first of them the speed."""

    @property
    def actions(self) -> NDArray[np.float32]:
        """Done in each step (n, 3): steering, throttle, brake."""

    @property
    def tiles(self) -> NDArray[np.float32]:
        """Reached in each step (n,)."""


def film_dream(
    network: LatentController,
    drive: Filmed,
    file: Path,
    style: DreamStyle | None = None,
    rate_hz: float = 12.5,
    seed: int = 0,
) -> list[Dreamt]:
    """Write a drive as h264 mp4, at the speed it was driven, beside what `network` dreams of it.

    The dream does what was done. After `style.ahead` steps (15) it is set right by what is seen,
    and in each of the first, until the camera has come down (`BEGINS_S`).

    Returns:
        What was dreamed, n + 1 instants.

    Raises:
        FeatureError: pictures, scalars and actions do not fit.
        ValueError: the drive has no step.
    """
    if not len(drive.actions):
        raise ValueError("a drive without a step is no film")
    begins = round(BEGINS_S * rate_hz)
    told = dream_along(network, drive.pictures, drive.scalars, drive.actions, style or DreamStyle(), begins, seed)
    real_tiles = np.concatenate(([0.0], np.cumsum(drive.tiles)))
    most = max(1e-9, *(max(each.error, each.repeated) for each in told))
    frames = (
        _draw_frame(told[: row + 1], len(told), float(real_tiles[row]), row / rate_hz, most) for row in range(len(told))
    )
    write_frames(frames, (WIDTH, HEIGHT), rate_hz, file)
    return told


def summarise(told: Sequence[Dreamt], drive: Filmed) -> str:
    """Mean errors and tiles of what was dreamed of a drive, in a line."""
    error, repeated = (
        float(np.mean(values)) for values in zip(*((e.error, e.repeated) for e in told[1:]), strict=True)
    )
    tiles = f"{told[-1].tiles:.0f} tiles dreamed, {drive.tiles.sum():.0f} real"
    return f"{len(told) - 1} steps: error of the code {error:.3f}, of repeating what was seen {repeated:.3f}; {tiles}"


def _draw_frame(told: Sequence[Dreamt], total: int, tiles: float, time_s: float, most: float) -> Image.Image:
    """The newest of these instants, and the errors so far."""
    now, canvas = told[-1], Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(canvas)
    age = "begins" if now.age == 0 else f"{now.age} step{'s' * (now.age > 1)} by itself"
    for place, (title, picture) in enumerate(zip(TITLES, (now.seen, now.rebuilt, now.dreamed), strict=True)):
        left = place * (PANEL + GAP)
        text = f"{title}, {age}" if place == 2 else title
        draw.text((left + 6, 4), text, fill=INK, font=FONT)
        shown = Image.fromarray(paint(picture)).resize((PANEL, PANEL), Image.Resampling.NEAREST)
        canvas.paste(shown, (left, TITLE))
    speeds = SPREADS[0] * now.scalars[:2, 0]
    speed = f"{speeds[0]:3.0f} m/s, dreamed {speeds[1]:3.0f}"
    below = f"{time_s:4.1f} s   {speed}   {tiles:3.0f} tiles, dreamed {now.tiles:3.0f}"
    draw.text((6, TITLE + PANEL + 4), below, fill=INK, font=FONT)
    _draw_errors(draw, told, total, most)
    return canvas


def _draw_errors(draw: ImageDraw.ImageDraw, told: Sequence[Dreamt], total: int, most: float) -> None:
    top, bottom = TITLE + PANEL + TITLE + 22, HEIGHT - 6
    draw.text((6, top - 20), "error of the code:", fill=INK, font=FONT)
    draw.text((140, top - 20), "the dream", fill=GOOD, font=FONT)
    draw.text((230, top - 20), "repeating what was seen when it was set right", fill=BAD, font=FONT)
    draw.line((0, bottom, WIDTH, bottom), fill=FAINT)
    for values, colour in (([each.repeated for each in told], BAD), ([each.error for each in told], GOOD)):
        points = [
            (row * (WIDTH - 1) / max(1, total - 1), bottom - (bottom - top) * value / most)
            for row, value in enumerate(values)
        ]
        if len(points) > 1:
            draw.line(points, fill=colour, width=2)
