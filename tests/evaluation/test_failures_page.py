"""The failures on the report page: complete for somebody who was not there, and safe to open."""

from __future__ import annotations

import re
from typing import Any

import pytest

from millwright.evaluation.advice import ADVICE, UNKNOWN, advise
from millwright.evaluation.failures_page import draw_failures
from millwright.evaluation.report import draw_page
from millwright.evaluation.result import EpisodeResult, Result
from millwright.judges import SustainedLift
from tests.evaluation.test_report import read

NASTY = "<script>alert('x')</script>"
MOMENTS = (("start", 0.0), ("before the first touch", 1.2), ("what decided it and end", 1.6))


def episode(seed: int, failure: str | None, **more: Any) -> EpisodeResult:
    evidence = {"distance_m": 0.0219, "left_pad": True, "collision": None, "held_s": -0.0} if failure else {}
    strip = {"strip": f"seed-{seed}.jpg", "moments": MOMENTS} if failure else {}
    about = {"evidence": evidence, **strip, "film": f"seed-{seed}.mp4", **more}
    return EpisodeResult(seed, failure is None, failure, "pick the brick", {"steps": 3.0}, **about)


def result(*rows: EpisodeResult) -> Result:
    return Result(range(len(rows)), rows, {"env": "reach", "policy": "p"})


def planted(number: int = 40) -> Result:
    """White bricks fail."""
    return result(
        *(
            episode(seed, None if seed % 5 else "miss", properties={"target": "red" if seed % 5 else "white"})
            for seed in range(number)
        )
    )


def test_without_failures_a_sentence_says_so_and_nothing_else_is_shown() -> None:
    drawn = draw_failures(result(*(episode(seed, None) for seed in range(3))))
    assert "None. Each of the 3 episodes succeeded." in drawn
    assert "None. The only episode succeeded." in draw_failures(result(episode(0, None)))
    assert not re.search("table|Key frames|What to try|class=.bar", drawn)


def test_each_class_has_its_count_share_interval_meaning_and_advice() -> None:
    drawn = draw_failures(result(*(episode(s, "miss" if s < 3 else "slip" if s < 4 else None) for s in range(40))))
    assert "4 of 40 episodes, by class" in drawn
    assert drawn.count("3 (7.5%; 95%: 2.6% to 19.9%)") == 2
    for name in ("miss", "slip"):
        assert f'id="failure-{name}"' in drawn
        assert ADVICE[name].meaning in drawn
        assert ADVICE[name].mitigation in drawn
    assert ADVICE["collision"].meaning not in drawn
    assert "All failures together" in drawn


def test_what_stands_out_is_shown_with_its_numbers_and_names_what_to_begin_with() -> None:
    drawn = draw_failures(planted())
    assert re.search(r'class="proven"><td class="text">target is white</td>.*8 of 8.*0 of 32', drawn, re.S)
    assert "begin with the starts where <b>target is white</b>" in drawn
    assert "need not be its cause" in drawn
    assert "corrected (Holm) for the one test of this page" in drawn


def test_luck_is_shown_as_luck_and_gives_no_advice() -> None:
    rows = (
        episode(s, "miss" if s in (0, 4, 8, 10, 15) else None, properties={"target": "red" if s % 4 else "white"})
        for s in range(40)
    )
    drawn = draw_failures(result(*rows))
    assert "Nothing stands out" in drawn
    assert "proven" not in drawn
    assert "begin with" not in drawn


def test_one_failure_is_too_few_to_tell_and_old_results_say_what_they_lack() -> None:
    one = result(*(episode(s, None if s else "miss", properties={"target": "red"}) for s in range(9)))
    assert "1 of 9 is too uneven to tell" in draw_failures(one)
    assert "holds no properties" in draw_failures(result(episode(0, "miss"), episode(1, None)))


def test_every_failure_is_there_with_its_evidence_and_key_frames() -> None:
    drawn = draw_failures(result(*(episode(seed, "miss") for seed in range(12))))
    assert [int(seed) for seed in re.findall(r'<tr><td><a href="#seed-(\d+)">', drawn)] == list(range(12))
    assert drawn.count('<img src="films/seed-') == 12
    assert "8 more" in drawn
    assert "before the first touch<br>1.2 s" in drawn
    assert "<td>2.2 cm</td><td>yes</td><td>0.0 s</td>" in drawn
    assert "<th>collision</th>" not in drawn  # None in each
    read(drawn)


def test_what_the_judge_noted_in_words_stands_beside_the_frames() -> None:
    drawn = draw_failures(
        result(episode(0, "collision", evidence={"collision": "contact force 84 N", "target": "brick"}))
    )
    assert "pick the brick; collision: contact force 84 N" in drawn


def test_a_class_that_nobody_has_written_about_gets_honest_words() -> None:
    assert advise("fell_asleep") is UNKNOWN
    drawn = draw_failures(result(episode(0, "fell_asleep"), episode(1, None)))
    assert "Nobody has written advice for this class yet" in drawn


def test_every_class_of_the_lift_has_its_advice() -> None:
    assert set(SustainedLift.failures) <= set(ADVICE)


@pytest.mark.parametrize("where", ["failure", "target", "property", "evidence", "label", "task"])
def test_nothing_that_a_judge_or_a_task_says_becomes_html(where: str) -> None:
    values: dict[str, Any] = {"properties": {"target": "red"}}
    if where == "target":
        values["properties"] = {"target": NASTY}
    if where == "property":
        values["properties"] = {f"{NASTY}_m": 0.5}
    if where == "evidence":
        values["evidence"] = {NASTY: NASTY}
    if where == "label":
        values["moments"] = ((NASTY, 0.0),)
    bad = [episode(seed, NASTY if where == "failure" else "miss", **values) for seed in range(8)]
    good = [episode(seed, None, properties={"target": "blue", f"{NASTY}_m": 0.1}) for seed in range(8, 40)]
    rows = [EpisodeResult(**{**row.to_json(), "task": NASTY}) for row in bad] if where == "task" else bad
    page = draw_page(result(*rows, *good))
    assert NASTY not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in page
    read(page)


def test_the_table_that_is_sorted_is_that_of_the_episodes() -> None:
    page = draw_page(planted())
    assert page.count('id="episodes"') == 1
    assert 'querySelector("#episodes")' in page
    assert page.index('class="plain"') < page.index('id="episodes"')


def test_targets_and_their_places_are_shown_where_they_are_known() -> None:
    rows = (
        episode(s, None if s % 5 else "miss", properties={"target": "red", "target_x_m": 0.5, "target_y_m": 0.1 * s})
        for s in range(10)
    )
    page = draw_page(result(*rows))
    assert "By place of the target" in page
    assert "in front of the robot, cm" in page
    assert "By target" not in page  # there is but one
    assert re.search(r'By target.*title="white".*8 of 8', draw_page(planted()), re.S)
    assert "By place of the target" not in draw_page(planted())
