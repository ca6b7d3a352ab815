"""compare: the right test for the data, and a sentence that does not overclaim."""

from __future__ import annotations

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


@pytest.mark.parametrize("broken", [{}, {"schema": 1}, {**WEAK, "schema": 9}, {**WEAK, "verdicts": []}])
def test_what_is_no_result_is_refused(broken):
    with pytest.raises(ResultError):
        compare(WEAK, broken)
