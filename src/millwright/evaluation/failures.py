"""Failure analysis: how often each class of failure came, and which properties of the start go along with it.

Every property parts the episodes in two, in several ways (one colour and the rest, the lowest quarter and the rest).
Fisher's exact test compares how often a class came on either side, and all tests of an analysis are corrected for
their number together. Partings that could not be significant wherever the failures had fallen are not tested: which
ones these are depends on the sizes of the two sides and the number of failures alone, so leaving them out costs no
honesty (Tarone 1990).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from millwright.evaluation.statistics import Interval, fisher, holm, wilson
from millwright.evaluation.words import describe_name, describe_value

LEVEL = 0.05
QUANTILES = (0.25, 0.5, 0.75)
ALL = "all failures"
"""Name of the class that holds every failure, whatever its class."""
OPPOSITES = {"is": "is not", "below": "above"}

Row = Mapping[str, Any]
"""One of the `verdicts` in a result's JSON: `seed`, `success`, `failure`, and `properties` if there are any."""


@dataclass(frozen=True)
class Part:
    """The episodes that one property singles out: those whose start `target` `is` `white`, say."""

    property: str
    relation: str
    """`is` or `is not` a word, `below` or `above` a number."""
    value: str | float

    def __str__(self) -> str:
        return f"{describe_name(self.property)} {self.relation} {describe_value(self.property, self.value)}"

    def holds(self, properties: Mapping[str, Any]) -> bool:
        """Whether an episode with these properties, among them this part's, is one of them."""
        value = properties[self.property]
        if isinstance(self.value, str):
            return (_word(value) == self.value) == (self.relation == "is")
        return bool((value < self.value) == (self.relation == "below"))


@dataclass(frozen=True)
class Finding:
    """How often failures of a class came in a part of the episodes, and how often elsewhere."""

    part: Part
    failed_here: int
    total_here: int
    failed_elsewhere: int
    total_elsewhere: int
    corrected: float = 1.0
    """p-value, corrected for the number of tests of the whole analysis (Holm)."""

    @property
    def p_value(self) -> float:
        """Two-sided, of Fisher's exact test."""
        return fisher(self.failed_here, self.total_here, self.failed_elsewhere, self.total_elsewhere)

    @property
    def attainable(self) -> float:
        """The smallest p-value that these totals allow, wherever the failures had fallen."""
        failed = self.failed_here + self.failed_elsewhere
        most, least = min(failed, self.total_here), max(0, failed - self.total_elsewhere)
        return min(fisher(here, self.total_here, failed - here, self.total_elsewhere) for here in (most, least))

    @property
    def stands_out(self) -> bool:
        return self.corrected < LEVEL


@dataclass(frozen=True)
class FailureClass:
    """All failures of one class, and what goes along with them."""

    name: str
    seeds: tuple[int, ...]
    episodes: int
    """That were played, failures and successes."""
    findings: tuple[Finding, ...]
    """Of every property that could be tested its strongest parting, the strongest property first."""

    @property
    def count(self) -> int:
        return len(self.seeds)

    @property
    def interval(self) -> Interval:
        """95% Wilson interval of the share of episodes that failed so."""
        return wilson(self.count, self.episodes)


@dataclass(frozen=True)
class Analysis:
    """What there is to say about the failures of a result."""

    classes: tuple[FailureClass, ...]
    """The most frequent first; several are followed by `ALL`, which holds the failures of each."""
    tests: int
    """For which the p-values are corrected."""
    properties: tuple[str, ...]
    """Names of the properties that the result holds."""


def analyse_failures(rows: Sequence[Row]) -> Analysis:
    """Analyse the `verdicts` of a result's JSON; without properties that gives classes and counts alone."""
    names = tuple(dict.fromkeys(name for row in rows for name in row.get("properties", ())))
    parted = [sides for name in names for sides in _part(name, rows)]
    classes = group_failures(rows)
    tests = [(name, _count(seeds, *sides)) for name, seeds in classes.items() for sides in parted]
    tests = _keep_testable(tests)
    corrected = holm([finding.p_value for _, finding in tests])
    found = [(name, replace(finding, corrected=p)) for (name, finding), p in zip(tests, corrected, strict=True)]
    return Analysis(
        tuple(
            FailureClass(name, seeds, len(rows), _rank([finding for of, finding in found if of == name]))
            for name, seeds in classes.items()
        ),
        len(tests),
        names,
    )


def group_failures(rows: Sequence[Row]) -> dict[str, tuple[int, ...]]:
    """As `list_failures`; behind several classes `ALL`."""
    classes = list_failures(rows)
    return classes | ({ALL: tuple(row["seed"] for row in rows if not row["success"])} if len(classes) > 1 else {})


def list_failures(rows: Sequence[Row]) -> dict[str, tuple[int, ...]]:
    """Class -> seeds, the most frequent class first."""
    failed = [row for row in rows if not row["success"]]
    classes = Counter(row["failure"] for row in failed).most_common()
    return {name: tuple(row["seed"] for row in failed if row["failure"] == name) for name, _ in classes}


def _part(name: str, rows: Sequence[Row]) -> Iterator[tuple[Part, frozenset[int], frozenset[int]]]:
    """Part by a property: every word against the rest, numbers at their quartiles; with the seeds on both sides."""
    known = {row["seed"]: row["properties"] for row in rows if row.get("properties", {}).get(name) is not None}
    values = [properties[name] for properties in known.values()]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        parts = [Part(name, "below", cut) for cut in _find_cuts(values)]
    else:
        parts = [Part(name, "is", word) for word in dict.fromkeys(map(_word, values))]
    seen: set[frozenset[int]] = set()
    for part in parts:
        here = frozenset(seed for seed, properties in known.items() if part.holds(properties))
        elsewhere = frozenset(known) - here
        if here and elsewhere and here not in seen:
            seen |= {here, elsewhere}  # the other one of two words says nothing new
            yield part, here, elsewhere


def _find_cuts(values: Sequence[float]) -> list[float]:
    """Half-way between the neighbours around each quartile; equal values are never parted."""
    distinct, cuts = sorted(set(values)), []
    ordered = sorted(values)
    for quantile in QUANTILES if len(distinct) > 1 else ():
        place = max(1, distinct.index(ordered[min(round(quantile * len(ordered)), len(ordered) - 1)]))
        cuts.append((distinct[place - 1] + distinct[place]) / 2)
    return cuts


def _count(seeds: Sequence[int], part: Part, here: frozenset[int], elsewhere: frozenset[int]) -> Finding:
    """The finding for the failures `seeds`, from the side on which they are more frequent."""
    failed_here, failed_elsewhere = len(here.intersection(seeds)), len(elsewhere.intersection(seeds))
    if failed_here * len(elsewhere) >= failed_elsewhere * len(here):
        return Finding(part, failed_here, len(here), failed_elsewhere, len(elsewhere))
    opposite = replace(part, relation=OPPOSITES[part.relation])
    return Finding(opposite, failed_elsewhere, len(elsewhere), failed_here, len(here))


def _keep_testable(tests: Sequence[tuple[str, Finding]]) -> list[tuple[str, Finding]]:
    """Those that could be significant after correction for as many as are kept (Tarone 1990)."""
    attainable = [finding.attainable for _, finding in tests]
    for number in range(1, len(tests) + 1):
        kept = [test for test, p_value in zip(tests, attainable, strict=True) if p_value <= LEVEL / number]
        if len(kept) <= number:
            return kept
    return []


def _rank(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The strongest finding of each property, the strongest first."""
    ordered = sorted(findings, key=lambda finding: finding.p_value)
    best = {finding.part.property: finding for finding in reversed(ordered)}
    return tuple(finding for finding in ordered if best[finding.part.property] is finding)


def _word(value: str | float) -> str:
    """What words are compared as; booleans are words too."""
    return describe_value("", value)
