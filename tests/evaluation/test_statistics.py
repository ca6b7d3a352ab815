"""Intervals and tests, against scipy, against exact enumeration, and by their properties."""

from __future__ import annotations

from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from millwright.evaluation.statistics import (
    clustered_wilson,
    describe,
    difference,
    fisher,
    holm,
    mcnemar,
    mean_interval,
    non_inferiority,
    paired_difference,
    sign_flip,
    wilson,
)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (1, 3), (196, 200), (990, 1000), (0, 1), (7, 20)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_that_of_scipy(successes, trials, confidence):
    theirs = stats.binomtest(successes, trials).proportion_ci(confidence, "wilson")
    assert wilson(successes, trials, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_of_the_published_example():
    """Newcombe 1998 (single proportion), 81 of 263: 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_mirrors_failures(case):
    successes, trials = case
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert wilson(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_without_trials_any_rate_is_possible():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3)])
def test_wilson_refuses_counts_that_cannot_be(successes, trials):
    with pytest.raises(ValueError, match="successes must lie in"):
        wilson(successes, trials)


def test_fisher_is_the_sum_of_the_tables_that_are_no_likelier():
    def chance(k: int) -> float:
        return comb(10, k) * comb(12, 9 - k) / comb(22, 9)

    expected = sum(chance(k) for k in range(10) if chance(k) <= chance(7) * (1 + 1e-9))
    assert fisher(7, 10, 2, 12) == pytest.approx(expected)


def test_holm_multiplies_by_the_number_of_tests_that_are_left():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.2]) == (0.2,)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(p_values):
    corrected = holm(p_values)
    assert all(p <= q <= min(1.0, len(p_values) * p) for p, q in zip(p_values, corrected, strict=True))
    assert [q for _, q in sorted(zip(p_values, corrected, strict=True))] == sorted(corrected)
    assert min(corrected) == min(1.0, len(p_values) * min(p_values))


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test_of_the_pairs_that_differ(only_a, only_b):
    expected = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected)


def test_mcnemar_stays_exact_where_floats_would_overflow():
    assert mcnemar(2000, 2000) == 1.0
    assert 0 < mcnemar(400, 700) < 1e-15


def test_the_difference_of_the_published_example():
    """Newcombe 1998 (independent proportions), 56/70 against 48/80, method 10: 0.0524 to 0.3339."""
    assert difference(48, 80, 56, 70) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_difference_changes_sign_with_the_order(a, b):
    low, high = difference(a, 30, b, 30)
    assert difference(b, 30, a, 30) == pytest.approx((-high, -low), abs=1e-12)
    assert low <= (b - a) / 30 <= high


pairs = st.tuples(*[st.integers(0, 40)] * 4).filter(any)


@given(pairs)
def test_the_paired_difference_holds_the_estimate_and_changes_sign_with_the_order(counts):
    both, only_a, only_b, neither = counts
    low, high = paired_difference(both, only_a, only_b, neither)
    assert -1 - 1e-9 <= low <= (only_b - only_a) / sum(counts) <= high <= 1 + 1e-9
    assert paired_difference(both, only_b, only_a, neither) == pytest.approx((-high, -low), abs=1e-12)


def test_pairs_that_agree_narrow_the_interval():
    low, high = paired_difference(90, 2, 2, 6)
    loose_low, loose_high = difference(92, 100, 92, 100)
    assert high - low < 0.7 * (loose_high - loose_low)


@pytest.mark.parametrize("chances", [(0.8, 0.05, 0.1, 0.05), (0.5, 0.2, 0.2, 0.1), (0.3, 0.3, 0.1, 0.3)])
def test_the_paired_interval_covers_the_truth_19_times_in_20(chances):
    """Exact coverage over every table of 16 pairs."""
    truth, covered = chances[2] - chances[1], 0.0
    for a, b, c in product(range(17), repeat=3):
        if a + b + c <= 16:
            counts = (a, b, c, 16 - a - b - c)
            ways = factorial(16) / np.prod([float(factorial(k)) for k in counts])
            low, high = paired_difference(*counts)
            covered += (low <= truth <= high) * ways * np.prod(np.power(chances, counts))
    assert 0.93 <= covered <= 0.99


def test_the_mean_interval_is_near_that_of_the_t_distribution_and_always_the_same():
    values = np.random.default_rng(1).normal(3, 1, 200).tolist()
    low, high = mean_interval(values)
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.03)
    assert mean_interval(values) == (low, high)


def test_the_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no values"):
        mean_interval([])


def test_values_are_described_by_name():
    assert describe("cycle_time_s", [1.0, 2.0, 3.0]) == pytest.approx(
        {
            "cycle_time_s_mean": 2.0,
            "cycle_time_s_std": np.std([1, 2, 3]),
            "cycle_time_s_p50": 2.0,
            "cycle_time_s_p95": 2.9,
            "cycle_time_s_p99": 2.98,
        }
    )
    assert describe("cycle_time_s", []) == {}


def test_clusters_that_come_out_alike_count_once_each():
    assert clustered_wilson([12] * 48 + [0] * 2, [12] * 50) == pytest.approx(wilson(48, 50))


def test_clusters_that_scatter_as_single_trials_do_are_worth_about_as_many():
    rng = np.random.default_rng(0)
    wins = rng.binomial(12, 0.9, size=400)
    low, high = clustered_wilson(wins.tolist(), [12] * 400)
    expected = wilson(int(wins.sum()), 4800)
    assert (low, high) == pytest.approx(expected, abs=0.002)


def test_clusters_are_never_worth_more_than_their_trials():
    assert clustered_wilson([6] * 10, [12] * 10) == wilson(60, 120)


def test_clusters_that_all_succeeded_say_nothing_of_how_they_hang_together():
    assert clustered_wilson([12] * 50, [12] * 50) == wilson(50, 50)
    assert clustered_wilson([0] * 3, [12] * 3) == wilson(0, 3)
    assert clustered_wilson([5], [12])[0] < 0.1
    assert clustered_wilson([], []) == clustered_wilson([0], [0]) == (0.0, 1.0)


def test_interval_of_dependent_trials_holds_the_true_rate_as_often_as_it_says():
    rng, held = np.random.default_rng(1), 0
    for _ in range(300):
        wins = 12 * rng.binomial(1, 0.8, size=50)
        low, high = clustered_wilson(wins.tolist(), [12] * 50)
        held += low <= 0.8 <= high
    assert held >= 0.92 * 300


@pytest.mark.parametrize(("successes", "trials"), [([3], [2]), ([-1], [2]), ([1, 1], [2])])
def test_clusters_that_cannot_be_are_refused(successes, trials):
    with pytest.raises(ValueError, match="cluster"):
        clustered_wilson(successes, trials)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (3, 3), (7, 2), (39, 0), (4, 5)])
def test_sign_flips_of_single_trials_are_mcnemars_test(only_a, only_b):
    assert sign_flip([-1] * only_a + [1] * only_b + [0] * 9) == pytest.approx(mcnemar(only_a, only_b))


@pytest.mark.parametrize("differences", [(3, -1, 2), (1, 1, -2, 3), (2, 2), (0, 5), (-3, 3)])
def test_sign_flips_are_those_of_exact_enumeration(differences):
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    extreme = sum(abs(total) >= abs(sum(differences)) for total in sums)
    assert sign_flip(differences) == pytest.approx(extreme / len(sums))


def compute_non_inferiority_by_search(only_a, only_b, trials, margin):
    """Tango's statistic with the likeliest chance of "only A" under the hypothesis found on a grid."""
    chances = np.linspace(margin, 0.5, 400_001)[1:]
    told = only_a * np.log(chances) + (only_b * np.log(chances - margin) if only_b else 0.0)
    told = told + (trials - only_a - only_b) * np.log(1 - 2 * chances + margin)
    likeliest = chances[np.argmax(told)]
    spread = np.sqrt(trials * (2 * likeliest - margin - margin**2))
    return stats.norm.sf((only_b - only_a + trials * margin) / spread)


@pytest.mark.parametrize("counts", [(12, 8, 500, 0.02), (3, 0, 200, 0.05), (30, 45, 400, 0.05), (0, 0, 500, 0.02)])
def test_non_inferiority_is_the_score_test_with_the_likeliest_nuisance(counts):
    assert non_inferiority(*counts) == pytest.approx(compute_non_inferiority_by_search(*counts), rel=1e-3)


def test_non_inferiority_keeps_its_level_where_b_is_worse_by_the_margin():
    trials, margin, level = 300, 0.05, 0.025
    only_a, only_b = np.arange(61)[:, None], np.arange(61)[None, :]
    logs = [np.array([np.log(max(n, 1)) for n in range(trials + 1)]).cumsum()]
    rest = trials - only_a - only_b
    for chance in (0.06, 0.10):
        other = chance - margin
        log_chance = logs[0][trials] - logs[0][only_a] - logs[0][only_b] - logs[0][rest]
        log_chance = log_chance + only_a * np.log(chance) + only_b * np.log(other) + rest * np.log(1 - chance - other)
        found = np.array([[non_inferiority(a, b, trials, margin) for b in range(61)] for a in range(61)])
        assert np.exp(log_chance)[found < level].sum() < level + 0.005


def test_non_inferiority_wants_more_pairs_for_a_smaller_margin():
    assert non_inferiority(0, 0, 500, 0.02) < 0.025 < non_inferiority(0, 0, 100, 0.02)
    assert non_inferiority(20, 0, 500, 0.02) > 0.5
    for wrong in ((0, 0, 500, 0.0), (0, 0, 0, 0.02), (3, 3, 5, 0.02)):
        with pytest.raises(ValueError, match="margin"):
            non_inferiority(*wrong)
