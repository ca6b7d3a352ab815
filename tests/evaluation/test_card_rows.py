"""Lines of cards: read from every kind of result, refused where something else was measured."""

from __future__ import annotations

import pytest

from millwright.core.episode import Stage
from millwright.core.errors import ResultError
from millwright.evaluation.card_rows import is_measured_with, read_rows
from millwright.evaluation.result import EpisodeResult, Result

ME = "a" * 64


def evaluated(**about) -> dict:
    def episode(seed: int, failure: str | None, held: float | None) -> EpisodeResult:
        stages = (Stage("comes", "it came", 0.1), Stage("holds", "it was held", held))
        metrics = {"max_contact_force_n": 10.0 + seed}
        return EpisodeResult(seed, failure is None, failure, "t", metrics, stages=stages)

    rows = (episode(0, None, 1.0), episode(1, "slip", None), episode(2, None, None))
    return Result(range(3), rows, {"env": "e", "policy": "p", "policy_digest": ME, **about}).to_json()


def summary_of_tables(**more) -> dict:
    tables = {"cleared": 3, "rate": 0.75, "interval": [0.3, 0.95]}
    result = {
        "env": "tray", "seeds": "0:4", "scenes": 4, "picks": 48, "successes": 47, "interval": [0.9, 1.0],
        "failures": {"dropped": 1}, "max_contact_force_n": 12.5, "tables": tables, "provenance": {"policy_digest": ME},
    }  # fmt: skip
    return {"recipe": "r", "result": {**result, **more}}


def summary_of_perturbations() -> dict:
    row = {"seeds": "0:9", "episodes": 9, "successes": 8, "interval": [0.5, 1.0], "failures": {"miss": 1}}
    conditions = {"ordinary": "as recorded", "late": "plans late", "ahead": "the same, played ahead"}
    rows = [{**row, "condition": name, "about": about} for name, about in conditions.items()]
    return {"perturbations": rows, "provenance": {"policy_digest": ME}}


def summary_of_named() -> dict:
    counted = {"trials": 60, "successes": 57, "interval": [0.86, 0.98], "failures": {"wrong_object": 3}}
    about = {"policy_digest": ME, "env_options": {"words": "unseen"}}
    return {"env": "choice", "seeds": "0:20", "named": {}, **counted, "provenance": about}


def test_evaluation_becomes_a_line_with_its_failures_stages_and_hardest_contact() -> None:
    (row,) = read_rows(evaluated(env_options={"hard": True, "bump": False, "click_noise": 0.4}), "a.json", ME)
    assert (row.conditions, row.seeds, row.unit) == ("e, `hard`, `click_noise` 0.4", "0:3", "episodes")
    assert (row.successes, row.trials, row.failures, row.stopped) == (2, 3, {"slip": 1}, {"holds": 1})
    assert row.max_force_n == 12.0
    assert row.doubts == ("1 of the 2 successes in a.json did not show what the task asks for.",)


def test_how_it_was_played_is_part_of_the_conditions() -> None:
    about = {"latency_s": [0.1, 0.25], "stale": True, "eyes": "grey", "execute": 2, "beta": 0.5}
    (row,) = read_rows(evaluated(**about), "a.json", ME)
    for said in ("100 to 250 ms late, taken for up to date", "sees grey", "`execute` 2", "expert drives 50%"):
        assert said in row.conditions


def test_cleared_tables_become_a_line_of_picks_and_one_of_tables() -> None:
    picks, tables = read_rows(summary_of_tables(), "a.json", ME)
    assert (picks.successes, picks.trials, picks.unit, picks.max_force_n) == (47, 48, "picks", 12.5)
    assert (tables.successes, tables.trials, tables.unit) == (3, 4, "tables")


def test_perturbations_become_a_line_each_that_can_be_read_alone() -> None:
    rows = read_rows(summary_of_perturbations(), "a.json", ME)
    assert [row.conditions for row in rows] == ["the ordinary world", "plans late", "plans late, played ahead"]


def test_objects_named_in_turn_become_a_line() -> None:
    (row,) = read_rows(summary_of_named(), "a.json", ME)
    assert row.conditions == "choice, `words` unseen, every object named in turn"
    assert (row.successes, row.trials, row.unit, row.failures) == (57, 60, "objects", {"wrong_object": 3})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (evaluated(policy_digest="b" * 64), "was measured with bbbb"),
        (evaluated(policy_digest=None), "measured with p, which is no bundle"),
        (evaluated(judge="height-alone"), "kept to be fooled"),
        ({**evaluated(), "successes": 3}, "was it edited"),
        ({"measured": {}}, "no result that a card can hold"),
        (summary_of_tables(failures=None, picks=None, provenance={}), "nothing that it names"),
        ({"perturbations": [{}], "provenance": {"policy_digest": ME}}, "not whole"),
        ({"perturbations": ["none"], "provenance": {"policy_digest": ME}}, "not whole"),
        ({**summary_of_named(), "interval": [0.5]}, "not whole"),
        ({**summary_of_named(), "provenance": ["me"]}, "nothing that it names"),
    ],
)
def test_what_is_no_result_of_this_bundle_is_refused_by_name(values: dict, said: str) -> None:
    with pytest.raises(ResultError, match=said) as refused:
        read_rows(values, "a.json", ME)
    assert "a.json" in str(refused.value)


def test_results_of_a_bundle_are_found_among_others() -> None:
    for values in (evaluated(), summary_of_tables(), summary_of_perturbations(), summary_of_named()):
        assert is_measured_with(values, ME)
        assert not is_measured_with(values, "b" * 64)
    assert not is_measured_with({"provenance": {"policy_digest": ME}}, ME)
    assert not is_measured_with({"tables": {}, "provenance": "mine"}, ME)
