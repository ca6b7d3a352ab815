"""What changed from one result to another: classes and parts, by exact tests in pairs or not."""

from __future__ import annotations

from typing import Any

import pytest

from millwright.evaluation.changes import count_other_starts, find_class_changes, find_part_changes
from millwright.evaluation.failures import Row
from millwright.evaluation.statistics import fisher, mcnemar

COLOURS = ("red", "green", "blue", "white")


def rows(failures: dict[int, str], number: int = 80, first: int = 0, **more: Any) -> list[Row]:
    """Episodes that fail as given by place; every fourth wants the white brick."""
    return [
        {
            "seed": first + place,
            "success": place not in failures,
            "failure": failures.get(place),
            "properties": {"target": COLOURS[place % 4], "target_x_m": 0.3 + 0.37 * place % 1, **more},
        }
        for place in range(number)
    ]


WHITE = range(3, 80, 4)
MISSING = rows({**dict.fromkeys(WHITE, "miss"), 0: "slip"})
"""White is always missed, and one slips."""
MENDED = rows({0: "slip", 1: "slip"})


def test_each_class_is_tested_in_pairs_and_corrected_for_their_number() -> None:
    miss, slip = find_class_changes(MISSING, MENDED, paired=True)
    assert (miss.what, miss.failed_a, miss.total_a, miss.failed_b, miss.total_b) == ("miss", 20, 80, 0, 80)
    assert miss.p_value == pytest.approx(2 * mcnemar(20, 0))
    assert (slip.failed_a, slip.failed_b, slip.p_value) == (1, 2, mcnemar(0, 1))
    assert (miss.verdict, slip.verdict) == ("rarer", "no proof of a change")
    assert find_class_changes(MENDED, MISSING, paired=True)[1].verdict == "more frequent"


def test_unpaired_classes_are_tested_by_fisher() -> None:
    miss, _ = find_class_changes(MISSING, rows({0: "slip"}, first=500), paired=False)
    assert miss.p_value == pytest.approx(min(1.0, 2 * fisher(20, 80, 0, 80)))


def test_the_part_in_which_failures_stand_out_is_compared() -> None:
    (change,) = find_part_changes(MISSING, MENDED, paired=True)
    assert change.what == "where target is white"
    assert (change.failed_a, change.total_a, change.failed_b, change.total_b) == (20, 20, 0, 20)
    assert change.p_value == mcnemar(20, 0)
    assert str(change) == "where target is white 20 of 20 to 0 of 20 (rarer, p < 0.0001)"


def test_the_order_of_the_two_does_not_choose_the_parts() -> None:
    (forth,), (back,) = find_part_changes(MISSING, MENDED, True), find_part_changes(MENDED, MISSING, True)
    assert (forth.what, forth.p_value) == (back.what, back.p_value)
    assert (forth.failed_a, forth.failed_b) == (back.failed_b, back.failed_a)


def test_what_stands_out_in_both_alike_has_not_changed() -> None:
    (change,) = find_part_changes(MISSING, MISSING, paired=True)
    assert (change.p_value, change.verdict) == (1.0, "no proof of a change")


def test_parts_of_different_seeds_are_compared_as_two_rates() -> None:
    (change,) = find_part_changes(MISSING, rows({}, first=500), paired=False)
    assert change.p_value == fisher(20, 20, 0, 20)


def test_without_properties_or_failures_no_part_stands_out() -> None:
    bare = [{key: value for key, value in row.items() if key != "properties"} for row in MISSING]
    assert find_part_changes(bare, bare, paired=True) == ()
    assert find_part_changes(rows({}), rows({}), paired=True) == ()
    assert find_class_changes(rows({}), rows({}), paired=True) == ()


def test_starts_are_the_same_if_what_both_know_is_the_same() -> None:
    bare = [{**row, "properties": {}} for row in MISSING]
    known_more = [{**row, "properties": {**row["properties"], "new": 1.0}} for row in MISSING]
    rounded = [
        {**row, "properties": {**row["properties"], "target_x_m": 0.001 + row["properties"]["target_x_m"]}}
        for row in MISSING
    ]
    moved = [{**row, "properties": {**row["properties"], "target_x_m": 9.0}} for row in MISSING]
    assert [count_other_starts(MISSING, other) for other in (bare, known_more, rounded, moved)] == [0, 0, 0, 80]
    assert count_other_starts(MISSING, rows({}, first=500)) == 0
