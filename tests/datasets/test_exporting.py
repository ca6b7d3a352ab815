"""What is exported and imported again is what it was, but for the codec."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pytest

from millwright.core.episode import Episode
from millwright.core.errors import DatasetError, OptionError
from millwright.datasets import Dataset, editing, judge_again, record, validate
from millwright.datasets.exporting import export_hdf5
from millwright.datasets.importing.conversion import import_dataset
from millwright.datasets.importing.source import Wishes
from tests.datasets import clean, players
from tests.datasets.editing import edit_info
from tests.datasets.players import CAMERA, FPS, MakePlay
from tests.datasets.test_cameras import add_column


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    record(clean.MakePlay(), range(5), root / "recorded", fps=FPS, features=clean.FEATURES, robot_type="ur5e")
    editing.split(root / "recorded", root / "data", lambda entry: entry.position == 1)
    return root / "data"


@pytest.fixture(scope="module")
def again(data: Path) -> Path:
    export_hdf5(data, data.parent / "data.hdf5")
    assert import_dataset(data.parent / "data.hdf5", data.parent / "again") == []
    return data.parent / "again"


def test_every_column_unit_seed_verdict_and_split_comes_back(data: Path, again: Path) -> None:
    before, after = Dataset(data), Dataset(again)
    assert after.episodes == before.episodes
    assert dict(after.features) == dict(before.features)
    for feature in before.features.values():
        if not feature.is_image:
            np.testing.assert_array_equal(after.column(feature.name), before.column(feature.name))
    infos = [json.loads((root / "meta/info.json").read_text()) for root in (data, again)]
    for key in ("fps", "robot_type", "splits", "features", "total_frames"):
        assert infos[0][key] == infos[1][key]
    (source,) = infos[1]["lineage"]["sources"]
    assert source["lineage"] == infos[0]["lineage"]
    assert validate(again) == []


def test_pictures_come_back_but_for_the_codec(data: Path, again: Path) -> None:
    frames = Dataset(data).frames(CAMERA).astype(int)
    assert np.abs(Dataset(again).frames(CAMERA) - frames).mean() < 4


def test_what_came_back_can_be_judged_again(again: Path) -> None:
    dataset = Dataset(again)
    said = [judge_again(dataset, row.index, players.HighestObject()).success for row in dataset.episodes]
    assert said == [row.success for row in dataset.episodes]


def test_every_type_of_column_comes_back(tmp_path: Path) -> None:
    record(players.MakePlay(), range(3), tmp_path / "data", fps=FPS, features=players.DECLARED)
    export_hdf5(tmp_path / "data", tmp_path / "data.h5")
    import_dataset(tmp_path / "data.h5", tmp_path / "again")
    before, after = Dataset(tmp_path / "data"), Dataset(tmp_path / "again")
    assert dict(after.features) == dict(before.features)
    for feature in before.features.values():
        if not feature.is_image:
            np.testing.assert_array_equal(after.column(feature.name), before.column(feature.name))


def test_nested_columns_and_a_column_named_like_a_camera_come_back(data: Path, tmp_path: Path) -> None:
    rows = np.arange(5 * clean.FRAMES * 6, dtype=np.float32).reshape(-1, 2, 3)
    editing.drop_features(data, tmp_path / "data", [clean.DEPTH])
    grid = {"dtype": "float32", "shape": [2, 3], "names": None}
    name = CAMERA.replace("images.", "") + "_image"
    for number, feature in enumerate(("observation.grid", name)):
        values = pa.array((rows + number).tolist(), pa.list_(pa.list_(pa.float32())))
        add_column(tmp_path / "data", feature, values, grid)
    export_hdf5(tmp_path / "data", tmp_path / "data.hdf5")
    import_dataset(tmp_path / "data.hdf5", tmp_path / "again")
    again = Dataset(tmp_path / "again")
    np.testing.assert_array_equal(again.column("observation.grid"), rows)
    np.testing.assert_array_equal(again.column(name), rows + 1)
    assert CAMERA in again.cameras


def test_the_file_is_laid_out_as_robomimic_reads_it(data: Path, again: Path) -> None:
    with h5py.File(data.parent / "data.hdf5") as file:
        demo = file["data/demo_0"]
        assert demo.attrs["num_samples"] == len(demo["actions"]) == clean.FRAMES
        assert demo["obs/wrist_image"].shape == (clean.FRAMES, 32, 48, 3)
        assert demo["obs/wrist_image"].dtype == np.uint8
        assert demo["rewards"].shape == demo["dones"].shape == (clean.FRAMES,)
        assert demo["dones"][:].tolist() == [0] * (clean.FRAMES - 1) + [1]
        assert json.loads(file["data"].attrs["env_args"])["env_kwargs"]["control_freq"] == FPS
        assert file["data"].attrs["total"] == 5 * clean.FRAMES
        assert file["mask/test"][:].tolist() == [b"demo_4"]
    notes = import_dataset(data.parent / "data.hdf5", data.parent / "as-robomimic", "robomimic", Wishes(fps=FPS))
    assert any("unit unknown" in note for note in notes)


def test_several_instructions_in_an_episode_keep_their_frames(data: Path, tmp_path: Path) -> None:
    export_hdf5(data, tmp_path / "data.hdf5")
    with h5py.File(tmp_path / "data.hdf5", "a") as file:
        attributes = file["data/demo_0"].attrs
        told = json.loads(attributes["millwright"])
        attributes["millwright"] = json.dumps({**told, "texts": [["reach", 10], ["grasp", clean.FRAMES - 10]]})
    import_dataset(tmp_path / "data.hdf5", tmp_path / "out")
    dataset = Dataset(tmp_path / "out")
    texts = [dataset.tasks[index] for index in dataset.column("task_index")[: clean.FRAMES, 0]]
    assert texts == ["reach"] * 10 + ["grasp"] * (clean.FRAMES - 10)


def test_what_the_file_says_itself_cannot_be_told(data: Path, again: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--state cannot be told"):
        import_dataset(data.parent / "data.hdf5", tmp_path / "out", wishes=Wishes(state=("grid",)))
    assert not (tmp_path / "out").exists()


def test_bad_names_and_columns_are_refused_and_nothing_is_written(data: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"ends in .hdf5"):
        export_hdf5(data, tmp_path / "data.zip")
    (tmp_path / "taken.hdf5").touch()
    with pytest.raises(OptionError, match="is there already"):
        export_hdf5(data, tmp_path / "taken.hdf5")
    editing.drop_features(data, tmp_path / "copy", [clean.DEPTH])
    edit_info(tmp_path / "copy", lambda info: info["features"][CAMERA]["info"].update(is_depth_map=True))
    with pytest.raises(DatasetError, match=f"millwright dataset drop .* {CAMERA} --out LESS"):
        export_hdf5(tmp_path / "copy", tmp_path / "x.hdf5")
    for path in (tmp_path / "copy/videos").rglob("*.mp4"):
        path.write_bytes(path.read_bytes()[:5000])
    edit_info(tmp_path / "copy", lambda info: info["features"][CAMERA]["info"].update(is_depth_map=False))
    with pytest.raises(DatasetError):
        export_hdf5(tmp_path / "copy", tmp_path / "x.hdf5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "taken.hdf5"]


def test_an_instruction_that_hdf5_does_not_take_comes_back_all_the_same(tmp_path: Path) -> None:
    text = 'pick 🧱 «красный» 赤い\u202e\x00\n"brick"'

    def rename(episode: Episode) -> Episode:
        steps = [replace(step, observation={**step.observation, "task": text}) for step in episode.steps]
        return replace(episode, task=text, steps=tuple(steps))

    record(MakePlay(change=rename), range(2), tmp_path / "data", fps=FPS)
    export_hdf5(tmp_path / "data", tmp_path / "data.hdf5")
    import_dataset(tmp_path / "data.hdf5", tmp_path / "out")
    assert Dataset(tmp_path / "out").tasks == Dataset(tmp_path / "data").tasks == (text,)
