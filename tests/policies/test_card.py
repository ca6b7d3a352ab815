"""Model cards: their sections, and that they claim nothing that nobody measured."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from millwright.policies.card import ResultRow, Setting, draw_card
from tests.policies.makers import make_bundle

SECTIONS = (
    "What it is", "Trained on", "Results", "Known failures", "Intended use and limits", "Safety",
    "Bias: what its data lacks", "Energy used in training",
)  # fmt: skip
ROW = ResultRow(
    "a.json", "brick-table, `hard`", "5000:5200", "episodes", 187, 200, (0.891, 0.963), {"miss": 9, "collision": 4},
    {"closes": 4, "contact": 9}, 42.4,
)  # fmt: skip
GOOD = replace(ROW, source="b.json", conditions="brick-table", successes=200, interval=(0.981, 1.0), failures={})
SETTING = Setting(
    "pick the brick pointed at",
    [{"policy": "expert", "env_options": {"hard": True, "bump": False}, "episodes": 1200}],
    ("One light.",),
    {"miss": "The fingers closed on nothing."},
)


def make_subject(**lineage):
    bundle = replace(make_bundle(), lineage=lineage)
    return bundle.describe("mine", bundle.make_manifest())


def split(card: str) -> dict[str, str]:
    title, *sections = re.split(r"^## (.*)\n", card, flags=re.M)
    assert title.startswith("# mine\n")
    return dict(zip(sections[::2], sections[1::2], strict=True))


@pytest.mark.parametrize("results", [(), (ROW,)])
@pytest.mark.parametrize("setting", [None, SETTING])
def test_every_card_has_the_same_sections_and_none_is_empty(results, setting):
    sections = split(draw_card(make_subject(), setting, results))
    assert tuple(sections) == SECTIONS
    assert all(text.strip() for text in sections.values())


def test_without_results_no_rate_no_failure_and_no_force_is_claimed():
    sections = split(draw_card(make_subject(recipe="r"), SETTING))
    for name in ("Results", "Known failures", "Intended use and limits", "Safety"):
        assert not re.search(r"\d", sections[name]), name
    assert "None were given" in sections["Results"]
    assert sections["Known failures"].strip() == "Not known: no results were given."


def test_every_count_on_the_card_is_one_of_its_results():
    sections = split(draw_card(make_subject(), SETTING, (ROW, GOOD)))
    assert "| 5000:5200 | brick-table, `hard` | 187/200 episodes = 93.5% | 89.1% to 96.3% |" in sections["Results"]
    assert "| 9 miss, 4 collision | `a.json` |" in sections["Results"]
    assert "100.0%" in sections["Results"]
    failures = sections["Known failures"]
    assert "- **miss**: The fingers closed on nothing. 9 of 200 (brick-table, `hard`)" in failures
    assert "4 before *closes*, 9 before *contact* (brick-table, `hard`)" in failures
    assert "did worst there with 187 of 200 episodes" in sections["Intended use and limits"]
    assert "at most 4 of 200" in sections["Safety"]
    assert "42 N" in sections["Safety"]
    told = {int(number) for name in SECTIONS[3:6] for number in re.findall(r"\d+", sections[name])}
    assert told <= {9, 4, 187, 200, 42, 2}, "no number but those of the results, and how many tell of forces"


def test_where_nothing_failed_the_card_says_in_how_many_and_not_that_nothing_can():
    sections = split(draw_card(make_subject(), SETTING, (replace(GOOD, stopped={}),)))
    assert "None in 200 episodes (brick-table); how many there may be all the same" in sections["Known failures"]
    assert "Collisions: none in any result." in sections["Safety"]


def test_words_with_a_bar_stay_in_their_cell():
    card = draw_card(make_subject(), None, (replace(ROW, conditions="a|b"),))
    (line,) = [line for line in card.splitlines() if "a.json" in line]
    assert line.count("|") == 7


def test_doubts_about_a_result_stand_below_it():
    card = draw_card(make_subject(), SETTING, (replace(ROW, doubts=("3 of them never closed.",)),))
    assert "Careful: 3 of them never closed." in split(card)["Results"]


def test_training_is_told_with_what_was_recorded_and_its_energy_with_what_it_rests_on():
    lineage = {"recipe": "r", "fields": {"lr": 0.1, "blind": False}, "dataset": "d" * 8, "episodes": 1200}
    sections = split(draw_card(make_subject(**lineage, frames=73062, cpu_seconds=1800.0, seed=3), SETTING))
    trained = sections["Trained on"]
    for said in ("`r`", "`lr` 0.1", "digest `dddddddd`", "73,062", "**seed**: 3"):
        assert said in trained
    assert "blind" not in trained
    assert "1,200 episodes of `expert` with `hard`\n" in trained
    energy = sections["Energy used in training"]
    assert "About 0.005 kWh, estimated: 1,800 s of CPU time, measured in the training loop, at 10 W" in energy
    assert "Not known" in split(draw_card(make_subject()))["Energy used in training"]


def test_what_data_lacks_is_told_or_said_to_be_unknown():
    name = "Bias: what its data lacks"
    assert "- One light." in split(draw_card(make_subject(), SETTING))[name]
    assert "the manifest does not say" in split(draw_card(make_subject(), replace(SETTING, lacks=())))[name]
    assert "made from the bundle alone" in split(draw_card(make_subject()))[name]


def test_parameters_are_told_part_by_part():
    told = split(draw_card(make_subject()))["What it is"]
    network = make_bundle().network
    for name, part in network.named_children():
        assert f"| {name} | {sum(p.numel() for p in part.parameters()):,} | 0 |" in told


def test_a_field_that_is_zero_is_told_and_one_that_is_off_is_not():
    card = draw_card(make_subject(recipe="r", fields={"seed": 0, "pictures": 0, "blind": False, "only": ""}))
    assert "**fields**: `seed` 0, `pictures` 0\n" in card
