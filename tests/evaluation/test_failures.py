"""Failure analysis: what is planted is found, what is luck is called luck."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from millwright.evaluation.failures import ALL, LEVEL, Finding, Part, analyse_failures
from millwright.evaluation.statistics import fisher, wilson

COLOURS = ("red", "green", "blue", "white", "yellow", "pink")


def row(seed: int, failure: str | None, **properties: Any) -> dict[str, Any]:
    about = {"seed": seed, "success": failure is None, "failure": failure, "metrics": {}}
    return about | ({"properties": properties} if properties else {})


def draw_start(rng: np.random.Generator) -> dict[str, Any]:
    x, y, yaw, near = rng.uniform([0.3, -0.3, -90, 0.05], [0.7, 0.3, 90, 0.2])
    return {
        "target": str(rng.choice(COLOURS)),
        "target_x_m": x, "target_y_m": y, "target_yaw_deg": yaw, "neighbour_distance_m": near,
        "click_camera": str(rng.choice(["wrist", "overhead"])),
    }  # fmt: skip


def play(number: int, fail: Any, seed: int = 0) -> list[dict[str, Any]]:
    """Episodes with random starts; `fail` gives the failure from a start and a generator."""
    rng = np.random.default_rng(seed)
    starts = [draw_start(rng) for _ in range(number)]
    return [row(index, fail(start, rng), **start) for index, start in enumerate(starts)]


def test_a_colour_that_fails_more_often_is_found() -> None:
    rows = play(
        120, lambda start, rng: "miss" if rng.random() < (0.7 if start["target"] == "white" else 0.05) else None
    )
    (found,) = analyse_failures(rows).classes
    strongest = found.findings[0]
    assert str(strongest.part) == "target is white"
    assert strongest.stands_out
    assert not any(finding.stands_out for finding in found.findings[1:])
    white = [r for r in rows if r["properties"]["target"] == "white"]
    assert strongest.total_here == len(white)
    assert strongest.failed_here == sum(not r["success"] for r in white)
    assert strongest.failed_here + strongest.failed_elsewhere == found.count
    assert strongest.total_here + strongest.total_elsewhere == 120


@pytest.mark.parametrize(
    ("fails", "part"),
    [
        (lambda start: start["neighbour_distance_m"] < 0.08, "neighbour distance below"),
        (lambda start: start["target_x_m"] > 0.62, "target x above"),
        (lambda start: start["click_camera"] == "overhead", "click camera is overhead"),
        (lambda start: start["target"] != "red" and start["target_y_m"] < 0, "target y below"),
    ],
)
def test_every_kind_of_property_can_be_found(fails: Any, part: str) -> None:
    rows = play(120, lambda start, rng: "slip" if rng.random() < (0.6 if fails(start) else 0.03) else None)
    (found,) = analyse_failures(rows).classes
    assert str(found.findings[0].part).startswith(part)
    assert found.findings[0].stands_out


def test_each_class_has_its_own_cause_and_all_together_are_looked_at_too() -> None:
    def fail(start: dict[str, Any], rng: np.random.Generator) -> str | None:
        if start["target"] == "white" and rng.random() < 0.6:
            return "miss"
        return "slip" if start["target_x_m"] < 0.4 and rng.random() < 0.6 else None

    classes = {found.name: found for found in analyse_failures(play(200, fail)).classes}
    assert list(classes) == ["miss", "slip", ALL]
    assert str(classes["miss"].findings[0].part) == "target is white"
    assert str(classes["slip"].findings[0].part).startswith("target x below 4")
    assert classes[ALL].count == classes["miss"].count + classes["slip"].count
    assert classes[ALL].findings[0].stands_out


def test_luck_is_hardly_ever_taken_for_a_cause() -> None:
    def fail(start: dict[str, Any], rng: np.random.Generator) -> str | None:
        return str(rng.choice(["miss", "slip"])) if rng.random() < 0.2 else None

    suites, wolves = 150, 0
    for seed in range(suites):
        classes = analyse_failures(play(60, fail, seed=seed)).classes
        wolves += any(finding.stands_out for found in classes for finding in found.findings)
    assert wolves / suites <= LEVEL


def test_uncorrected_the_same_luck_would_cry_wolf_all_the_time() -> None:
    rows = [play(60, lambda _, rng: "miss" if rng.random() < 0.2 else None, seed=seed) for seed in range(40)]
    strongest = [found.findings[0] for r in rows for found in analyse_failures(r).classes if found.findings]
    assert sum(finding.p_value < LEVEL for finding in strongest) > 10


def test_a_finding_is_fishers_test_of_the_two_sides() -> None:
    rows = [row(s, "miss" if s < 6 else None, target="white" if s < 8 else "red") for s in range(40)]
    analysis = analyse_failures(rows)
    (finding,) = analysis.classes[0].findings
    assert (finding.failed_here, finding.total_here, finding.failed_elsewhere, finding.total_elsewhere) == (6, 8, 0, 32)
    assert finding.p_value == fisher(6, 8, 0, 32)
    assert finding.corrected == finding.p_value  # two words are one way to part, so one test
    assert analysis.tests == 1


def test_partings_that_could_not_come_out_are_not_paid_for() -> None:
    lone = [row(s, "miss" if s < 6 else None, target="white" if s < 8 else "red", name=f"n{s}") for s in range(40)]
    analysis = analyse_failures(lone)
    assert analysis.tests == 1
    assert [finding.part.property for finding in analysis.classes[0].findings] == ["target"]


def test_one_failure_tells_nothing() -> None:
    analysis = analyse_failures([*play(39, lambda *_: None), row(39, "miss", target="pink", target_x_m=0.31)])
    assert analysis.classes[0].count == 1
    assert not any(finding.stands_out for finding in analysis.classes[0].findings)


def test_the_smallest_p_value_that_could_have_come_is_that_of_the_most_uneven_table() -> None:
    finding = Finding(Part("target", "is", "white"), 3, 8, 4, 32)
    assert finding.attainable == fisher(7, 8, 0, 32)
    assert finding.attainable < finding.p_value


def test_the_side_on_which_failures_are_more_frequent_is_named() -> None:
    rows = [row(s, "miss" if s >= 20 else None, target="red" if s < 20 else f"other{s % 2}") for s in range(40)]
    assert str(analyse_failures(rows).classes[0].findings[0].part) == "target is not red"


def test_equal_numbers_are_never_parted() -> None:
    rows = [row(s, "miss" if s % 2 else None, bricks=12.0) for s in range(40)]
    assert analyse_failures(rows).classes[0].findings == ()
    few = [row(s, "miss" if s % 4 == 3 else None, bricks=s % 4) for s in range(40)]
    finding = analyse_failures(few).classes[0].findings[0]
    assert (finding.failed_here, finding.total_here) == (10, 10)
    assert str(finding.part) == "bricks above 2.5"


def test_a_number_that_is_nearly_always_the_same_is_parted_too() -> None:
    rows = [row(s, "miss" if s < 5 else None, speed=2.0 if s < 5 else 1.0) for s in range(40)]
    assert str(analyse_failures(rows).classes[0].findings[0].part) == "speed above 1.5"


def test_booleans_are_words() -> None:
    rows = [row(s, "miss" if s % 2 else None, bumped=bool(s % 2)) for s in range(20)]
    assert str(analyse_failures(rows).classes[0].findings[0].part) in ("bumped is yes", "bumped is not no")


def test_episodes_without_a_property_are_left_out_of_its_tests() -> None:
    rows = [row(s, "miss" if s < 8 else None, target="white" if s < 8 else "red") for s in range(30)]
    rows += [row(s, "miss", target_x_m=0.5) for s in range(30, 33)] + [row(33, None)]
    finding = analyse_failures(rows).classes[0].findings[0]
    assert (finding.failed_here, finding.total_here, finding.total_elsewhere) == (8, 8, 22)


def test_results_without_properties_give_classes_and_counts() -> None:
    analysis = analyse_failures([row(s, "miss" if s < 3 else "slip" if s < 4 else None) for s in range(40)])
    assert [(found.name, found.count) for found in analysis.classes] == [("miss", 3), ("slip", 1), (ALL, 4)]
    assert analysis.classes[0].interval == wilson(3, 40)
    assert analysis.classes[0].seeds == (0, 1, 2)
    assert (analysis.properties, analysis.tests) == ((), 0)


def test_without_failures_there_are_no_classes() -> None:
    assert analyse_failures(play(20, lambda *_: None)).classes == ()


def test_the_same_rows_give_the_same_analysis_through_json() -> None:
    rows = play(80, lambda start, rng: "miss" if rng.random() < 0.3 else None)
    assert analyse_failures(json.loads(json.dumps(rows))) == analyse_failures(rows)
