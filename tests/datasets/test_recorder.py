"""Recording: round trip, resuming, failed episodes, workers, full disks and misfits."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millwright.core.episode import Episode
from millwright.core.errors import DatasetError, FeatureError, OptionError, RecordingError, WorkerError
from millwright.datasets import Dataset, Recorded, durable, record, validate
from millwright.datasets.recorder import format_seeds
from millwright.datasets.recording import find_recordings, write_recording
from millwright.datasets.schema import stack_columns
from tests.datasets.players import CAMERA, DECLARED, FPS, MakePlay, MakePlayOnFullDisk, make_episode, refuse


def drop_label(episode: Episode) -> Episode:
    return replace(episode, steps=tuple(replace(step, label=None) for step in episode.steps))


def widen_state(episode: Episode) -> Episode:
    def widen(step):
        return replace(step, observation={**step.observation, "observation.state": np.zeros(9, np.float32)})

    return replace(episode, steps=tuple(map(widen, episode.steps)))


def poison_state(episode: Episode) -> Episode:
    state = np.array([0, np.nan, 0], np.float32)
    first = replace(episode.steps[0], observation={**episode.steps[0].observation, "observation.state": state})
    return replace(episode, steps=(first, *episode.steps[1:]))


def crop_odd(episode: Episode) -> Episode:
    def crop(step):
        return replace(step, observation={**step.observation, CAMERA: step.observation[CAMERA][:31]})

    return replace(episode, steps=tuple(map(crop, episode.steps)))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seeds=st.lists(st.integers(0, 10**9), min_size=1, max_size=4, unique=True), num_frames=st.integers(1, 9))
def test_every_column_comes_back_as_it_was_played(seeds: list[int], num_frames: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        make_play = MakePlay(num_frames, noisy_frames=True)
        dataset = Dataset(record(make_play, seeds, Path(folder), fps=FPS, features=DECLARED))
        episodes = [make_play()(seed) for seed in sorted(seeds)]
        assert [row.seed for row in dataset.episodes] == sorted(seeds)
        columns = [stack_columns(episode) for episode in episodes]
        for name in dataset.features:
            if name in columns[0] and name != CAMERA:
                expected = np.concatenate([episode[name] for episode in columns])
                assert dataset.column(name).dtype == expected.dtype
                np.testing.assert_array_equal(dataset.column(name), expected, err_msg=name)
        frames = np.concatenate([episode[CAMERA] for episode in columns])
        assert np.abs(dataset.frames(CAMERA).astype(int) - frames).mean((1, 2, 3)).max() <= 3
        assert validate(Path(folder)) == []


def test_rows_say_what_is_known_of_an_episode(tmp_path: Path) -> None:
    dataset = Dataset(record(MakePlay(), range(4), tmp_path, fps=FPS))
    row, episode = dataset.episodes[3], MakePlay()()(3)
    assert (row.index, row.seed, row.length, row.success, row.failure) == (3, 3, len(episode), False, "miss")
    assert row.task == episode.task == "pick brick 1"
    assert row.verdict.evidence == {"distance_m": pytest.approx(0.5), "pads": [True]}
    assert row.metrics == {"final_distance_m": 3 / 7}
    assert row.provenance == episode.provenance
    assert row.objects == ("red", "blue")
    assert dataset.tasks == ("pick brick 0", "pick brick 1")


def test_failed_episodes_are_kept_and_marked(tmp_path: Path) -> None:
    dataset = Dataset(record(MakePlay(), range(6), tmp_path, fps=FPS))
    assert [row.success for row in dataset.episodes] == [False, True, True] * 2
    assert len(dataset.select(lambda row: row.success)) == sum(row.length for row in dataset.episodes if row.success)


def test_the_action_is_the_labels_and_what_was_executed_stands_beside_it(tmp_path: Path) -> None:
    dataset = Dataset(record(MakePlay(), [1], tmp_path, fps=FPS))
    steps = MakePlay()()(1).steps
    np.testing.assert_array_equal(dataset.column("action"), [step.label.action for step in steps])
    np.testing.assert_array_equal(dataset.column("executed_action"), [step.action for step in steps])
    np.testing.assert_array_equal(dataset.column("label.plan"), [step.label.plan for step in steps])


def test_without_a_labeller_the_action_is_what_was_executed(tmp_path: Path) -> None:
    dataset = Dataset(record(MakePlay(change=drop_label), [1], tmp_path, fps=FPS))
    assert "label.plan" not in dataset.features
    np.testing.assert_array_equal(dataset.column("action"), dataset.column("executed_action"))


def test_the_number_of_workers_changes_not_one_byte(tmp_path: Path) -> None:
    reported: list[Recorded] = []
    one = Dataset(record(MakePlay(), range(5), tmp_path / "one", fps=FPS))
    two = Dataset(record(MakePlay(), range(5), tmp_path / "two", fps=FPS, workers=2, on_episode=reported.append))
    assert one.digest == two.digest
    assert sorted(episode.seed for episode in reported) == list(range(5))


def test_recording_again_plays_only_the_seeds_that_are_missing(tmp_path: Path) -> None:
    record(MakePlay(), range(3), tmp_path, fps=FPS)
    before = Dataset(tmp_path).column("action")
    played: list[Recorded] = []
    dataset = Dataset(record(MakePlay(), range(5), tmp_path, fps=FPS, on_episode=played.append))
    assert [episode.seed for episode in played] == [3, 4]
    assert [row.seed for row in dataset.episodes] == list(range(5))
    np.testing.assert_array_equal(dataset.column("action")[: len(before)], before)
    assert validate(tmp_path) == []
    digest = dataset.digest
    assert Dataset(record(MakePlay(), range(5), tmp_path, fps=FPS)).digest == digest


def test_a_failing_episode_keeps_the_finished_ones_for_the_next_run(tmp_path: Path) -> None:
    safe: list[Recorded] = []
    with pytest.raises(WorkerError, match="seed 4"):
        record(MakePlay(change=FailAt(4)), range(6), tmp_path, fps=FPS, workers=2, on_episode=safe.append)
    assert safe
    assert {row.seed for row in Dataset(tmp_path).episodes} >= {episode.seed for episode in safe}
    assert validate(tmp_path) == []


class FailAt:
    """A change of an episode that raises for one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, episode: Episode) -> Episode:
        if episode.seed == self.seed:
            raise RuntimeError("the scene exploded")
        return episode


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_names_what_is_kept_and_loses_nothing(tmp_path: Path, workers: int) -> None:
    fsync = os.fsync
    try:
        with pytest.raises(RecordingError, match=r"disk is full.*Kept: \d.*record again with the same arguments"):
            record(MakePlayOnFullDisk(full_from=2), range(4), tmp_path, fps=FPS, workers=workers)
    finally:
        os.fsync = fsync
    kept = [recording.seed for recording in find_recordings(tmp_path)]
    assert kept == [0, 1] or workers == 2
    assert [row.seed for row in Dataset(tmp_path).episodes] == kept
    resumed = Dataset(record(MakePlay(), range(4), tmp_path, fps=FPS))
    assert sorted(row.seed for row in resumed.episodes) == list(range(4))
    assert validate(tmp_path) == []


def test_a_disk_that_fills_up_while_compacting_keeps_the_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        write_recording(make_episode(seed), tmp_path, FPS, DECLARED)
    with monkeypatch.context() as full:
        full.setattr(durable.os, "fsync", refuse)
        with pytest.raises(RecordingError, match="3 finished episodes stay in"):
            Dataset(tmp_path)
    assert not (tmp_path / "compacting").exists()
    assert len(Dataset(tmp_path).episodes) == 3


@pytest.mark.parametrize(("change", "says"), [(widen_state, "observation.state is .*9"), (drop_label, "label.plan")])
def test_episodes_of_other_columns_are_refused_and_change_nothing(tmp_path: Path, change, says: str) -> None:
    digest = Dataset(record(MakePlay(), [0, 1], tmp_path, fps=FPS)).digest
    with pytest.raises(DatasetError, match=says):
        record(MakePlay(change=change), [2], tmp_path, fps=FPS)
    assert Dataset(tmp_path).digest == digest


def test_another_frame_rate_is_refused(tmp_path: Path) -> None:
    record(MakePlay(), [0], tmp_path, fps=FPS)
    with pytest.raises(DatasetError, match="fps is 15, not 20"):
        record(MakePlay(), [1], tmp_path, fps=20)


@pytest.mark.parametrize(
    ("change", "says"), [(widen_state, "expected shape"), (poison_state, "not finite"), (crop_odd, "even")]
)
def test_an_episode_that_is_not_as_declared_is_refused(tmp_path: Path, change, says: str) -> None:
    declared = DECLARED if change is not crop_odd else type(DECLARED)()
    with pytest.raises(FeatureError, match=says):
        record(MakePlay(change=change), [0], tmp_path, fps=FPS, features=declared)
    assert not find_recordings(tmp_path)


def test_a_folder_that_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    with durable.exclusive(tmp_path), pytest.raises(DatasetError, match="being recorded by another process"):
        record(MakePlay(), [0], tmp_path, fps=FPS)


def test_an_episode_written_twice_is_kept_once(tmp_path: Path) -> None:
    for _ in range(2):
        write_recording(make_episode(5), tmp_path, FPS, DECLARED)
    record(MakePlay(), [6], tmp_path, fps=FPS, features=DECLARED)
    write_recording(make_episode(5), tmp_path, FPS, DECLARED)
    assert [row.seed for row in Dataset(tmp_path).episodes] == [5, 6]
    assert validate(tmp_path) == []


def test_seeds_read_as_half_open_ranges() -> None:
    assert format_seeds([3, 0, 1, 9]) == "0:2, 3:4, 9:10"
    assert format_seeds([]) == "none"


def test_the_largest_seed_is_recorded_and_a_larger_one_refused_before_anything_is_made(tmp_path: Path) -> None:
    dataset = Dataset(record(MakePlay(), [2**63 - 1], tmp_path / "data", fps=FPS))
    assert [row.seed for row in dataset.episodes] == [2**63 - 1]
    for seeds in ([2**63], [-1, 3], range(2**63 - 1, 2**63 + 1)):
        with pytest.raises(OptionError, match="seeds are 0 to 9223372036854775807"):
            record(MakePlay(), seeds, tmp_path / "none", fps=FPS)
    assert not (tmp_path / "none").exists()


def test_an_instruction_that_no_file_holds_is_refused_before_it_is_safe(tmp_path: Path) -> None:
    record(MakePlay(), range(2), tmp_path, fps=FPS)
    with pytest.raises(FeatureError, match="is no text that a file holds"):
        record(MakePlay(change=lambda episode: replace(episode, task="bad \ud800")), range(4), tmp_path, fps=FPS)
    assert [row.seed for row in Dataset(tmp_path).episodes] == [0, 1]
    assert validate(tmp_path) == []
