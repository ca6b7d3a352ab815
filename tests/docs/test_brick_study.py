"""The page about the study says what its results say, whatever they are."""

from __future__ import annotations

import json
import re

import brick_study_page
import pytest
from tests.recipes.study.test_comparing import make_file

from millwright.core.errors import UnknownNameError
from millwright.recipes.study.ceilings import PLAYED, Outcome, summarise
from millwright.recipes.study.cells import CELLS
from millwright.recipes.study.comparing import make_rows


@pytest.fixture(scope="module")
def values() -> dict:
    """Of a study in which only the reference and the mended recipe pick."""
    files = {}
    for number, name in enumerate(CELLS):
        won = 97 if name == "reference" else 80 if name == "mended" else number % 3
        aim = {"plans": 120, "hits": won, "own_mm_p50": 100.0 - won, "own_mm_p90": 120.0, "end_ratio": won / 100}
        eyes = {} if CELLS[name].anchor else {"eyes": {"grey": make_file(1)["played"]}}
        files[name] = {0: make_file(won, **eyes) | {"aim": {**aim, "first_ratio": number / 100}}}
    outcomes = [Outcome(who, who == "expert", 0.1, 0.3, 0.2, 0.4, 0.3) for who in ("expert", *PLAYED)]
    expert = {"plans": 120, "hits": 120, "end_ratio": 1.0, "first_ratio": 0.2}
    ceilings = {"rows": summarise(outcomes), "expert_aim": expert}
    fields = {"seeds": "5000:5100", "minutes": 4.0, "samples": 400_000}
    return {"rows": make_rows(tuple(CELLS.values()), files), "ceilings": ceilings, "fields": fields}


def test_the_page_is_what_the_results_say() -> None:
    assert brick_study_page.PAGE.read_text() == brick_study_page.make_page(brick_study_page.load_values())


def test_the_page_of_a_study_holds_every_cell_and_leaves_nothing_to_fill_in(values: dict) -> None:
    page = brick_study_page.make_page(json.loads(json.dumps(values)))
    assert not re.findall(r"\[\[|Not measured", page)
    assert "## What it comes to" in page
    assert not [name for name in CELLS if not re.search(rf"^\| `{name}` \|", page, re.M)]
    assert "**97/100** (by training seed: 97/100)" in page
    assert re.search(r"^- \*\*together\*\*: `mended` \+79 \(better\);", page, re.M)
    assert "`reference--token` -96 (worse)" in page
    assert "`mended--true-box`" in page


def test_nothing_is_concluded_until_every_cell_that_the_words_name_is_there(values: dict) -> None:
    rows = [row for row in values["rows"] if row["name"] != "mended--5-crop"]
    assert "What it comes to" not in brick_study_page.make_page({**values, "rows": rows})


def test_words_about_a_cell_that_there_is_not_are_an_error(values: dict, monkeypatch, tmp_path) -> None:
    words = tmp_path / "words.md"
    words.write_text("picks [[picks reference--tokn]]")
    monkeypatch.setattr(brick_study_page, "CONCLUSIONS", words)
    with pytest.raises(UnknownNameError, match="did you mean 'reference--token'"):
        brick_study_page.make_page(values)


def test_what_may_be_luck_is_not_called_a_difference() -> None:
    once = {"effect_by_training_seed": {"0": -0.3}}
    assert brick_study_page.describe_effect({"effect": 0.3, "p_holm": 0.06, **once}) == "no difference shown"
    assert brick_study_page.describe_effect({"effect": -0.3, "p_holm": 0.04, **once}) == "worse"
    thrice = {"effect_by_training_seed": {"0": -0.3, "1": -0.25, "2": -0.35}}
    told = brick_study_page.describe_effect({"effect": -0.3, "p_holm": 0.04, **thrice})
    assert told == "worse; by training seed -30, -25, -35"


def test_the_plots_name_every_cell_beside_its_anchor(values: dict) -> None:
    plots = brick_study_page.make_plots(values)
    for cell in CELLS.values():
        if cell.anchor:
            assert cell.name.removeprefix(f"{cell.anchor}--") in plots["brick-study-effects.svg"]
    assert brick_study_page.make_plots(values) == plots


def test_plots_of_results_that_are_published_are_there() -> None:
    published = brick_study_page.load_values()
    wanted = set(brick_study_page.make_plots(published)) if published else set()
    assert {path.name for path in brick_study_page.IMAGES.glob("brick-study-*.svg")} == wanted
