"""Aiming tells who goes where he is sent; first actions do not, since nobody is there in one tick."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.catalog import make_env
from millwright.evaluation.aiming import measure_aiming
from millwright.evaluation.scene_view import make_view

DOWN = (0.0, 1.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def table():
    env = make_env("brick-table", image_size=16)
    view = make_view(env)
    yield env, view
    view.close()
    env.close()


def plan_towards(point, asked):
    start = np.asarray(asked.observation["observation.hand_pose"][:3], np.float64)
    rows = [start + share * (np.append(point, 0.0) - start) for share in (0.0, 0.1, 1.0)]
    return np.array([[*row, *DOWN, 0.03] for row in rows], np.float32)


def test_who_goes_where_it_is_sent_hits_every_object_and_who_does_not_hits_one_of_twelve(table):
    sent = measure_aiming(
        lambda asked: plan_towards(asked.facts.positions[asked.facts.target][:2], asked), *table, [8003]
    )
    assert (sent.hits, len(sent.own_mm)) == (12, 12)
    assert max(sent.own_mm) < 0.01
    assert np.mean(sent.end_ratios) == pytest.approx(1, abs=1e-4)
    deaf = measure_aiming(lambda asked: plan_towards(asked.facts.positions[0][:2], asked), *table, [8003])
    assert deaf.hits == 1
    assert deaf.to_json()["end_ratio"] == 0
    assert deaf.to_json()["own_mm_p50"] > 50


def test_the_first_action_of_who_goes_right_moves_no_more_than_of_who_goes_nowhere(table):
    sent = measure_aiming(
        lambda asked: plan_towards(asked.facts.positions[asked.facts.target][:2], asked), *table, [8003]
    )
    assert sent.to_json()["first_ratio"] == 0
    assert sent.to_json()["plans"] == 12


def test_a_click_beside_the_centre_counts_by_the_object_not_by_the_click(table):
    at_click = measure_aiming(lambda asked: plan_towards(asked.click[:2], asked), *table, [8003, 8004])
    assert len(at_click.own_mm) == 24
    assert at_click.hits == 24
    assert 1 < at_click.to_json()["own_mm_p50"] < 30
    assert len(at_click.end_ratios) == 2 * 66
