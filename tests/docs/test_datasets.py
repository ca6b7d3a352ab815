"""The pages about datasets name every code, every verb and every format, and their code runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.datasets import clean
from tests.datasets.editing import edit_info
from tests.datasets.players import FPS
from tests.docs.pages import ROOT, run_page

from millwright.cli.dataset import VERBS
from millwright.datasets import record
from millwright.datasets.findings import FAULTS
from millwright.datasets.importing.kinds import KINDS, LEROBOT

PAGE = ROOT / "docs" / "datasets.md"


def test_every_code_is_on_the_page_with_its_severity_and_meaning() -> None:
    rows = re.findall(r"^\| `(MW\d+)` \| (\w+) \| (.+) \|$", PAGE.read_text(), re.M)
    assert rows == [(code, fault.severity, fault.title) for code, fault in FAULTS.items()]


def test_every_verb_on_datasets_is_on_the_page_and_no_other() -> None:
    assert set(re.findall(r"^    millwright dataset (\w+)", PAGE.read_text(), re.M)) == set(VERBS)


def test_every_kind_that_can_be_imported_is_on_its_page_with_a_command() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| `import .*` \|$", (ROOT / "docs" / "importing.md").read_text(), re.M)
    assert rows == [*KINDS, LEROBOT]


def test_the_pages_code_names_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    record(clean.MakePlay(), range(2), Path("data"), fps=FPS, features=clean.FEATURES)
    edit_info(Path("data"), lambda info: info.update(total_frames=1))
    run_page(PAGE)
    assert capsys.readouterr().out.startswith("MW103 None None meta/info.json total_frames is 1")
