"""Is the dream true? Dreamed against real, in numbers: pure functions of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import OptionError

Floats = NDArray[np.floating]
HORIZONS = (1, 5, 15, 50)
"""Steps ahead at which dreams are compared with what came."""


@dataclass(frozen=True)
class OpenLoop:
    """How far dreams are from what came, and how far what was last seen is; per horizon, mean squared errors."""

    horizons: tuple[int, ...]
    dreamed: tuple[float, ...]
    repeated: tuple[float, ...]
    """Of who says that nothing changes: below it a dream knows something."""
    num: tuple[int, ...]
    """Starts that were that far from their episode's end."""

    @property
    def skills(self) -> tuple[float, ...]:
        """1 - dreamed / repeated: 1 is perfect, 0 no better than repeating the last frame."""
        return tuple(1 - a / b if b else float("nan") for a, b in zip(self.dreamed, self.repeated, strict=True))


def compare_open_loop(
    dreamed: Floats, real: Floats, left: NDArray[np.int64], horizons: Sequence[int] = HORIZONS
) -> OpenLoop:
    """Errors at the horizons of dreams that did what was done.

    Args:
        dreamed: (starts, steps, latent) after 1, 2, ... steps.
        real: (starts, steps + 1, latent), the first of them what was seen at the start.
        left: (starts,) steps until each one's episode ended; beyond them nothing is compared.

    Raises:
        OptionError: a horizon longer than the dreams, or reached by none of them.
    """
    if max(horizons) > dreamed.shape[1] or min(horizons) < 1:
        raise OptionError(f"dreams of {dreamed.shape[1]} steps have no horizons {tuple(horizons)}")
    rows: list[tuple[float, float, int]] = []
    for horizon in horizons:
        reached = left >= horizon
        if not reached.any():
            raise OptionError(f"no episode goes on for {horizon} steps after a start; give longer ones")
        came, start = real[reached, horizon], real[reached, 0]
        errors = [float(np.square(told - came).mean()) for told in (dreamed[reached, horizon - 1], start)]
        rows.append((errors[0], errors[1], int(reached.sum())))
    told, repeated, num = zip(*rows, strict=True)
    return OpenLoop(tuple(horizons), told, repeated, num)


@dataclass(frozen=True)
class Events:
    """Reward events told and come, as a detector is judged."""

    precision: float
    recall: float
    f1: float
    base_rate: float
    """Share of steps with an event: the F1 of who always tells one is 2 b / (1 + b)."""


def compare_events(dreamed: Floats, real: Floats, threshold: float = 0.5) -> Events:
    """Steps in which at least one tile is told (a count above `threshold`) against those in which one came."""
    told, came = dreamed > threshold, real > threshold
    hits = int((told & came).sum())
    precision = hits / int(told.sum()) if told.any() else 0.0
    recall = hits / int(came.sum()) if came.any() else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return Events(precision, recall, f1, float(came.mean()))


@dataclass(frozen=True)
class Ranking:
    """How well dreams tell which policy is better."""

    spearman: float
    """Rank correlation of dreamed and real returns; NaN where either does not vary."""
    interval: tuple[float, float]
    """95%, of 2,000 bootstrap samples of the policies."""
    regret: float
    """Real return of the really best policy less that of the one that the dream finds best."""
    num_policies: int


def compare_ranking(dreamed: Sequence[float], real: Sequence[float], seed: int = 0) -> Ranking:
    """Of policies of mixed quality, a dreamed and a real return each.

    Raises:
        OptionError: fewer than three, or not one of each for every policy.
    """
    told, came = np.asarray(dreamed, np.float64), np.asarray(real, np.float64)
    if told.shape != came.shape or len(told) < 3:
        raise OptionError(
            f"ranks need a dreamed and a real return of 3 policies at least, got {len(told)}, {len(came)}"
        )
    rng = np.random.default_rng(seed)
    samples = [_spearman(told[rows], came[rows]) for rows in rng.integers(len(told), size=(2000, len(told)))]
    low, high = np.nanquantile(samples, (0.025, 0.975))
    regret = float(came.max() - came[told.argmax()])
    return Ranking(_spearman(told, came), (float(low), float(high)), regret, len(told))


def _spearman(a: Floats, b: Floats) -> float:
    ranks = [_rank(values) - (len(values) - 1) / 2 for values in (a, b)]
    spread = np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum())
    return float((ranks[0] * ranks[1]).sum() / spread) if spread else float("nan")


def _rank(values: Floats) -> NDArray[np.float64]:
    """From 0; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    means: NDArray[np.float64] = (before + (counts - 1) / 2)[inverse]
    return means


@dataclass(frozen=True)
class Calibration:
    """Chances told against how often it came, in bins of equal width."""

    error: float
    """Expected calibration error: the mean gap, weighted by how often a bin was told."""
    told: tuple[float, ...]
    came: tuple[float, ...]
    num: tuple[int, ...]


def calibrate(chances: Floats, came: Floats, bins: int = 10) -> Calibration:
    """Of chances (n,) in 0..1 and whether it came (n,), 0 or 1; empty bins are left out.

    Raises:
        OptionError: no chances, or one that is none.
    """
    if not len(chances) or not ((chances >= 0) & (chances <= 1)).all():
        raise OptionError("calibration needs chances between 0 and 1")
    places = np.minimum((np.asarray(chances) * bins).astype(np.int64), bins - 1)
    rows = [
        (float(chances[places == place].mean()), float(came[places == place].mean()), int((places == place).sum()))
        for place in np.unique(places)
    ]
    told, happened, num = zip(*rows, strict=True)
    gaps = np.abs(np.subtract(told, happened))
    return Calibration(float((gaps * num).sum() / sum(num)), told, happened, num)


@dataclass(frozen=True)
class ExploitGap:
    """How much more dreams promise than the road gives, in the same unit: tiles a step."""

    dreamed: float
    real: float
    interval: tuple[float, float]
    """95%, of the gap."""
    num: int
    """Drives that were dreamed again."""

    @property
    def gap(self) -> float:
        return self.dreamed - self.real

    @property
    def alarm(self) -> bool:
        """Dreams promise more than the road gives, and not by the luck of these drives."""
        return self.interval[0] > 0

    def to_json(self) -> dict[str, object]:
        """With gap and alarm."""
        return {**asdict(self), "gap": self.gap, "alarm": self.alarm}


def find_exploit_gap(dreamed: Sequence[float], real: Sequence[float]) -> ExploitGap:
    """Of what a driver reached in drives, and in dreams that began in the same states: one of each a drive.

    A driver that learned what its world model has wrong dreams of what the road does not give. The alarm has no
    threshold that could be tuned: it sounds where Student's 95% interval of the mean difference over drives (drives are
    what is drawn anew; steps of one hang together) lies above 0. It is wrong about one true dream in forty, and few
    drives, which tell little, leave it silent.

    Raises:
        OptionError: fewer than two drives, or not one dream of each.
    """
    told, came = np.asarray(dreamed, np.float64), np.asarray(real, np.float64)
    if told.shape != came.shape or len(told) < 2:
        raise OptionError(
            f"an exploit gap needs two drives at least and a dream of each, got {len(came)} drives, {len(told)} dreams"
        )
    gaps = told - came
    # scipy loads slowly
    from scipy.stats import t

    half = float(t.ppf(0.975, len(gaps) - 1)) * float(gaps.std(ddof=1)) / len(gaps) ** 0.5
    middle = float(gaps.mean())
    return ExploitGap(float(told.mean()), float(came.mean()), (middle - half, middle + half), len(gaps))


@dataclass(frozen=True)
class LatentDistance:
    """A Frechet distance between Gaussians of this package's own codes. It is no FID: that has Inception's features."""

    dreamed: float
    floor: float
    """Of one half of what was really seen to the other: what no dream can be below, but by chance."""


def measure_latent_distance(dreamed: Floats, real: Floats, seed: int = 0) -> LatentDistance:
    """Of codes (n, code) that were dreamed and codes (m, code) that were seen.

    Raises:
        OptionError: fewer of either than two for each number of a code.
    """
    if min(len(dreamed), len(real) // 2) < 2 * dreamed.shape[1]:
        raise OptionError(
            f"a Frechet distance of {dreamed.shape[1]} numbers needs more codes than {len(dreamed)}, {len(real)}"
        )
    rows = np.random.default_rng(seed).permutation(len(real))
    half = len(real) // 2
    one, other = real[rows[:half]], real[rows[half : 2 * half]]
    drawn = dreamed[np.random.default_rng(seed).permutation(len(dreamed))[:half]]  # as many: few look farther away
    return LatentDistance(compute_frechet(drawn, other), compute_frechet(one, other))


def compute_frechet(a: Floats, b: Floats) -> float:
    """Between the Gaussians of two samples: |m - m'|^2 + tr(C + C' - 2 (C C')^1/2) (Dowson and Landau 1982)."""
    means = [np.asarray(each, np.float64).mean(0) for each in (a, b)]
    spreads = [np.cov(np.asarray(each, np.float64), rowvar=False) for each in (a, b)]
    values, vectors = np.linalg.eigh(spreads[0])
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    crossed = np.linalg.eigvalsh(root @ spreads[1] @ root).clip(min=0)
    apart = float(np.square(means[0] - means[1]).sum())
    return apart + float(np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * np.sqrt(crossed).sum())
