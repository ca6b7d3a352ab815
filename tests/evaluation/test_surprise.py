"""Failures that began where a driver's world model was wrong are told from those that did not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.evaluation.driving_page import draw_events
from millwright.evaluation.measures import reduce_episode
from millwright.evaluation.moments import find_moments
from millwright.evaluation.result import EpisodeResult, Result
from millwright.evaluation.surprise import SETTLED_S, find_begin, find_exploitation
from tests.evaluation.test_driving import play_rows
from tests.judges.test_drive import drive, leave


def go_off(seed, wrong_at=None, times=3):
    """A drive that leaves the road at tick 50, by a model that is wrong at `wrong_at`."""
    episode = play_rows(drive(500.0, wheels_on_road=leave), seed)
    errors = np.full(len(episode), 0.05)
    if wrong_at is not None:
        errors[wrong_at : wrong_at + times] = 2.0
    episode = replace(episode, surprises=tuple(errors))
    return reduce_episode(episode, strip=f"seed-{seed}.jpg", moments=find_moments(episode))


def gather(*episodes):
    return Result(range(len(episodes)), episodes, {"env": "car-racing", "policy": "dream-driving"})


def test_a_failure_that_began_where_the_dream_was_wrong_is_exploitation_and_another_is_not():
    found = find_exploitation(gather(go_off(0, 47), go_off(1, 120), go_off(2), go_off(3)))
    assert found.failed == 4
    assert found.exploited == (0,)
    assert found.surprises == (1, 1, 0, 0)
    assert found.chance == pytest.approx(2 * 13 / (4 * 201))
    assert found.share[0] < 0.25 < found.share[1]


@pytest.mark.parametrize(("wrong_at", "told"), [(44, 1), (43, 0), (55, 1), (56, 0)])
def test_five_ticks_before_and_after_are_near(wrong_at, told):
    assert len(find_exploitation(gather(go_off(0, wrong_at, 2), go_off(1))).exploited) == told


def test_what_is_dreamed_while_the_camera_comes_down_is_no_surprise():
    drives = gather(go_off(0, 5), go_off(1))
    assert drives.episodes[0].times_s[8] < SETTLED_S
    assert find_exploitation(drives).surprises == (0, 0)


def test_a_single_drive_and_drivers_without_dreams_are_told_nothing_of():
    assert find_exploitation(gather(go_off(0, 47))) is None
    assert find_exploitation(gather(*(replace(go_off(seed), surprises=()) for seed in range(3)))) is None
    assert "model_exploitation" not in draw_events(gather(replace(go_off(0), surprises=())))


def test_the_page_counts_surprises_and_shows_the_failures_that_began_with_one():
    page = draw_events(gather(go_off(0, 47), go_off(1), go_off(2)))
    assert "1 of 3 failures began with a surprise" in page
    assert "films/seed-0.jpg" in page
    assert "films/seed-1.jpg" not in page
    assert '<td class="text">surprises' in page


def test_a_row_keeps_its_surprises_and_an_older_one_has_none():
    row = go_off(0, 47).to_json()
    assert EpisodeResult.from_json(row).surprises == go_off(0, 47).surprises
    del row["surprises"]
    assert EpisodeResult.from_json(row).surprises == ()


def test_a_failure_begins_with_the_tick_that_its_frames_surround():
    assert find_begin(go_off(0)) == 50
    assert find_begin(replace(go_off(0), moments=())) is None
