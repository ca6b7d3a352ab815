"""Reading: frames and their cache, single episodes, judging again."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from millwright.core.errors import DatasetError, FeatureError
from millwright.datasets import Dataset, judge_again, layout, load_facts, record, video
from millwright.datasets.episodes import load_episode
from millwright.datasets.layout import Place
from tests.datasets.players import CAMERA, DECLARED, FPS, HighestObject, MakePlay, make_scenes


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("dataset")
    record(MakePlay(noisy_frames=True), range(3), folder, fps=FPS, features=DECLARED)
    return Dataset(record(MakePlay(noisy_frames=True), range(6), folder, fps=FPS, features=DECLARED))


def test_frames_are_those_that_were_seen_each_at_its_place(dataset: Dataset) -> None:
    episodes = [MakePlay(noisy_frames=True)()(seed) for seed in range(6)]
    seen = np.concatenate([[step.observation[CAMERA] for step in episode.steps] for episode in episodes])
    frames = dataset.frames(CAMERA)
    assert frames.shape == seen.shape == (len(dataset), 32, 48, 3)
    assert np.abs(frames.astype(int) - seen).mean((1, 2, 3)).max() <= 3


def test_coloured_scenes_lose_at_most_three_grey_levels(tmp_path: Path) -> None:
    frames = make_scenes(np.random.default_rng(0), 20, 128, 128)
    path = tmp_path / "scene.mp4"
    path.write_bytes(video.encode(frames, FPS))
    decoded = np.zeros_like(frames)
    video.decode(path, 0, FPS, decoded)
    assert np.abs(decoded.astype(int) - frames).mean() <= 3


def test_decoding_may_begin_between_key_frames(tmp_path: Path) -> None:
    frames = np.stack([np.full((16, 16, 3), 20 * n, np.uint8) for n in range(8)])
    path = tmp_path / "levels.mp4"
    path.write_bytes(video.encode(frames, FPS))
    decoded = np.zeros((4, 16, 16, 3), np.uint8)
    video.decode(path, 3, FPS, decoded)
    assert np.abs(decoded.astype(int) - frames[3:7]).max() < 10


def test_frames_are_read_only_and_mapped_from_disk(dataset: Dataset) -> None:
    frames = dataset.frames(CAMERA)
    assert isinstance(frames, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        frames[0] = 0


def test_frames_are_decoded_once(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    first = dataset.frames(CAMERA)
    monkeypatch.setattr(video, "decode", None)
    monkeypatch.setattr("millwright.datasets.cameras.decode", None)
    np.testing.assert_array_equal(Dataset(dataset.root).frames(CAMERA), first)
    assert [path.suffix for path in (dataset.root / "cache").iterdir()] == [".npy"]


def test_new_episodes_make_the_cache_anew(tmp_path: Path) -> None:
    old = Dataset(record(MakePlay(), range(2), tmp_path, fps=FPS)).frames(CAMERA)
    new = Dataset(record(MakePlay(), range(4), tmp_path, fps=FPS)).frames(CAMERA)
    assert len(new) > len(old)
    np.testing.assert_array_equal(new[: len(old)], old)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_full_disk_while_decoding_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    dataset = Dataset(record(MakePlay(), range(2), tmp_path, fps=FPS))
    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(DatasetError, match=r"disk is full: decoded frames need 0\.0 GB"):
            dataset.frames(CAMERA)
    assert not list((tmp_path / "cache").iterdir())
    assert len(dataset.frames(CAMERA)) == len(dataset)


def test_a_video_that_is_too_short_is_an_error(tmp_path: Path) -> None:
    dataset = Dataset(record(MakePlay(), range(2), tmp_path, fps=FPS))
    path = tmp_path / f"videos/{CAMERA}/chunk-000/file-000.mp4"
    path.write_bytes(video.encode(np.zeros((5, 32, 48, 3), np.uint8), FPS))
    with pytest.raises(DatasetError, match="ends after frame 5; 13 are needed"):
        dataset.frames(CAMERA)


def test_one_episode_reads_as_its_part_of_the_columns(dataset: Dataset) -> None:
    for row in dataset.episodes:
        arrays = dataset.episode(row.index, "facts.")
        assert arrays
        assert all(name.startswith("facts.") for name in arrays)
        for name, values in arrays.items():
            np.testing.assert_array_equal(values, dataset.column(name)[row.start : row.stop])


def test_features_come_back_with_shapes_units_and_frames(dataset: Dataset) -> None:
    assert dataset.features["observation.state"] == DECLARED["observation.state"]
    assert dataset.features[CAMERA] == DECLARED[CAMERA]
    assert dataset.features["executed_action"].frame == "base"
    assert dataset.features["label.plan"].shape == (4, 8)
    assert dataset.features["facts.orientations"].shape == (2, 4)
    assert dataset.features["facts.pad_contacts"].dtype == "bool"


def test_asking_for_the_wrong_thing_says_what_there_is(dataset: Dataset) -> None:
    with pytest.raises(FeatureError, match=r"features: .*observation\.state"):
        dataset.column("observation.depth")
    with pytest.raises(DatasetError, match=r"read it with frames\('observation.images.wrist'\)"):
        dataset.column(CAMERA)
    with pytest.raises(DatasetError, match=r"cameras: observation\.images\.wrist"):
        dataset.frames("action")
    with pytest.raises(DatasetError, match="episodes: 0 to 5"):
        judge_again(dataset, 6, HighestObject())


def test_a_recording_is_judged_again_from_the_very_same_facts(dataset: Dataset) -> None:
    for row in dataset.episodes:
        live, again = HighestObject(), HighestObject()
        live.reset()
        facts = [step.facts for step in MakePlay(noisy_frames=True)()(row.seed).steps]
        for now in facts:
            live.see(now)
        assert judge_again(dataset, row.index, again) == live.verdict()
        for read, played in zip(load_facts(dataset, row.index), facts, strict=True):
            assert read.names == played.names
            for name, value in read.to_arrays().items():
                np.testing.assert_array_equal(value, played.to_arrays()[name])


def test_every_frame_knows_the_first_of_its_episode(dataset: Dataset) -> None:
    firsts = dataset.find_firsts()
    assert len(firsts) == len(dataset)
    np.testing.assert_array_equal(np.arange(len(dataset)) - firsts, dataset.column("frame_index")[:, 0])


def test_windows_of_a_dataset_end_where_its_episodes_end(dataset: Dataset) -> None:
    indices, is_pad = dataset.windows({"action": range(16)}).indices("action")
    episode = dataset.column("episode_index")[:, 0]
    assert (episode[indices] == episode[:, None]).all()
    assert is_pad[:, 0].sum() == 0
    assert is_pad[:, 15].all()


def forget_own_columns(root: Path) -> None:
    """Leave in the table of episodes what other tools write."""
    path = root / Place(0, 0).path(layout.EPISODES)
    own = ("seed", "success", "failure", "verdict", "metrics", "provenance", "objects")
    pq.write_table(pq.read_table(path).drop_columns(list(own)), path)


def test_a_folder_of_another_tool_has_neither_seeds_nor_verdicts(tmp_path: Path) -> None:
    whole = Dataset(record(MakePlay(), range(2), tmp_path, fps=FPS))
    forget_own_columns(tmp_path)
    dataset = Dataset(tmp_path)
    assert [(row.seed, row.verdict, row.success, row.failure) for row in dataset.episodes] == 2 * [(None,) * 4]
    assert [row.task for row in dataset.episodes] == [row.task for row in whole.episodes]
    np.testing.assert_array_equal(dataset.column("action"), whole.column("action"))
    with pytest.raises(DatasetError, match="recorded by another tool: its episodes have no seeds"):
        record(MakePlay(), range(3), tmp_path, fps=FPS)
    with pytest.raises(DatasetError, match="no seed or no verdict: not recorded by millwright"):
        load_episode(dataset, 0, HighestObject())
