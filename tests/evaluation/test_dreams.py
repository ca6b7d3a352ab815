"""Whether dreams are true, against arithmetic that is known."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import spearmanr

from millwright.core.errors import OptionError
from millwright.evaluation.dreams import (
    calibrate,
    compare_events,
    compare_open_loop,
    compare_ranking,
    compute_frechet,
    find_exploit_gap,
    measure_latent_distance,
)


def test_a_dream_is_compared_with_repeating_what_was_last_seen():
    real = np.arange(4.0)[None, :, None].repeat(5, 0)  # moves by 1 a step
    dreamed = 0.5 * real[:, 1:]
    found = compare_open_loop(dreamed, real, np.array([3, 3, 3, 2, 1]), (1, 3))
    assert found.dreamed == (0.25, 2.25)
    assert found.repeated == (1.0, 9.0)
    assert found.num == (5, 3)
    assert found.skills == (0.75, 0.75)


@pytest.mark.parametrize(("horizons", "left"), [((1, 4), 9), ((3,), 2)])
def test_a_horizon_that_nothing_reaches_is_refused(horizons, left):
    with pytest.raises(OptionError):
        compare_open_loop(np.zeros((2, 3, 1)), np.zeros((2, 4, 1)), np.array([left, left]), horizons)


def test_events_are_found_missed_and_made_up():
    found = compare_events(np.array([0.9, 0.8, 0.1, 0.7]), np.array([1.0, 0, 2, 1]))
    assert (found.precision, found.recall, found.f1) == (2 / 3, 2 / 3, 2 / 3)
    assert found.base_rate == 0.75
    assert compare_events(np.zeros(3), np.ones(3)).f1 == 0


def test_ranks_are_those_of_scipy_also_with_ties():
    rng = np.random.default_rng(0)
    dreamed, real = rng.integers(0, 8, 25).astype(float), rng.integers(0, 8, 25).astype(float)
    found = compare_ranking(dreamed, real)
    assert found.spearman == pytest.approx(spearmanr(dreamed, real).statistic)
    assert found.interval[0] < found.spearman < found.interval[1]
    assert found.num_policies == 25


def test_regret_is_what_believing_the_dream_costs():
    assert compare_ranking([1, 2, 3], [10, 30, 20]).regret == 10
    assert compare_ranking([1, 2, 3], [10, 20, 30]).regret == 0
    with pytest.raises(OptionError, match="3 policies"):
        compare_ranking([1, 2], [1, 2])


def test_chances_that_come_true_as_often_as_told_are_calibrated():
    rng = np.random.default_rng(0)
    chances = rng.random(20_000)
    came = (rng.random(20_000) < chances).astype(float)
    assert calibrate(chances, came).error < 0.02
    assert calibrate(chances**3, came).error > 0.15
    with pytest.raises(OptionError):
        calibrate(np.array([1.2]), np.array([1.0]))


def test_the_alarm_sounds_for_what_dreams_promise_and_not_for_few_drives():
    rng = np.random.default_rng(0)
    real = 0.5 + 0.1 * rng.normal(size=10)
    assert find_exploit_gap(real + 0.2 + 0.1 * rng.normal(size=10), real).alarm
    assert not find_exploit_gap(real + 0.1 * rng.normal(size=10), real).alarm
    assert not find_exploit_gap(real - 0.2, real).alarm
    assert not find_exploit_gap([0.9, 0.5], [0.1, 0.4]).alarm
    with pytest.raises(OptionError, match="a dream of each"):
        find_exploit_gap([0.9, 0.5, 0.1], [0.1, 0.4])


def test_the_alarm_is_wrong_about_a_true_dream_as_often_as_it_says():
    rng = np.random.default_rng(0)
    real = rng.gamma(2.0, size=(2000, 8))
    dreamed = real + rng.normal(size=real.shape)
    alarms = sum(find_exploit_gap(*pair).alarm for pair in zip(dreamed, real, strict=True))
    assert 0.015 < alarms / len(real) < 0.035


def test_the_distance_is_frechets_and_its_floor_is_reals_own():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(400, 4)), rng.normal(size=(500, 4)) @ rng.normal(size=(4, 4)) + 0.5
    spreads = np.cov(a.T), np.cov(b.T)
    wanted = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sum(spreads) - 2 * sqrtm(spreads[0] @ spreads[1]).real)
    assert compute_frechet(a, b) == pytest.approx(wanted)
    real = rng.normal(size=(1000, 4))
    far, near = (measure_latent_distance(rng.normal(size=(800, 4)) + shift, real) for shift in (1.0, 0.0))
    assert far.dreamed > 3 > 0.2 > near.dreamed
    assert 0 < near.floor < 0.2
    with pytest.raises(OptionError, match="more codes"):
        measure_latent_distance(rng.normal(size=(7, 4)), real)
