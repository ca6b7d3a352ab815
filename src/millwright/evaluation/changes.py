"""Changes: which class of failure became rarer from one result to another, and in which part of the episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from millwright.evaluation.failures import ALL, LEVEL, Part, Row, analyse_failures, group_failures
from millwright.evaluation.statistics import fisher, holm, mcnemar
from millwright.evaluation.words import describe_p

TOLERANCE = 2e-3
"""Numbers of a start that differ by no more are the same, perhaps on another machine."""


@dataclass(frozen=True)
class Change:
    """How often something failed in A and in B."""

    what: str
    """A class of failure, or the part of the episodes in which failures of A and B together stand out."""
    failed_a: int
    total_a: int
    failed_b: int
    total_b: int
    p_value: float
    """Exact, in pairs where the seeds are the same; corrected for the number of changes of its kind (Holm)."""

    @property
    def verdict(self) -> str:
        if self.p_value >= LEVEL:
            return "no proof of a change"
        return "rarer" if self.failed_b / self.total_b < self.failed_a / self.total_a else "more frequent"

    def __str__(self) -> str:
        counts = f"{self.failed_a} of {self.total_a} to {self.failed_b} of {self.total_b}"
        p_value = describe_p(self.p_value)
        return f"{self.what} {counts} ({self.verdict}, p {p_value if '<' in p_value else f'= {p_value}'})"


def find_class_changes(a: Sequence[Row], b: Sequence[Row], paired: bool) -> tuple[Change, ...]:
    """Every class of failure that came in A or B; rows are the `verdicts` of a result."""
    names = [name for name in dict.fromkeys((*group_failures(a), *group_failures(b))) if name != ALL]
    return _correct(_compare(name, a, b, partial(_has_class, name), paired) for name in names)


def find_part_changes(a: Sequence[Row], b: Sequence[Row], paired: bool) -> tuple[Change, ...]:
    """The parts of the episodes in which failures stand out, A and B taken together; none without properties.

    The parts are chosen without a look at whose the failures are, so that the tests of whose they are stay exact.
    """
    both = [{**row, "seed": place, "failure": row["failure"] and ALL} for place, row in enumerate((*a, *b))]
    parts = [finding.part for item in analyse_failures(both).classes for finding in item.findings if finding.stands_out]
    changes = []
    for part in parts:
        in_a, in_b = ([row for row in rows if _is_in(part, row)] for rows in (a, b))
        if paired:
            in_a, in_b = _keep_shared(in_a, in_b), _keep_shared(in_b, in_a)
        if in_a and in_b:
            changes.append(_compare(f"where {part}", in_a, in_b, _has_failed, paired))
    return _correct(changes)


def count_other_starts(a: Sequence[Row], b: Sequence[Row]) -> int:
    """Seeds whose starts, as far as both results tell, were not the same."""
    starts = {row["seed"]: row.get("properties", {}) for row in a}
    return sum(_differ(starts[row["seed"]], row.get("properties", {})) for row in b if row["seed"] in starts)


def _has_class(name: str, row: Row) -> bool:
    return bool(row["failure"] == name)


def _has_failed(row: Row) -> bool:
    return not row["success"]


def _keep_shared(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    seeds = {row["seed"] for row in others}
    return [row for row in rows if row["seed"] in seeds]


def _is_in(part: Part, row: Row) -> bool:
    properties = row.get("properties", {})
    return part.property in properties and part.holds(properties)


def _compare(what: str, a: Sequence[Row], b: Sequence[Row], fails: Callable[[Row], bool], paired: bool) -> Change:
    failed_a, failed_b = ({row["seed"] for row in rows if fails(row)} for rows in (a, b))
    counts = (len(failed_a), len(a), len(failed_b), len(b))
    p_value = mcnemar(len(failed_a - failed_b), len(failed_b - failed_a)) if paired else fisher(*counts)
    return Change(what, *counts, p_value)


def _correct(changes: Iterable[Change]) -> tuple[Change, ...]:
    listed = list(changes)
    corrected = holm([change.p_value for change in listed])
    return tuple(replace(change, p_value=p_value) for change, p_value in zip(listed, corrected, strict=True))


def _differ(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return any(not _is_same(a[name], b[name]) for name in a.keys() & b.keys())


def _is_same(a: Any, b: Any) -> bool:
    numbers = all(isinstance(value, int | float) for value in (a, b))
    return abs(a - b) <= TOLERANCE if numbers else bool(a == b)
