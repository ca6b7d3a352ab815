"""Hiding patches of a picture finds what a planner looks at, and nothing where it does not look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from millwright.core.planner import Chunk, Planner
from millwright.evaluation.occlusion import BATCH, measure_influence, plan_all

CAMERA, SIZE = "observation.images.wrist", 64


class Looker(Planner):
    """Goes to the middle of what is red, (x, y) in m; 0 where nothing is. Counts how it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def plan(self, observations: Any, memories: Any) -> Any:
        self.asked.append(len(observations))
        return [Chunk(self._look(row[CAMERA]), 15.0) for row in observations], list(memories)

    def _look(self, picture: Any) -> Any:
        rows, columns = np.nonzero(picture[..., 0] > 150)
        middle = [columns.mean(), rows.mean()] if len(rows) else [0.0, 0.0]
        return np.array([middle], np.float32) / SIZE


class Dreamer(Looker):
    """Draws lots."""

    def __init__(self) -> None:
        super().__init__()
        self._rng = np.random.default_rng(0)

    def _look(self, picture: Any) -> Any:
        return self._rng.normal(size=(1, 2)).astype(np.float32)


def find_end(actions: Any) -> np.ndarray:
    return np.array([[*actions[-1], 0.0]], float)


@pytest.fixture
def observation() -> dict[str, Any]:
    picture = np.full((SIZE, SIZE, 3), 60, np.uint8)
    picture[40:48, 16:28] = (220, 40, 40)
    return {CAMERA: picture, "task": "go to what is red"}


def test_only_what_the_plan_depends_on_has_influence(observation: dict[str, Any]) -> None:
    found = measure_influence(Looker(), observation, CAMERA, find_end)
    rows, columns = found.moved_mm.shape
    inside = np.zeros((rows, columns), bool)
    inside[
        int(36 / SIZE * rows) : int(52 / SIZE * rows) + 1, int(12 / SIZE * columns) : int(32 / SIZE * columns) + 1
    ] = True
    assert found.moved_mm[~inside].max() == 0
    assert found.moved_mm.max() > 10
    assert found.center == pytest.approx((22 / SIZE, 44 / SIZE), abs=0.03)
    assert found.noise_mm == 0


def test_the_plan_is_made_from_the_picture_that_was_seen_and_leaves_it_as_it_was(observation: dict[str, Any]) -> None:
    before = observation[CAMERA].copy()
    measure_influence(Looker(), observation, CAMERA, find_end)
    assert np.array_equal(observation[CAMERA], before)


def test_a_part_of_the_picture_is_searched_more_finely(observation: dict[str, Any]) -> None:
    area = (0.2, 0.5, 0.5, 0.8)
    found = measure_influence(Looker(), observation, CAMERA, find_end, area)
    assert found.area == pytest.approx(area, abs=1 / SIZE)
    assert found.moved_mm.shape == (19, 19)  # one cell a pixel
    assert found.center == pytest.approx((22 / SIZE, 44 / SIZE), abs=0.03)


@pytest.mark.parametrize("area", [(-0.5, -0.5, 0.2, 0.2), (1.2, 1.2, 1.6, 1.6), (-0.9, 0.4, -0.3, 0.6)])
def test_what_lies_outside_of_the_picture_is_not_searched(area: tuple[float, ...], observation: dict[str, Any]) -> None:
    x0, y0, x1, y1 = measure_influence(Looker(), observation, CAMERA, find_end, area).area
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1


def test_a_planner_that_draws_lots_shows_as_noise(observation: dict[str, Any]) -> None:
    assert measure_influence(Dreamer(), observation, CAMERA, find_end).noise_mm > 100


def test_plans_are_asked_for_in_batches_and_come_in_order(observation: dict[str, Any]) -> None:
    planner = Looker()
    shifted = [{CAMERA: np.roll(observation[CAMERA], shift, axis=1)} for shift in range(20)]
    plans = plan_all(planner, [observation] * 2 * BATCH + shifted)
    assert planner.asked == [BATCH, BATCH, 20]
    assert np.allclose([plan[0, 0] - plans[0][0, 0] for plan in plans[2 * BATCH :]], np.arange(20) / SIZE, atol=1e-6)
