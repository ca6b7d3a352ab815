"""Worker processes: what comes out never depends on how many there are, and no failure goes unnamed."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest

from millwright.core.errors import WorkerError
from millwright.core.workers import map_seeds
from tests.core.works import (
    make_end_of_file,
    make_faulty,
    make_killed,
    make_killed_at_once,
    make_square,
    make_unpicklable,
)
from tests.toys import Constant, MakePlay, Seeing


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_seed_is_played_once_whatever_the_number_of_workers(workers):
    assert sorted(map_seeds(make_square, range(7), workers)) == [(seed, seed * seed) for seed in range(7)]


def test_the_number_of_workers_never_changes_an_episode():
    one, two = (dict(map_seeds(MakePlay(Seeing), range(100, 105), workers)) for workers in (1, 2))
    for seed in one:
        assert one[seed].verdict == two[seed].verdict
        assert len(one[seed]) == len(two[seed])
        for ours, theirs in zip(one[seed].steps, two[seed].steps, strict=True):
            np.testing.assert_array_equal(ours.action, theirs.action)
            np.testing.assert_array_equal(*(s.observation["observation.images.wrist"] for s in (ours, theirs)))


def test_an_episode_that_raises_names_its_seed_and_shows_its_traceback():
    with pytest.raises(WorkerError, match=r"(?s)seed 3 failed.*the third is cursed"):
        list(map_seeds(make_faulty, range(6), 2))


def test_results_before_a_failure_stand():
    results = map_seeds(make_faulty, [0, 1, 2, 4, 5, 3], 2)
    first = [next(results) for _ in range(4)]
    with pytest.raises(WorkerError):
        list(results)
    assert len({seed for seed, _ in first}) == 4


def test_a_killed_worker_is_reported_with_its_seed():
    with pytest.raises(WorkerError, match="seed 3: its process died"):
        list(map_seeds(make_killed, range(6), 2))


def test_a_worker_killed_before_its_first_seed_is_reported():
    with pytest.raises(WorkerError, match=r"seed \d: its process died"):
        list(map_seeds(make_killed_at_once, range(4), 2))


def test_an_end_of_file_inside_an_episode_is_not_taken_for_the_end_of_the_work():
    with pytest.raises(WorkerError, match="a file was short"):
        list(map_seeds(make_end_of_file, range(4), 2))


def test_a_result_that_cannot_travel_is_reported():
    with pytest.raises(WorkerError, match="seed"):
        list(map_seeds(make_unpicklable, range(3), 2))


def test_a_bad_action_in_a_worker_is_one_line_that_names_the_seed():
    with pytest.raises(WorkerError, match=r"^seed 7 failed: ActionError: .* not finite.*nothing was executed$"):
        list(map_seeds(MakePlay(Constant, (float("nan"), 0.0)), [7, 7], 2))


def test_no_process_is_left_when_the_listener_goes_away():
    results = map_seeds(make_square, range(50), 2)
    next(results)
    results.close()
    assert multiprocessing.active_children() == []


def test_fewer_than_one_worker_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        list(map_seeds(make_square, range(3), 0))
