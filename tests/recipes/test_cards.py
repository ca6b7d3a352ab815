"""Cards of bundles: what manifest, recipe and results tell, and that results of another bundle never get on one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import make_cards
import pytest

from millwright.catalog import SHIPPED, TASKS, list_shipped
from millwright.core.errors import ResultError
from millwright.datasets.metadata import EpisodeRow
from millwright.datasets.origins import UNTOLD, count_origins
from millwright.evaluation.result import EpisodeResult, Result
from millwright.policies.bundle import load_bundle, load_manifest
from millwright.recipes.cards import find_recorded, make_card, save_card
from millwright.recipes.demonstrated import describe_effort
from millwright.training.gradient import FitResult
from tests.docs.pages import ROOT
from tests.policies.makers import make_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    make_bundle().save(tmp_path / "mine")
    return tmp_path / "mine"


def save_result(path: Path, digest: str) -> Path:
    episodes = tuple(EpisodeResult(seed, seed > 0, None if seed else "miss", "t", {"steps": 1.0}) for seed in range(7))
    about = {"env": "brick-table", "policy": "mine", "policy_digest": digest}
    Result(range(7), episodes, about).save(path)
    return path


def test_card_made_again_changes_the_card_alone(bundle: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    save_card(bundle, [save_result(tmp_path / "r.json", load_manifest(bundle).id)])
    after = {path.name: path.read_bytes() for path in bundle.iterdir()}
    assert {name for name in after if after[name] != before.get(name)} == {"card.md"}
    assert b"6/7 episodes" in after["card.md"]
    assert load_bundle(bundle).make_manifest().id == load_manifest(bundle).id
    save_card(bundle)
    assert "6/7" not in (bundle / "card.md").read_text()


def test_result_of_another_bundle_is_refused_and_the_card_stays(bundle: Path, tmp_path: Path) -> None:
    before = (bundle / "card.md").read_bytes()
    mine, other = (save_result(tmp_path / f"{name}.json", name) for name in (load_manifest(bundle).id, "other"))
    with pytest.raises(ResultError, match=r"other\.json was measured with other"):
        save_card(bundle, [mine, other])
    (tmp_path / "broken.json").write_text("{")
    for path in (tmp_path / "broken.json", tmp_path / "nowhere.json"):
        with pytest.raises(ResultError, match=path.name):
            save_card(bundle, [path])
    assert (bundle / "card.md").read_bytes() == before


def test_what_was_recorded_is_told_by_the_manifest_or_by_an_older_ones_recipe() -> None:
    manifest = make_bundle().make_manifest()
    told = [{"policy": "p", "env_options": {"hard": True}, "episodes": 3}]
    assert find_recorded(replace(manifest, lineage={"recorded": told})) == told
    fields = {"episodes": 7, "hard_episodes": 2, "seed": 1, "gone": "a field of an older version"}
    older = find_recorded(replace(manifest, lineage={"recipe": "brick-robust", "fields": fields}))
    assert [(row["episodes"], row["env_options"]["hard"]) for row in older] == [(7, False), (2, True)]
    assert all(row["env_options"]["randomise"] for row in older)
    for lineage in ({}, {"recipe": "nobody"}, {"recipe": "brick-pick", "fields": {"dataset": "elsewhere"}}):
        assert find_recorded(replace(manifest, lineage=lineage)) == []


def test_unknown_recordings_lack_nothing_that_is_known(bundle: Path) -> None:
    assert "the manifest does not say what was recorded" in make_card(bundle)


@pytest.mark.parametrize("env", TASKS)
def test_every_task_says_what_its_recordings_lack(env: str) -> None:
    lacks = TASKS[env].lacks
    assert lacks
    assert lacks([{}])[0].startswith("No real robot")


def test_origins_are_counted_by_driver_and_world() -> None:
    def row(index: int, **provenance: object) -> EpisodeRow:
        return EpisodeRow(index, index, "t", None, 0, 1, provenance=provenance)

    plain = {"policy": "expert", "env_options": {"hard": False, "bump": True}}
    rows = [row(0, **plain), row(1), row(2, **plain), row(3, policy="expert", env_options={"bump": True})]
    assert count_origins(rows) == [
        {"policy": "expert", "env_options": {"bump": True}, "episodes": 3},
        {"policy": UNTOLD, "env_options": {}, "episodes": 1},
    ]


def test_effort_of_rounds_adds_up_and_is_unknown_where_one_is() -> None:
    fitted = FitResult(0.1, 10, 1, 2.0, 3.04, 5.0, "float32 on cpu", "samples")
    begun = replace(make_bundle(), lineage={"cpu_seconds": 4.0}).make_manifest()
    assert describe_effort(fitted, None) == {"cpu_seconds": 3.0, "precision": "float32 on cpu"}
    assert describe_effort(fitted, begun)["cpu_seconds"] == 7.0
    assert "cpu_seconds" not in describe_effort(fitted, replace(begun, lineage={}))
    assert "cpu_seconds" not in describe_effort(replace(fitted, cpu_seconds=None), begun)


@pytest.mark.parametrize("name", list_shipped())
def test_shipped_card_says_what_manifest_and_results_say(name: str) -> None:
    results = make_cards.find_results(SHIPPED / name, ROOT / "results")
    assert results, f"no result in results/ was measured with the shipped {name}"
    remedy = "run python scripts/make_cards.py"
    assert (SHIPPED / name / "card.md").read_text() == make_card(SHIPPED / name, results), remedy


def test_shipped_cards_name_no_rate_that_no_result_holds() -> None:
    for name in list_shipped():
        held = [json.loads(path.read_text()) for path in make_cards.find_results(SHIPPED / name, ROOT / "results")]
        text = json.dumps(held)
        card = (SHIPPED / name / "card.md").read_text()
        rows = [line.split("|") for line in card.splitlines() if " = " in line]
        assert rows
        for cells in rows:
            successes, trials = cells[3].split()[0].split("/")
            assert f'"successes": {successes}' in text or f'"cleared": {successes}' in text
            assert any(f'"{kind}": {trials}' in text for kind in ("episodes", "picks", "scenes", "trials"))
