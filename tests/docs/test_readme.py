"""The README does what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import results_table
from tests.docs.pages import PAGES, ROOT, read_blocks, run_page

from millwright import cli
from millwright.catalog import TASKS
from millwright.recipes import RECIPES

README = ROOT / "README.md"


def test_the_ten_lines_pick_the_red_brick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(README)
    assert capsys.readouterr().out.startswith("picked")


def test_the_python_is_ten_lines() -> None:
    (code,) = read_blocks(README)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_every_table_of_results_is_what_the_files_say() -> None:
    for name, make in results_table.TABLES.items():
        text = (ROOT / name).read_text()
        assert results_table.replace_table(text, make(ROOT / "results")) == text, name


def test_no_result_names_a_place_on_the_machine_it_was_made_on() -> None:
    for path in (ROOT / "results").glob("*.json"):
        assert not re.search(r"/(home|root|tmp|work|Users)/", path.read_text()), path
        json.loads(path.read_text())


def test_every_verb_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"^    millwright ([\w-]+)", README.read_text(), re.M))
    assert named == set(cli.VERBS)


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z]+)`", README.read_text())) | {"demo"} <= targets


@pytest.mark.parametrize("name", [*TASKS, *RECIPES])
def test_every_environment_and_recipe_is_named_on_a_page(name: str) -> None:
    assert [page.name for page in PAGES if re.search(rf"\b{name}\b", page.read_text()) and page.name != "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_finds_it(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (page.parent / link).exists()]
