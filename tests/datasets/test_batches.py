"""Batches are what gathering windows gives, with colours from 0 to 1 and channels first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from millwright.core.errors import FeatureError, OptionError
from millwright.datasets import Batches, Dataset, record
from tests.datasets.clean import FEATURES, MakePlay
from tests.datasets.players import CAMERA, FPS

DELTAS = {CAMERA: (-2, 0), "action": range(3), "observation.state": (0,)}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset(record(MakePlay(), range(3), tmp_path_factory.mktemp("batches"), fps=FPS, features=FEATURES))


@pytest.fixture
def order(dataset: Dataset) -> np.ndarray:
    return np.random.default_rng(0).permutation(len(dataset))


def test_every_batch_is_what_gathering_gives(dataset: Dataset, order: np.ndarray) -> None:
    columns = {name: dataset.frames(name) if name == CAMERA else dataset.column(name) for name in DELTAS}
    windows, counts = dataset.windows(DELTAS), []
    for number, batch in enumerate(Batches(dataset, DELTAS, size=10).go_through(order)):
        expected = windows.gather(columns, order[10 * number : 10 * number + 10])
        assert set(batch) == set(expected)
        for name in set(expected) - {CAMERA}:
            np.testing.assert_array_equal(batch[name], expected[name])
        pictures = np.moveaxis(expected[CAMERA], -1, 2) / np.float32(255)
        assert batch[CAMERA].dtype == np.float32
        np.testing.assert_allclose(batch[CAMERA], pictures, atol=1e-6)
        counts.append(len(batch["action"]))
    assert sum(counts) == len(order)
    assert counts[-1] == len(order) % 10


def test_a_batch_outlives_the_next_one_and_other_passes(dataset: Dataset, order: np.ndarray) -> None:
    batches = Batches(dataset, DELTAS, size=5, threads=1)
    before = None
    for batch, other in zip(batches.go_through(order), batches.go_through(order[::-1].copy()), strict=True):
        if before is not None:
            np.testing.assert_array_equal(before[0][CAMERA], before[1])
        before = batch, batch[CAMERA].copy()
        assert len(other["action"]) in (5, len(order) % 5)


def test_a_pass_that_is_left_early_spoils_none_after_it(dataset: Dataset, order: np.ndarray) -> None:
    batches = Batches(dataset, DELTAS, size=4)
    passing = batches.go_through(order)
    first = next(passing)[CAMERA].copy()
    passing.close()
    again = batches.go_through(order)
    np.testing.assert_array_equal(next(again)[CAMERA], first)
    assert 1 + sum(1 for _ in again) == -(-len(order) // 4)


def test_a_batch_outlives_the_first_one_of_the_next_pass(dataset: Dataset, order: np.ndarray) -> None:
    batches = Batches(dataset, DELTAS, size=8, threads=1)
    *_, last = batches.go_through(order)
    kept = last[CAMERA].copy()
    next(batches.go_through(order[::-1].copy()))
    np.testing.assert_array_equal(last[CAMERA], kept)


@pytest.mark.parametrize("order", [[-1], [10**9], [0.5], [True, False], [[0, 1]]])
def test_frames_that_are_not_there_are_refused_before_anything_is_made(dataset: Dataset, order: list[Any]) -> None:
    with pytest.raises(OptionError, match="frames are whole numbers from 0 to"):
        Batches(dataset, DELTAS).go_through(np.array(order))


@pytest.mark.parametrize("offsets", [0, (), (0.5,)])
def test_offsets_that_are_no_frames_are_refused(dataset: Dataset, offsets: Any) -> None:
    with pytest.raises(OptionError, match="offsets of action are whole numbers"):
        Batches(dataset, {"action": offsets})


def test_what_cannot_be_batched_is_refused(dataset: Dataset) -> None:
    with pytest.raises(FeatureError, match="nonsense"):
        Batches(dataset, {"nonsense": (0,)})
    with pytest.raises(OptionError, match="size=0"):
        Batches(dataset, DELTAS, size=0)
    with pytest.raises(OptionError, match="threads=0"):
        Batches(dataset, DELTAS, threads=0)
