"""Rates, differences and means with their intervals, and exact tests. Pure functions.

scipy is imported where it is needed: loading it takes longer than most evaluations' arithmetic, and a
running tally needs only `wilson`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, sqrt
from statistics import NormalDist

import numpy as np

Interval = tuple[float, float]


def wilson(successes: float, trials: float, confidence: float = 0.95) -> Interval:
    """Score interval of a rate (Wilson 1927); (0, 1) without trials.

    Raises:
        ValueError: not 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..{trials}, got {successes}")
    return _score_interval(successes / trials, trials, confidence) if trials else (0.0, 1.0)


def clustered_wilson(successes: Sequence[int], trials: Sequence[int], confidence: float = 0.95) -> Interval:
    """Score interval of the rate of trials that come in clusters, whose outcomes may hang together.

    Wilson's interval, for as many independent trials as would scatter as the clusters do (the effective sample size of
    Korn and Graubard 1998, with the variance of a ratio, Cochran 1977, eq. 6.13): as many as there are clusters, where
    all trials of a cluster come out alike, and never more than there are trials. Where all succeeded, or none did,
    nothing is known of how they hang together, and each cluster counts once.

    Args:
        successes, trials: of each cluster; those without trials are left out.

    Raises:
        ValueError: not 0 <= successes <= trials.
    """
    wins, sizes = (np.asarray(values, np.float64) for values in (successes, trials))
    if len(wins) != len(sizes) or not ((wins >= 0) & (wins <= sizes)).all():
        raise ValueError("of each cluster, 0 <= successes <= trials")
    wins, sizes = wins[sizes > 0], sizes[sizes > 0]
    count, total = len(sizes), float(sizes.sum())
    if not count:
        return 0.0, 1.0
    rate = float(wins.sum()) / total
    if count == 1 or rate in (0.0, 1.0):
        return _score_interval(rate, count, confidence)
    variance = count / (count - 1) * float(((wins - rate * sizes) ** 2).sum()) / total**2
    worth = rate * (1 - rate) / variance if variance else total
    return _score_interval(rate, min(max(worth, count), total), confidence)


@lru_cache(maxsize=100_000)
def fisher(successes_a: int, trials_a: int, successes_b: int, trials_b: int) -> float:
    """Two-sided p-value of Fisher's exact test that two independent rates are equal."""
    from scipy.stats import fisher_exact

    table = [[successes_a, trials_a - successes_a], [successes_b, trials_b - successes_b]]
    return float(fisher_exact(table).pvalue)


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided exact p-value that two paired rates are equal (McNemar 1947).

    Args:
        only_a: pairs in which only A succeeded.
        only_b: pairs in which only B did; pairs that agree say nothing about the difference.
    """
    trials = only_a + only_b
    tail = sum(comb(trials, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, float(2 * tail / (1 << trials)))


def non_inferiority(only_a: int, only_b: int, trials: int, margin: float) -> float:
    """One-sided p-value that B succeeds less often than A by `margin` or more, over pairs (score test, Tango 1998).

    Args:
        only_a, only_b: as for `mcnemar`.
        trials: all pairs, those that agree included.
        margin: a difference of rates that would be taken for none, 0 to 1, both left out.

    Raises:
        ValueError: no pairs, or a margin out of its range.
    """
    if not 0 < margin < 1 or not 0 <= only_a + only_b <= trials or not trials:
        raise ValueError(f"a margin lies between 0 and 1, and pairs are 1 or more; got {margin} and {trials} pairs")
    linear = trials * 2 * margin + (only_a + only_b) + margin * (only_a - only_b)
    constant = only_a * margin * (1 + margin)
    likeliest = (linear + sqrt(max(linear**2 - 8 * trials * constant, 0.0))) / (4 * trials)  # chance of "only A"
    spread = sqrt(trials * (2 * likeliest - margin * (1 + margin)))
    return 1 - NormalDist().cdf((only_b - only_a + trials * margin) / spread)


def sign_flip(differences: Sequence[int]) -> float:
    """Two-sided exact p-value that paired differences are as often in favour of either (Fisher 1935, Pitman 1937).

    Each difference is as likely to have come out with the other sign, were both equally good. Where all are -1, 0
    or 1 this is McNemar's exact test.
    """
    sizes = [abs(difference) for difference in differences if difference]
    chances = np.ones(1)  # of the sums -total, -total + 2, ... total
    for size in sizes:
        shifted = np.zeros(len(chances) + size)
        shifted[:-size] += chances / 2
        shifted[size:] += chances / 2
        chances = shifted
    sums = 2 * np.arange(len(chances)) - sum(sizes)
    return min(1.0, float(chances[np.abs(sums) >= abs(sum(differences))].sum()))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values corrected for their number (Holm 1979), in the given order.

    If all those below 0.05 are believed, the chance that any of them is wrong is at most 5%.
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return tuple(corrected)


def difference(
    successes_a: float, trials_a: float, successes_b: float, trials_b: float, confidence: float = 0.95
) -> Interval:
    """Interval of rate B minus rate A of independent trials (Newcombe 1998, method 10)."""
    a, b = successes_a / trials_a, successes_b / trials_b
    low_a, high_a = wilson(successes_a, trials_a, confidence)
    low_b, high_b = wilson(successes_b, trials_b, confidence)
    return _square_and_add(b - a, (b - low_b, high_a - a), (high_b - b, a - low_a), 0.0)


def paired_difference(both: float, only_a: float, only_b: float, neither: float, confidence: float = 0.95) -> Interval:
    """Interval of rate B minus rate A over pairs (Newcombe 1998, paired data, method 10).

    Counts may be means, where the same pairs were tried several times.
    """
    trials = both + only_a + only_b + neither
    wins_a, wins_b = both + only_a, both + only_b
    a, b = wins_a / trials, wins_b / trials
    low_a, high_a = wilson(wins_a, trials, confidence)
    low_b, high_b = wilson(wins_b, trials, confidence)
    spread = wins_a * (trials - wins_a) * wins_b * (trials - wins_b)
    cross = both * neither - only_a * only_b
    corrected = max(cross - trials / 2, 0) if cross > 0 else cross
    phi = corrected / sqrt(spread) if spread else 0.0
    return _square_and_add(b - a, (b - low_b, high_a - a), (high_b - b, a - low_a), phi)


def mean_interval(values: Sequence[float], confidence: float = 0.95, resamples: int = 2000) -> Interval:
    """Bootstrap percentile interval of the mean; the same values always give the same interval.

    Raises:
        ValueError: there are no values.
    """
    array = np.asarray(values, np.float64)
    if array.size == 0:
        raise ValueError("the mean of no values has no interval")
    rng = np.random.default_rng(0)
    means = np.array([array[rng.integers(array.size, size=array.size)].mean() for _ in range(resamples)])
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def describe(name: str, values: Sequence[float]) -> dict[str, float]:
    """`{name}_mean, _std, _p50, _p95, _p99` of finite values; empty without values. std divides by n."""
    array = np.asarray(values, np.float64)
    if array.size == 0:
        return {}
    p50, p95, p99 = np.percentile(array, [50, 95, 99])
    rows = {"mean": array.mean(), "std": array.std(), "p50": p50, "p95": p95, "p99": p99}
    return {f"{name}_{key}": float(value) for key, value in rows.items()}


def _score_interval(rate: float, trials: float, confidence: float) -> Interval:
    """Wilson's interval of a rate that `trials` gave, which need not be a whole number."""
    z = _z(confidence)
    weight = 1 + z * z / trials
    centre = (rate + z * z / (2 * trials)) / weight
    half = z / weight * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return 0.0 if rate == 0 else centre - half, 1.0 if rate == 1 else centre + half


def _square_and_add(centre: float, below: Interval, above: Interval, phi: float) -> Interval:
    """Distances to the Wilson limits, added as correlated errors with correlation `phi`."""
    low, high = (sqrt(max(x * x - 2 * phi * x * y + y * y, 0.0)) for x, y in (below, above))
    return centre - low, centre + high


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
