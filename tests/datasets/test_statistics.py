"""Statistics are those of all frames together, as numpy computes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from millwright.datasets import Dataset, Statistics, layout, record, validate
from millwright.datasets.statistics import compute_image_statistics, compute_statistics, count_levels
from tests.datasets.editing import edit_info, edit_json
from tests.datasets.players import CAMERA, FPS, MakePlay, make_scenes

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}


def test_statistics_are_numpys_on_the_whole_data_also_after_appending(tmp_path: Path) -> None:
    record(MakePlay(), range(2), tmp_path, fps=FPS)
    dataset = Dataset(record(MakePlay(), range(5), tmp_path, fps=FPS))
    assert set(dataset.stats) == set(dataset.features)
    for name, feature in dataset.features.items():
        stats = dataset.stats[name]
        assert stats.count == len(dataset)
        if feature.is_image:
            continue
        values = dataset.column(name).astype(np.float64)
        for key in ("min", "max", "mean", "std"):
            np.testing.assert_allclose(getattr(stats, key), getattr(values, key)(0), atol=1e-12, err_msg=name)
        for key, fraction in QUANTILES.items():
            np.testing.assert_allclose(getattr(stats, key), np.quantile(values, fraction, axis=0), atol=1e-12)
        assert stats.mean.shape == feature.shape


def test_image_statistics_cover_old_and_new_episodes(tmp_path: Path) -> None:
    once = Dataset(record(MakePlay(), range(5), tmp_path / "once", fps=FPS)).stats[CAMERA]
    record(MakePlay(), range(2), tmp_path / "twice", fps=FPS)
    twice = Dataset(record(MakePlay(), range(5), tmp_path / "twice", fps=FPS)).stats[CAMERA]
    assert once.mean.shape == once.q01.shape == (3, 1, 1)
    assert once.to_json() == twice.to_json()
    frames = Dataset(tmp_path / "once").frames(CAMERA) / 255
    np.testing.assert_allclose(once.mean[:, 0, 0], frames.mean((0, 1, 2)), atol=0.02)
    np.testing.assert_allclose(once.std[:, 0, 0], frames.std((0, 1, 2)), atol=0.03)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_a_histogram_gives_the_statistics_of_the_pixels_it_counted(seed: int, num_frames: int) -> None:
    frames = make_scenes(np.random.default_rng(seed), num_frames, 8, 10)
    stats = compute_image_statistics(count_levels(frames), num_frames)
    pixels = frames[::4, ::2, ::2].reshape(-1, 3) / 255
    expected = compute_statistics(pixels).reshape((3, 1, 1))
    for key in (*QUANTILES, "min", "max", "mean", "std"):
        np.testing.assert_allclose(getattr(stats, key), getattr(expected, key), atol=1e-12, err_msg=key)


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 3)), elements=st.floats(-1e6, 1e6, width=32)))
def test_statistics_survive_json(values: np.ndarray) -> None:
    stats = compute_statistics(values)
    again = Statistics.from_json(stats.to_json())
    assert again.to_json() == stats.to_json()
    assert again.count == len(values)


def test_statistics_of_the_last_axis_alone_as_lerobot_gives_them_are_right(tmp_path: Path) -> None:
    record(MakePlay(), range(3), tmp_path, fps=FPS)
    name = "observation.grid"
    grids = Dataset(tmp_path).column(name)  # (num_frames, 2, 5)
    pooled = compute_statistics(grids.reshape(-1, 5)).to_json() | {"count": [len(grids)]}
    edit_info(tmp_path, lambda info: info["features"][name].update(shape=[2, 5]))
    edit_json(tmp_path, layout.STATS, lambda stats: stats.update({name: pooled}))
    assert not [finding for finding in validate(tmp_path) if name in finding.cause]
    np.testing.assert_allclose(Dataset(tmp_path).stats[name].mean, np.tile(grids.mean((0, 1)), (2, 1)))
    pooled["std"][2] *= 1.1
    edit_json(tmp_path, layout.STATS, lambda stats: stats.update({name: pooled}))
    assert [finding.code for finding in validate(tmp_path) if name in finding.cause] == ["MW404"]
