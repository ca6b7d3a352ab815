"""The teaching page needs nothing but its files, and its episodes are of the policy that is shipped."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from millwright.catalog import SHIPPED
from millwright.policies.bundle import load_manifest
from millwright.policies.chunk_player import BLEND, EXECUTE

FOLDER = Path(str(files("millwright.dashboard") / "static" / "learn"))
PAGE = (FOLDER / "index.html").read_text()


@pytest.fixture(scope="module")
def baked() -> dict[str, Any]:
    text = (FOLDER / "episodes.js").read_text()
    made: dict[str, Any] = json.loads(text[text.index("{") : text.rindex(";")])
    return made


def test_every_file_that_the_page_names_is_there_and_none_is_left_over() -> None:
    named = {(FOLDER / name).resolve() for name in re.findall(r'(?:src|href)="([^"#]+\.\w+)"', PAGE)}
    assert {path for path in named if not path.is_file()} == set()
    assert {path for path in FOLDER.iterdir() if path not in named} == {FOLDER / "index.html"}


def test_nothing_comes_from_another_machine_and_no_script_is_a_module() -> None:
    text = "".join(path.read_text() for path in FOLDER.iterdir())
    assert set(re.findall(r"https?://[^\s\"']+", text)) == {"http://www.w3.org/2000/svg"}
    assert "module" not in re.findall(r'<script[^>]*type="(\w+)"', PAGE)
    assert not re.search(r"\bfetch\(|^import |^export ", text, re.M)


def test_nothing_is_inline_that_the_dashboards_policy_forbids() -> None:
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", PAGE)


def test_the_episodes_are_of_the_policy_that_is_shipped_played_as_it_is_shipped(baked: dict[str, Any]) -> None:
    manifest = load_manifest(SHIPPED / baked["policy"])
    assert baked["digest"] == manifest.id, "the shipped policy has changed: run python scripts/learn_episodes.py"
    assert (baked["execute"], baked["blend"]) == (EXECUTE, BLEND)


def test_there_is_an_episode_for_every_length_of_execution_on_a_tuning_scene(baked: dict[str, Any]) -> None:
    assert 5000 <= baked["seed"] < 10000
    assert [episode["execute"] for episode in baked["episodes"]] == list(range(1, 17))
    assert {len(column) for episode in baked["episodes"] for plan in episode["plans"] for column in plan} == {16}
    assert (FOLDER / "episodes.js").stat().st_size < 60_000
