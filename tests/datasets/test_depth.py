"""Depth is recorded as LeRobot keeps it, and reads in metres; 0 stays 0."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from millwright.core.episode import Episode
from millwright.core.errors import DatasetError, FeatureError
from millwright.core.features import Feature, Features
from millwright.datasets import Dataset, editing, layout, record, validate
from millwright.datasets.depth import FARTHEST_M, NEAREST_M, Range, find_range, make_depth_levels, quantise_depth
from millwright.datasets.describing import describe
from millwright.datasets.exporting import export_hdf5
from millwright.datasets.importing.conversion import import_dataset
from millwright.datasets.importing.source import Wishes
from millwright.datasets.samples import make_films
from tests.datasets import clean
from tests.datasets.editing import edit_info, edit_json
from tests.datasets.players import CAMERA, FPS

DEPTH = "observation.images.wrist_depth"
SHAPE = (32, 48, 1)
FEATURES = Features(*clean.FEATURES.values(), Feature(DEPTH, SHAPE, unit="m", frame="wrist"))
STEP_M = float(np.log((10 + 3.5) / (0.01 + 3.5))) / 4095 * (4 + 3.5)
"""Between two codes at 4 m."""


class MakePlay:
    """A picklable factory of a player who sees depth as well; a corner of it has no value."""

    def __init__(self, spoiled: float | None = None) -> None:
        self._spoiled = spoiled

    def __call__(self) -> object:
        return self._play

    def _play(self, seed: int) -> Episode:
        episode = clean.make_episode(seed)
        steps = [
            replace(step, observation={**step.observation, DEPTH: draw_depth(100 * seed + index)})
            for index, step in enumerate(episode.steps)
        ]
        if self._spoiled is not None:
            steps[5].observation[DEPTH][7, 7] = self._spoiled
        return replace(episode, steps=tuple(steps))


def draw_depth(number: int) -> np.ndarray:
    slope = np.roll(np.linspace(0.2, 4, 32 * 48, dtype=np.float32), 37 * number).reshape(SHAPE)
    slope[:5, :4] = 0
    return slope


def find_meant(seed: int) -> np.ndarray:
    return np.stack([draw_depth(100 * seed + index) for index in range(clean.FRAMES)])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four episodes, recorded at two times."""
    root = tmp_path_factory.mktemp("depth") / "data"
    record(MakePlay(), range(2), root, fps=FPS, features=FEATURES)
    return record(MakePlay(), range(4), root, fps=FPS, features=FEATURES)


def test_depth_is_recorded_into_a_video_and_reads_in_metres(root: Path) -> None:
    dataset = Dataset(root)
    assert dataset.features[DEPTH] == FEATURES[DEPTH]
    assert DEPTH in dataset.cameras
    assert len(list((root / "videos" / DEPTH).glob("*/*.mp4"))) == 2
    for seed in range(4):
        seen, meant = dataset.film(seed, DEPTH), find_meant(seed)
        assert np.abs(seen - meant).max() <= STEP_M
        np.testing.assert_array_equal(seen == 0, meant == 0)
    assert validate(root) == []


def test_what_info_says_of_depth_is_what_lerobot_says(root: Path) -> None:
    row = json.loads((root / layout.INFO).read_text())["features"][DEPTH]
    assert (row["dtype"], row["shape"], row["names"]) == ("video", [32, 48, 1], ["height", "width", "channels"])
    said = {key: row["info"][key] for key in ("video.codec", "video.pix_fmt", "video.channels", "depth_unit")}
    assert said == {"video.codec": "hevc", "video.pix_fmt": "gray12le", "video.channels": 1, "depth_unit": "m"}
    assert find_range(row) == Range(0.01, 10.0, 3.5, True)
    assert row["info"]["is_depth_map"] is True


def test_statistics_of_depth_are_those_of_the_frames_however_often_one_recorded(root: Path) -> None:
    dataset = Dataset(root)
    sample = np.concatenate([dataset.film(number, DEPTH)[::4, ::2, ::2].ravel() for number in range(4)]).astype(float)
    stats = dataset.stats[DEPTH]
    assert (stats.min.item(), stats.max.item()) == (0, sample.max())
    assert stats.mean.item() == pytest.approx(sample.mean())
    assert stats.q90.item() == pytest.approx(np.quantile(sample, 0.9))
    assert stats.count.item() == 4 * clean.FRAMES


def test_recorded_depth_is_cut_without_loss_and_recorded_on(root: Path, tmp_path: Path) -> None:
    editing.select(root, tmp_path / "out", lambda entry: entry.position in (1, 3))
    kept = Dataset(tmp_path / "out")
    for number, seed in enumerate((1, 3)):
        np.testing.assert_array_equal(kept.film(number, DEPTH), Dataset(root).film(seed, DEPTH))
    record(MakePlay(), range(1, 4), tmp_path / "out", fps=FPS, features=FEATURES)
    longer = Dataset(tmp_path / "out")
    assert [row.seed for row in longer.episodes] == [1, 3, 2]
    assert np.abs(longer.film(2, DEPTH) - find_meant(2)).max() <= STEP_M
    assert validate(tmp_path / "out") == []


@pytest.mark.parametrize("spoiled", [np.nan, -0.1, 10.5, np.inf])
def test_depth_that_cannot_be_written_is_refused_and_named(tmp_path: Path, spoiled: float) -> None:
    with pytest.raises(FeatureError, match=rf"{DEPTH}: .* in frame 5; depth is in metres up to 10, and 0 where"):
        record(MakePlay(spoiled), range(1), tmp_path, fps=FPS, features=FEATURES)
    assert not list((tmp_path / "recording").glob("*"))


def test_depth_whose_unit_is_not_declared_stays_an_exact_column(tmp_path: Path) -> None:
    record(MakePlay(), range(1), tmp_path, fps=FPS, features=clean.FEATURES)
    dataset = Dataset(tmp_path)
    assert DEPTH not in dataset.cameras
    np.testing.assert_array_equal(dataset.column(DEPTH), find_meant(0))


def test_too_small_a_depth_picture_is_refused(tmp_path: Path) -> None:
    def shrink(seed: int) -> Episode:
        episode = MakePlay()()(seed)
        steps = [replace(s, observation={**s.observation, DEPTH: s.observation[DEPTH][:14]}) for s in episode.steps]
        return replace(episode, steps=tuple(steps))

    small = Features(*clean.FEATURES.values(), Feature(DEPTH, (14, 48, 1), unit="m"))
    with pytest.raises(FeatureError, match="must be even and at least 16, got"):
        record(lambda: shrink, range(1), tmp_path, fps=FPS, features=small)


def test_depth_of_another_range_is_not_merged(root: Path, tmp_path: Path) -> None:
    record(MakePlay(), range(4, 6), tmp_path / "other", fps=FPS, features=FEATURES)
    edit_info(tmp_path / "other", lambda info: info["features"][DEPTH]["info"].update({"video.depth_max": 5.0}))
    with pytest.raises(DatasetError, match=f"differ: {DEPTH}"):
        editing.merge([root, tmp_path / "other"], tmp_path / "out")


@pytest.mark.parametrize("said", [{"video.depth_min": "near"}, {"video.depth_max": 0.001}, {"video.shift": -1}])
def test_a_range_that_cannot_be_is_found(tmp_path: Path, said: dict[str, object]) -> None:
    record(MakePlay(), range(1), tmp_path, fps=FPS, features=FEATURES)
    edit_info(tmp_path, lambda info: info["features"][DEPTH]["info"].update(said))
    (finding,) = validate(tmp_path)
    assert (finding.code, DEPTH in finding.cause) == ("MW101", True)
    with pytest.raises(DatasetError, match="depth codes stand for"):
        Dataset(tmp_path)


def test_codes_keep_what_they_stand_for() -> None:
    metres = make_depth_levels(Range())
    np.testing.assert_array_equal(quantise_depth("depth", metres.reshape(-1, 1, 1, 1)).ravel(), np.arange(4096))
    assert (metres[0], metres[-1]) == (0, np.float32(FARTHEST_M))
    assert metres[1] > NEAREST_M


def test_levels_may_be_even_steps() -> None:
    levels = make_depth_levels(Range(1.0, 2.0, use_log=False))
    np.testing.assert_allclose(levels[1:], np.linspace(1, 2, 4096)[1:], rtol=1e-6)


def test_validate_knows_when_the_statistics_of_depth_are_wrong(root: Path, tmp_path: Path) -> None:
    record(MakePlay(), range(2), tmp_path, fps=FPS, features=FEATURES)
    edit_json(tmp_path, layout.STATS, lambda stats: stats[DEPTH].update(mean=[[[2.3]]]))
    (finding,) = validate(tmp_path)
    assert finding.code == "MW404"
    assert f"{DEPTH}: mean is [2.3], of the frames [2.0" in finding.cause


def test_describe_tells_how_much_of_a_depth_video_has_a_value(root: Path) -> None:
    assert describe(root).depth_valid[DEPTH] == pytest.approx(1 - 20 / (32 * 48))
    assert {film.camera for film in make_films(root, 2)} == {CAMERA}


def test_exported_depth_is_metres_and_comes_back_as_it_was(root: Path, tmp_path: Path) -> None:
    export_hdf5(root, tmp_path / "data.hdf5")
    before = Dataset(root)
    with h5py.File(tmp_path / "data.hdf5") as file:
        np.testing.assert_array_equal(file["data/demo_2/obs/wrist_depth"], before.film(2, DEPTH))
    assert import_dataset(tmp_path / "data.hdf5", tmp_path / "out") == []
    after = Dataset(tmp_path / "out")
    np.testing.assert_array_equal(after.frames(DEPTH), before.frames(DEPTH))
    assert after.features[DEPTH] == before.features[DEPTH]
    assert after.stats[DEPTH].to_json() == before.stats[DEPTH].to_json()
    assert validate(tmp_path / "out") == []


def test_depth_of_another_range_is_not_exported(tmp_path: Path) -> None:
    record(MakePlay(), range(1), tmp_path / "data", fps=FPS, features=FEATURES)
    edit_info(tmp_path / "data", lambda info: info["features"][DEPTH]["info"].update({"video.depth_max": 5.0}))
    with pytest.raises(DatasetError, match=f"{DEPTH}: .* not as recorded here are not exported"):
        export_hdf5(tmp_path / "data", tmp_path / "data.hdf5")


def test_depth_in_a_column_becomes_a_video_where_the_import_is_told_what_it_is(tmp_path: Path) -> None:
    record(MakePlay(), range(1), tmp_path / "data", fps=FPS, features=clean.FEATURES)
    export_hdf5(tmp_path / "data", tmp_path / "data.hdf5")
    import_dataset(tmp_path / "data.hdf5", tmp_path / "out", wishes=Wishes(units={DEPTH: "m"}))
    assert DEPTH in Dataset(tmp_path / "out").cameras
    assert np.abs(Dataset(tmp_path / "out").frames(DEPTH) - find_meant(0)).max() <= STEP_M
