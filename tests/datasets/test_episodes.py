"""A recorded episode comes back as it was played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from millwright.core.episode import Episode
from millwright.core.errors import DatasetError
from millwright.datasets import Dataset, record
from millwright.datasets.episodes import load_episode
from tests.datasets.players import CAMERA, DECLARED, FPS, HighestObject, MakePlay


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("dataset")
    return Dataset(record(MakePlay(noisy_frames=True), range(3), folder, fps=FPS, features=DECLARED))


def unlabelled(episode: Episode) -> Episode:
    return replace(episode, steps=tuple(replace(step, label=None) for step in episode.steps))


def test_a_recorded_episode_is_the_one_that_was_played(dataset: Dataset) -> None:
    played, loaded = MakePlay(noisy_frames=True)()(1), load_episode(dataset, 1, HighestObject())
    assert (loaded.seed, loaded.task, loaded.metrics) == (played.seed, played.task, played.metrics)
    assert loaded.verdict.success == played.verdict.success
    assert len(loaded) == len(played)
    for one, other in zip(played.steps, loaded.steps, strict=True):
        assert one.facts == other.facts
        assert (one.index, one.time_s) == (other.index, pytest.approx(other.time_s))
        assert np.array_equal(one.action, other.action)
        assert one.label is not None
        assert other.label is not None
        assert np.array_equal(one.label.action, other.label.action)
        assert np.array_equal(one.label.plan, other.label.plan)
        assert one.observation.keys() == other.observation.keys()
        assert np.array_equal(one.observation["observation.state"], other.observation["observation.state"])
        assert np.abs(one.observation[CAMERA].astype(int) - other.observation[CAMERA]).mean() <= 3


def test_a_film_is_the_episodes_part_of_all_frames_and_fills_no_cache(dataset: Dataset) -> None:
    film = dataset.film(2, CAMERA)
    assert not (dataset.root / "cache").exists()
    row = dataset.episodes[2]
    assert np.array_equal(film, dataset.frames(CAMERA)[row.start : row.stop])


def test_without_a_labeller_the_steps_have_no_label(tmp_path: Path) -> None:
    dataset = Dataset(record(MakePlay(change=unlabelled), range(1), tmp_path, fps=FPS, features=DECLARED))
    assert all(step.label is None for step in load_episode(dataset, 0, HighestObject()).steps)


def test_the_judge_speaks_after_every_tick_of_the_facts_up_to_it(dataset: Dataset) -> None:
    steps = load_episode(dataset, 0, HighestObject()).steps
    assert [step.verdict.evidence["ticks"] for step in steps] == [1, 2, 3, 4, 5, 6]
    heights = [step.facts.positions[:, 2] for step in steps]
    assert [step.verdict.success for step in steps] == [bool(z[1] == z.max()) for z in heights]


@pytest.mark.parametrize("index", [-1, 3])
def test_an_episode_that_is_not_there_is_refused_with_those_that_are(dataset: Dataset, index: int) -> None:
    with pytest.raises(DatasetError, match="episodes: 0 to 2"):
        load_episode(dataset, index, HighestObject())
