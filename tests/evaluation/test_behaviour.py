"""Behaviour over an evaluation: counts add up, and a success that shows less than the task asks for is told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from millwright.core.episode import Stage
from millwright.core.errors import ResultError
from millwright.evaluation.behaviour import count_stages, say_unsupported, tabulate
from millwright.evaluation.behaviour_page import draw_behaviour, draw_warning
from millwright.evaluation.report import draw_page
from millwright.evaluation.result import EpisodeResult, Result, load_result
from millwright.evaluation.statistics import wilson

ABOUT = {"comes": "it came near", "grips": "it was gripped", "holds": "it was held <up>"}


def episode(seed: int, failure: str | None, reached: int) -> EpisodeResult:
    stages = tuple(
        Stage(name, about, 0.5 + place if place < reached else None)
        for place, (name, about) in enumerate(ABOUT.items())
    )
    return EpisodeResult(seed, failure is None, failure, "pick", {"steps": 3.0}, stages=stages)


def result(*rows: tuple[str | None, int]) -> Result:
    episodes = tuple(episode(seed, failure, reached) for seed, (failure, reached) in enumerate(rows))
    return Result(range(len(rows)), episodes, {"env": "e", "policy": "p"})


MIXED = result((None, 3), ("miss", 1), ("slip", 1), ("miss", 1), ("collision", 3), ("timeout", 0))
FOOLED = result((None, 3), (None, 1), (None, 0), ("miss", 0))


def test_every_episode_is_counted_at_each_stage_it_reached() -> None:
    behaviour = MIXED.behaviour
    assert [len(stage.reached) for stage in behaviour.stages] == [5, 2, 2]
    assert [stage.successes for stage in behaviour.stages] == [1, 1, 1]
    assert behaviour.stages[0].interval == wilson(5, 6)


def test_failures_are_told_by_the_stage_that_they_stopped_before() -> None:
    behaviour = MIXED.behaviour
    assert [dict(stage.stopped) for stage in behaviour.stages] == [
        {"timeout": (5,)},
        {"miss": (1, 3), "slip": (2,)},
        {},
    ]
    assert behaviour.past_all == {"collision": (4,)}
    stopped = sum(len(seeds) for stage in behaviour.stages for seeds in stage.stopped.values())
    assert stopped + 1 == len(MIXED.episodes) - MIXED.successes


def test_success_that_lacks_a_stage_is_unsupported() -> None:
    assert MIXED.behaviour.unsupported == {}
    behaviour = FOOLED.behaviour
    assert behaviour.unsupported == {"comes": (2,), "grips": (1,)}
    assert say_unsupported(behaviour)[1] == "1 called a success by the judge, but it was never seen that it was gripped"


def test_the_table_of_the_terminal_has_a_line_a_stage_and_warns() -> None:
    lines = tabulate(MIXED.behaviour)
    assert [line.split()[:2] for line in lines[1:4]] == [["comes", "5/6"], ["grips", "2/6"], ["holds", "2/6"]]
    assert lines[2].endswith("2 miss, 1 slip")
    assert lines[4] == "failed although they came past all stages: 1 collision"
    assert len(lines) == 5
    assert [line for line in tabulate(FOOLED.behaviour) if line.startswith("careful: 1 called")]


def test_result_on_disk_holds_stages_and_counts_and_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    MIXED.save(path)
    values = load_result(path)
    assert values["verdicts"][1]["stages"] == {"comes": 0.5, "grips": None, "holds": None}
    assert [stage["reached"] for stage in values["behaviour"]["stages"]] == [5, 2, 2]
    assert values["behaviour"]["stages"][1]["stopped"] == {"miss": 2, "slip": 1}
    values["behaviour"]["stages"][1]["reached"] = 6
    path.write_text(json.dumps(values))
    with pytest.raises(ResultError, match=r"6 reached 'grips', but its verdicts make 2"):
        load_result(path)
    values["verdicts"][1]["stages"] = {"comes": "early"}
    path.write_text(json.dumps(values))
    with pytest.raises(ResultError, match=r"seed 1.*seconds or null"):
        load_result(path)
    del values["verdicts"][1]["stages"]
    path.write_text(json.dumps(values))
    with pytest.raises(ResultError, match="every verdict says when"):
        load_result(path)


def test_episodes_come_back_from_the_journal_with_their_stages() -> None:
    for row in MIXED.episodes:
        assert EpisodeResult.from_json(json.loads(json.dumps(row.to_json()))) == row
    assert [row.stopped for row in MIXED.episodes] == [None, "grips", "grips", "grips", None, "comes"]


def test_without_stages_nothing_is_said_of_behaviour() -> None:
    plain = Result(range(1), (replace(MIXED.episodes[0], stages=()),), {"env": "e", "policy": "p"})
    assert plain.behaviour is None
    assert "behaviour" not in plain.to_json()
    assert "stages" not in plain.to_json()["verdicts"][0]
    assert draw_behaviour(plain) == draw_warning(plain) == ""
    assert "stopped before" not in draw_page(plain)


def test_the_report_shows_the_funnel_with_links_to_who_stopped_where() -> None:
    page = draw_page(MIXED)
    assert "Do not believe" not in page
    assert 'failed before it: 2 miss (<a href="#seed-1">1</a>, <a href="#seed-3">3</a>); 1 slip' in page
    assert "held &lt;up&gt;" in page
    assert '<b>5</b> <span class="soft">of 6:' in page
    assert "failed past all stages: 1 collision" in page


def test_the_report_opens_with_a_warning_where_successes_show_nothing() -> None:
    page = draw_page(FOOLED)
    assert page.index("Do not believe the rate") < page.index("75.0%")
    assert "Of 3 that the judge calls successful,\n2 did not show" in page
    assert "a success to the judge alone" in page


def test_rows_of_a_result_that_was_loaded_count_alike() -> None:
    assert count_stages(MIXED.to_json()["verdicts"], ABOUT) == MIXED.behaviour
