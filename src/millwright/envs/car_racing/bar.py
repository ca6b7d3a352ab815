"""The indicator bar, read from pixels alone: speed, four wheels (ABS), steering and gyro, as a real car shows them.

CarRacing draws the bar 1000 pixels wide and 800 high and scales it to 96 x 96, so how bright a column is tells how high
its indicator stands, to a fraction of a pixel. It draws in whole pixels, so what is read comes in steps: 2.5 m/s of
speed, 5 rad/s of a wheel, 4 mrad of steering and 0.05 rad/s of turning.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

NUM_ROWS = 84
"""Rows of the picture above the bar."""
_BASE = slice(NUM_ROWS, 94)
"""Rows in which an upright indicator stands; below them it shows what is negative."""
_UPRIGHT = ((slice(13, 14), 0), (slice(17, 19), 2), (slice(20, 21), 2), (slice(22, 24), 2), (slice(25, 26), 2))
"""Columns that an indicator fills from edge to edge, and the colour to look at."""
_LYING = slice(87, 91)
_STEERING, _GYRO = (48, 28, 68, 1), (72, 52, 96, 0)
"""Column of the zero, first and last column that may be filled, and the colour."""
_EDGE = 0.18
"""Rows that are lit for the edge alone: CarRacing's polygons are a pixel and a half higher than they mean."""
_M_S, _RAD_S = 50 / 2.4, 100 / 2.4
"""Of speed and of a wheel's, for each row of pixels that is lit."""
_STEERING_RAD, _GYRO_RAD_S = 0.1 / 2.4, 1.25 / 2.4
"""For each column that is lit."""


def read_bar(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Speed m/s, wheels rad/s, steering rad, gyro rad/s, (7,), of CarRacing's picture (96, 96, 3)."""
    upright = [_read_upright(picture, columns, colour) for columns, colour in _UPRIGHT]
    steering, gyro = (_read_lying(picture, *where) for where in (_STEERING, _GYRO))
    speed, *wheels = upright
    values = (speed * _M_S, *(row * _RAD_S for row in wheels), steering * _STEERING_RAD, gyro * _GYRO_RAD_S)
    return np.array(values, np.float32)


def _read_upright(picture: NDArray[np.uint8], columns: slice, colour: int) -> float:
    """How many rows are lit above the base line, less those below."""
    lit = picture[NUM_ROWS:, columns, colour].mean(axis=1) / 255
    above = _BASE.stop - NUM_ROWS
    height = float(lit[:above].sum() - lit[above:].sum())
    return math.copysign(max(abs(height) - _EDGE, 0.0), height)


def _read_lying(picture: NDArray[np.uint8], zero: int, first: int, last: int, colour: int) -> float:
    """How many columns are lit right of the zero, less those left of it."""
    lit = picture[_LYING, first:last, colour].mean(axis=0) / 255
    return float(lit[zero - first :].sum() - lit[: zero - first].sum())
