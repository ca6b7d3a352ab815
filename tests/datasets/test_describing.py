"""describe: the numbers are those of the columns, whatever the order and the size of the pieces."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from millwright.core.errors import DatasetError
from millwright.datasets import Dataset, editing, validate
from millwright.datasets.describing import describe
from millwright.datasets.histogram import Histogram
from millwright.datasets.moments import Moments
from millwright.datasets.samples import make_films
from tests.datasets.clean import DEPTH, FRAMES
from tests.datasets.editing import EPISODES, edit_column, edit_table
from tests.datasets.players import CAMERA
from tests.datasets.test_validation import sound

__all__ = ["sound"]  # the fixture

values = arrays(np.float32, st.tuples(st.integers(1, 30), st.just(2)), elements=st.floats(-1e3, 1e3, width=32))


@given(st.lists(values, min_size=1, max_size=5))
def test_moments_of_pieces_are_those_of_the_whole(pieces: list[np.ndarray]) -> None:
    moments, whole = Moments(2), np.concatenate(pieces).astype(np.float64)
    for piece in pieces:
        moments.update(piece)
    assert moments.count == len(whole)
    for name in ("mean", "std", "min", "max"):
        np.testing.assert_allclose(
            getattr(moments, name), getattr(whole, name)(0), atol=1e-9 * (1 + np.abs(whole).max())
        )


@given(st.lists(arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e4, 1e4)), min_size=1, max_size=6))
def test_a_histogram_holds_every_value_in_its_bin(pieces: list[np.ndarray]) -> None:
    histogram, whole = Histogram(), np.concatenate(pieces)
    for piece in pieces:
        histogram.update(piece)
    counts, edges = histogram.trim()
    assert counts.sum() == len(whole)
    slack = 1e-9 * (1 + np.abs(whole).max())
    assert edges[0] - slack <= whole.min() <= edges[1] + slack
    assert edges[-2] - slack <= whole.max() <= edges[-1] + slack
    for at, edge in enumerate(edges[1:]):
        below = counts[: at + 1].sum()
        assert (whole < edge - slack).sum() <= below <= (whole <= edge + slack).sum()


def test_the_description_is_that_of_the_columns(sound: Path) -> None:
    it, dataset = describe(sound), Dataset(sound)
    action = dataset.column("action").astype(np.float64)
    assert (it.episodes, it.frames, it.fps) == (5, 5 * FRAMES, dataset.fps)
    assert it.lengths == [FRAMES] * 5
    assert it.verdicts == {"success": 3, "low": 2}
    assert it.tasks["pick up the red brick"] == 2
    assert it.words["brick"] == 5
    assert it.seeds == (0, 5)
    assert it.splits == {"train": "0:4", "test": "4:5"}
    assert it.depth_valid[DEPTH] == pytest.approx(23 / 24)
    assert it.anomalies == ()
    assert list(it.cameras) == [CAMERA]
    steps = np.concatenate([np.abs(np.diff(action[row.start : row.stop], axis=0)) for row in dataset.episodes])
    for at, joint in enumerate(it.joints):
        assert joint.name == f"j{at}"
        found = (joint.mean, joint.std, joint.min, joint.max, joint.mean_step, joint.max_step)
        column = action[:, at]
        meant = (column.mean(), column.std(), column.min(), column.max(), steps[:, at].mean(), steps[:, at].max())
        np.testing.assert_allclose(found, meant, atol=1e-12)
        assert sum(joint.counts) == len(column)


def test_a_grippers_modes_and_switches_are_counted(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    editing.drop_features(sound, root, [CAMERA])
    edit_column(root, "action", lambda values: values[:, 2].__setitem__(slice(None), np.tile([0] * 18 + [1] * 6, 5)))
    info = root / "meta/info.json"
    info.write_text(info.read_text().replace('"j2"', '"gripper"'))
    (gripper,) = describe(root).grippers
    assert (gripper.name, gripper.low_share, gripper.high_share) == ("gripper", 0.75, 0.25)
    assert gripper.switches == pytest.approx(0.8, abs=0.21)  # the first episode only shows where the middle is


def test_what_is_odd_is_said(sound: Path, tmp_path: Path) -> None:
    editing.drop_features(sound, tmp_path / "data", [CAMERA])
    edit_column(tmp_path / "data", "action", lambda values: values[55].__setitem__(1, -0.99))
    (said,) = describe(tmp_path / "data").anomalies
    assert "action[j1] leaps" in said


def test_a_folder_of_another_tool_is_described_validated_and_edited(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    editing.select(sound, root, lambda entry: True)
    own = ("seed", "success", "failure", "verdict", "metrics", "provenance", "objects", f"levels/{CAMERA}")
    edit_table(root, EPISODES, lambda table: table.drop_columns(list(own)))
    assert "seed" not in pq.read_schema(root / EPISODES).names
    assert validate(root) == []
    it = describe(root)
    assert (it.verdicts, it.seeds, it.episodes) == ({}, None, 5)
    editing.select(root, tmp_path / "some", lambda entry: entry.position > 1)
    assert validate(tmp_path / "some") == []
    with pytest.raises(DatasetError, match="does not say of any episode what its verdict is"):
        editing.make_keep(root, "success", None, None, None)


def test_films_are_episodes_of_every_verdict_that_a_browser_plays(sound: Path) -> None:
    films = make_films(sound, 4)
    assert {film.verdict for film in films} == {"success", "low"}
    for film in films:
        with av.open(io.BytesIO(film.mp4)) as container:
            assert container.streams.video[0].codec_context.name == "h264"
            assert sum(1 for _ in container.decode(video=0)) == FRAMES
