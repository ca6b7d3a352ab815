"""Occlusion: hide one patch of a picture after the other and see how the plan changes (Zeiler and Fergus 2014)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from millwright.core.features import Observation
from millwright.core.planner import Planner
from millwright.geometry.poses import Floats

Rectangle = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of a picture; may reach beyond it."""
WHOLE: Rectangle = (0.0, 0.0, 1.0, 1.0)
CELLS, PATCH = 20, 2
"""Cells along either side of the searched area, and cells along a patch: patches overlap by half."""
REPEATS, BATCH = 7, 128


@dataclass(frozen=True, eq=False)
class Influence:
    """How far the plan's end moves when a piece of the picture is hidden."""

    area: Rectangle
    """What was searched: a part of the picture."""
    moved_mm: Floats
    """(rows, columns) over the area; a cell's is the mean over the patches that hide it."""
    noise_mm: float
    """The largest of some repetitions with nothing hidden: 0, unless the planner draws lots."""

    @property
    def center(self) -> tuple[float, float]:
        """Where in the picture the influence lies: its centre of mass, as fractions."""
        rows, columns = self.moved_mm.shape
        weights = self.moved_mm / max(float(self.moved_mm.sum()), 1e-12)
        x = float(weights.sum(axis=0) @ (np.arange(columns) + 0.5)) / columns
        y = float(weights.sum(axis=1) @ (np.arange(rows) + 0.5)) / rows
        x0, y0, x1, y1 = self.area
        return x0 + x * (x1 - x0), y0 + y * (y1 - y0)


def measure_influence(
    planner: Planner,
    observation: Observation,
    camera: str,
    find_end: Callable[[NDArray[np.float32]], Floats],
    area: Rectangle = WHOLE,
    cells: int = CELLS,
) -> Influence:
    """Plan with every patch of the picture hidden in turn, by the picture's median colour.

    Args:
        camera: name of the picture in the observation, uint8 (height, width, 3).
        find_end: the actions of a plan (n, dof) -> points (m, 3) m that tell where it ends.
        area: where to look for influence; only what lies in the picture is searched.
        cells: along either side of the area; as many calls as there are patches of them.
    """
    picture = observation[camera]
    height, width = picture.shape[:2]
    columns, rows = (_cut(area[axis], area[axis + 2], size, cells) for axis, size in ((0, width), (1, height)))
    cover = np.median(picture.reshape(-1, 3), axis=0).astype(np.uint8)
    places = [(row, column) for row in range(len(rows) - PATCH) for column in range(len(columns) - PATCH)]

    def hide() -> Iterator[Observation]:
        for row, column in places:
            hidden = picture.copy()
            hidden[rows[row] : rows[row + PATCH], columns[column] : columns[column + PATCH]] = cover
            yield {**observation, camera: hidden}

    reference, *ends = [find_end(plan) for plan in plan_all(planner, [observation] * (1 + REPEATS) + [*hide()])]
    moved = [1e3 * float(np.linalg.norm(end - reference, axis=1).mean()) for end in ends]
    total, count = np.zeros((2, len(rows) - 1, len(columns) - 1))
    for (row, column), distance in zip(places, moved[REPEATS:], strict=True):
        total[row : row + PATCH, column : column + PATCH] += distance
        count[row : row + PATCH, column : column + PATCH] += 1
    searched = (columns[0] / width, rows[0] / height, columns[-1] / width, rows[-1] / height)
    return Influence(searched, total / count, max(moved[:REPEATS]))


def plan_all(planner: Planner, observations: Sequence[Observation]) -> list[NDArray[np.float32]]:
    """The actions planned for each observation, without memory of the others."""
    plans: list[NDArray[np.float32]] = []
    for first in range(0, len(observations), BATCH):
        part = observations[first : first + BATCH]
        chunks, _ = planner.plan(part, [None] * len(part))
        plans += [chunk.actions for chunk in chunks]
    return plans


def _cut(low: float, high: float, size: int, most: int) -> list[int]:
    """Edges of the cells, pixels: at most so many of them, none narrower than a pixel, all of them in the picture."""
    first, last = max(0, round(low * size)), min(size, round(high * size))
    if last - first < PATCH:  # it lies outside: search the picture's rim on that side
        first = min(max(first, 0), size - PATCH)
        last = first + PATCH
    cells = min(most, last - first)
    return [round(edge) for edge in np.linspace(first, last, cells + 1)]
