"""The road, found in CarRacing's picture: pixels that are not grass, and the middle of them from the car on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.geometry.poses import Floats

GREENER = 50
"""Grass is at least so much greener than red, of 255; road, kerbs and the car are not."""
STRIDE_M, REACH_M = 2.5, 45.0
"""From one point of the middle to the next, and along the line at most."""
SIDE_M, SAMPLE_M = 10.0, 0.5
"""How far to either side the road is looked for, and how finely."""
LEAST_WIDTH_M = 4.0
"""What is narrower is no road: a car on the grass hides some of it."""
TURN_RAD = 0.6
"""How far the line may bend from one point to the next."""
_WEIGHTS = np.array([1, 2, 3, 2, 1]) / 9
_ASIDE_M = np.arange(-SIDE_M, SIDE_M + SAMPLE_M / 2, SAMPLE_M)


def find_road(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What is not grass, (height, width)."""
    return picture[..., 1].astype(np.int16) - picture[..., 0] < GREENER


def find_zoom(time_s: float) -> float:
    """Pixels a metre of the 1000 x 800 that CarRacing draws: it zooms in for a second."""
    return 6 * (0.1 * max(1 - time_s, 0.0) + 2.7 * min(time_s, 1.0))


class RoadTracer:
    """Walks along the road in a picture without a bar, from the car on.

    Args:
        size: (height, width) of the picture.
    """

    def __init__(self, size: tuple[int, ...]) -> None:
        height, width = size[:2]
        self._scale = np.array([-height / 700, -width / 1000])  # x ahead is up, y left is left; 100 of 800 rows are bar
        self._car = np.array([600 / 700 * height, 0.5 * width]) - 0.5

    def trace(self, road: NDArray[np.bool_], zoom: float) -> Floats:
        """The middle of the road, (n, 2) m in the car's frame, x ahead and y to the left; as far as it is seen.

        Each point is the middle of the stretch of road across the way on which the last one lies.
        """
        points: list[Floats] = []
        place, heading = np.zeros(2), 0.0
        for _ in range(int(REACH_M / STRIDE_M)):
            along = np.array([np.cos(heading), np.sin(heading)])
            across = np.array([-along[1], along[0]])
            aside = self._find_middle(road, place + _ASIDE_M[:, None] * across, zoom)
            if aside is None:
                break
            found = place + aside * across
            if points:
                way = found - points[-1]
                turn = np.arctan2(way[1], way[0]) - heading
                heading += float(np.clip(np.arctan2(np.sin(turn), np.cos(turn)), -TURN_RAD, TURN_RAD))
            points.append(found)
            place = found + STRIDE_M * np.array([np.cos(heading), np.sin(heading)])
        return smooth(np.array(points).reshape(-1, 2))

    def _find_middle(self, road: NDArray[np.bool_], spots: Floats, zoom: float) -> float | None:
        """Metres aside of the middle of the nearest stretch that is wide enough; None without one, or out of sight."""
        rows, columns = np.rint(self._car + zoom * self._scale * spots).astype(int).T
        height, width = road.shape
        seen = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        if not seen[len(seen) // 2]:
            return None
        lies = np.zeros(len(spots), bool)
        lies[seen] = road[rows[seen], columns[seen]]
        edges: NDArray[Any] = np.flatnonzero(np.diff(np.concatenate([[0], lies.astype(np.int8), [0]])))
        first, last = edges[::2], edges[1::2] - 1
        wide = (last - first) * SAMPLE_M >= LEAST_WIDTH_M
        if not wide.any():
            return None
        low, high = _ASIDE_M[first[wide]], _ASIDE_M[last[wide]]
        nearest = int(np.argmin(np.maximum(np.maximum(low, -high), 0.0)))
        return float(low[nearest] + high[nearest]) / 2


def smooth(line: Floats) -> Floats:
    """A line (n, 2) without the steps that pixels leave in it; its ends stay where they are.

    Bends are told from how it turns from point to point, so half a pixel's step would be a bend to brake for.
    """
    beyond = len(_WEIGHTS) // 2
    if len(line) <= beyond:
        return line
    first, last = 2 * line[0] - line[beyond:0:-1], 2 * line[-1] - line[-2 : -beyond - 2 : -1]
    longer = np.vstack([first, line, last])
    return np.stack([np.convolve(column, _WEIGHTS, "valid") for column in longer.T], axis=1)
