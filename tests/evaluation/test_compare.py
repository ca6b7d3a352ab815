"""compare: the right test for the data, and a sentence that does not overclaim."""

from __future__ import annotations

import re

import pytest

from millwright.core.errors import ResultError
from millwright.evaluation.compare import compare
from millwright.evaluation.result import EpisodeResult, Result
from millwright.evaluation.statistics import difference, fisher, mcnemar, paired_difference


def result(policy: str, wins: set[int], seeds: range, env: str = "brick-table", **provenance: object) -> dict:
    rows = tuple(EpisodeResult(s, s in wins, None if s in wins else "miss", "", {}) for s in seeds)
    return Result(seeds, rows, {"env": env, "policy": policy, **provenance}).to_json()


SEEDS = range(100)
WEAK, STRONG = result("weak", set(range(70)), SEEDS), result("strong", set(range(5, 95)), SEEDS)


def test_the_same_seeds_are_compared_in_pairs():
    said = compare(WEAK, STRONG)
    assert said.test == "paired exact (McNemar)"
    assert (said.only_a, said.only_b) == (5, 25)
    assert said.p_value == mcnemar(5, 25)
    assert said.interval == paired_difference(65, 5, 25, 5)
    assert said.difference == pytest.approx(0.2)


def test_the_order_of_the_verdicts_does_not_matter():
    turned = {**STRONG, "verdicts": STRONG["verdicts"][::-1]}
    assert compare(WEAK, turned) == compare(WEAK, STRONG)


def test_different_seeds_are_compared_as_two_rates():
    other = result("strong", set(range(200, 290)), range(200, 300))
    said = compare(WEAK, other)
    assert said.test == "exact (Fisher)"
    assert (said.only_a, said.only_b) == (None, None)
    assert said.p_value == fisher(70, 100, 90, 100)
    assert said.interval == difference(70, 100, 90, 100)
    assert "different seeds" in said.sentence


def test_a_proven_difference_names_the_better_one_in_either_order():
    for said in (compare(WEAK, STRONG), compare(STRONG, WEAK)):
        assert "So strong is better than weak" in said.sentence
    assert "strong succeeded in 90 of 100, weak in 70 of 100" in compare(WEAK, STRONG).sentence
    assert "+20.0 points" in compare(WEAK, STRONG).sentence


def test_luck_is_called_luck():
    said = compare(result("a", set(range(70)), SEEDS), result("b", set(range(72)), SEEDS))
    assert said.p_value > 0.05
    assert "no proof of a difference" in said.sentence
    assert "better" not in said.sentence


def test_a_policy_compared_with_itself_does_not_differ():
    said = compare(WEAK, WEAK)
    assert (said.difference, said.p_value) == (0.0, 1.0)
    assert "B alone succeeded 0 times, A alone 0 times" in said.sentence


def test_what_makes_two_results_incomparable_is_said():
    other = result("strong", set(range(90)), SEEDS, env="lift", env_options={"hard": True})
    assert [warning.split(":")[0] for warning in compare(WEAK, other).warnings] == [
        "the environments differ",
        "env_options differ",
    ]
    assert compare(WEAK, {**STRONG, "privileged": True}).warnings
    assert compare(WEAK, STRONG).warnings == ()


def broken(**changes: object) -> dict:
    return {**WEAK, **changes}


def verdicts(**changes: object) -> list:
    return [{**WEAK["verdicts"][0], **changes}, *WEAK["verdicts"][1:]]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "schema None"),
        ([], "schema 'list'"),
        ({"schema": 1}, "no env, policy, seeds, episodes, successes, rate, verdicts; got schema"),
        (broken(schema=9), "schema 9; this version reads schema 1"),
        (broken(verdicts=[]), "no episodes"),
        (broken(verdicts=None), "verdicts must be a list, got None"),
        (broken(verdicts="abc"), "verdicts must be a list"),
        (broken(verdicts=[5]), "verdict 0 is 5; a verdict has seed"),
        (broken(verdicts=verdicts(seed="0")), "verdict 0 is"),
        (broken(verdicts=verdicts(success="yes")), "success (a boolean)"),
        (broken(verdicts=verdicts(failure="miss")), "success True with failure 'miss'"),
        (broken(verdicts=verdicts(success=False, failure=None)), "success False with failure None"),
        (broken(verdicts=verdicts(seed=1)), "seed 1 has more than one verdict"),
        (broken(verdicts=verdicts(properties=[1])), "properties must be texts, booleans or numbers by name"),
        (broken(verdicts=verdicts(properties={"x": float("nan")})), "properties must be"),
        (broken(successes=71), "successes is 71, but its verdicts make 70"),
        (broken(episodes=99), "episodes is 99, but its verdicts make 100"),
        (broken(rate=0.9), "rate is 0.9, but its verdicts make 0.7"),
        (broken(rate=True), "rate must be a number, got True"),
        (broken(policy=5), "policy must be a text, got 5"),
        (broken(provenance=None), "provenance must be an object, got None"),
    ],
)
def test_what_is_no_whole_result_is_refused_with_its_name_and_the_reason(values, said):
    with pytest.raises(ResultError, match=f"^B: .*{re.escape(said)}"):
        compare(WEAK, values)
    with pytest.raises(ResultError, match=r"^A: "):
        compare(values, WEAK)


def test_results_of_older_versions_are_compared_without_complaint():
    older = {name: value for name, value in WEAK.items() if name not in ("provenance", "interval", "privileged")}
    assert compare(older, older).p_value == 1.0


def started(result_json: dict, **more: object) -> dict:
    """The result with a start for every seed; every tenth is white."""
    rows = [
        {**row, "properties": {"target": "red" if row["seed"] % 10 else "white", "x_m": 0.01 * row["seed"], **more}}
        for row in result_json["verdicts"]
    ]
    return {**result_json, "verdicts": rows}


def test_the_same_seeds_in_other_scenes_are_no_pairs():
    said = compare(started(WEAK), started(STRONG, target="blue"))
    assert said.test == "exact (Fisher)"
    assert "100 seeds of both began differently" in said.warnings[0]
    assert "different scenes" in said.sentence
    assert compare(started(WEAK), started(STRONG)).test == "paired exact (McNemar)"
    assert compare(started(WEAK), STRONG).test == "paired exact (McNemar)"


def test_the_same_seeds_of_another_environment_are_no_pairs():
    assert compare(WEAK, result("strong", set(range(90)), SEEDS, env="lift")).test == "exact (Fisher)"


def test_the_classes_that_changed_are_named():
    said = compare(WEAK, STRONG)
    assert said.details == (
        "From weak to strong, failures by class: miss 30 of 100 to 10 of 100 (rarer, p = 0.00032).",
    )
    assert compare(result("a", set(SEEDS), SEEDS), result("b", set(SEEDS), SEEDS)).details == ()


def test_the_part_that_changed_is_named_where_both_hold_properties():
    bad = result("bad", {seed for seed in SEEDS if seed % 10}, SEEDS)
    good = result("good", set(SEEDS), SEEDS)
    said = compare(started(bad), started(good))
    assert "failures: where target is white 10 of 10 to 0 of 10 (rarer, p = 0.002)" in said.details[-1]
    assert compare(started(bad), good).part_changes == compare(bad, started(good)).part_changes == ()
