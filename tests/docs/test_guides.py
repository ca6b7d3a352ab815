"""The guides do what they say: their code runs from top to bottom, and what it makes works."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import ROOT, run_page

from millwright.catalog import TASKS
from millwright.datasets.dataset import Dataset
from millwright.nets.eye import BACKBONES
from millwright.nets.routing import ROUTINGS
from millwright.policies.networks import NETWORKS
from millwright.recipes import RECIPES

DOCS = ROOT / "docs"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own_with_tables_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for table in (TASKS, NETWORKS, RECIPES):
        for name in ("rail", "state-chunk", "expert-check", "expert-check-long"):
            monkeypatch.setitem(table, name, None)  # remembers what was there, so that it is put back
            monkeypatch.delitem(table, name)


def test_the_environment_of_the_guide_is_played_judged_and_recorded() -> None:
    names = run_page(DOCS / "add-an-environment.md")
    assert names["expert"].rate == 1.0
    assert names["nothing"].rate == 0.0
    assert names["nothing"].failures == {"timeout": 20}
    assert len(Dataset(Path("data")).episodes) == 5


def test_the_policies_of_the_guide_drive_the_arm() -> None:
    names = run_page(DOCS / "add-a-policy.md")
    assert not names["episode"].verdict.success
    result = names["result"]
    assert len(result.episodes) == 2
    assert result.successes == 0
    assert not result.privileged
    assert result.provenance["policy_digest"]


def test_the_network_of_the_guide_reads_what_its_pipeline_makes() -> None:
    names = run_page(DOCS / "networks.md")
    assert names["network"].inputs == ("image", "box", "proprio")
    assert {processor.to for processor in names["inputs"]} == set(names["network"].inputs)


def test_every_network_and_routing_is_in_the_guide() -> None:
    page = (DOCS / "networks.md").read_text()
    assert not [name for name in (*NETWORKS, *ROUTINGS, *BACKBONES) if f"`{name}`" not in page]


def test_the_recipe_of_the_guide_runs_from_the_command_line_and_is_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    run_page(DOCS / "add-a-recipe.md")
    assert "expert-perturbed" in capsys.readouterr().out
    films = Path("check/expert/films")
    assert Path("check/expert/report.html").exists()
    written = {path: path.stat().st_mtime_ns for path in films.iterdir()}
    RECIPES["expert-check"](seeds="0:2", workers=1).run(Path("check"))
    assert {path: path.stat().st_mtime_ns for path in films.iterdir()} == written
