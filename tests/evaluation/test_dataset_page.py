"""The page about a dataset needs no other file, and says what the description says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from millwright.datasets import record
from millwright.datasets.describing import Description, describe
from millwright.datasets.samples import Film
from millwright.evaluation.dataset_page import draw_dataset_page, write_dataset_page
from tests.datasets import clean
from tests.datasets.players import FPS


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Description:
    root = record(
        clean.MakePlay(), range(5), tmp_path_factory.mktemp("page") / "data", fps=FPS, features=clean.FEATURES
    )
    return describe(root)


def test_the_page_stands_alone_and_holds_its_films(description: Description, tmp_path: Path) -> None:
    film = Film(3, "observation.images.wrist", "pick up <the> brick", "low", b"\x00mp4")
    write_dataset_page(description, [film], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "data:video/mp4;base64,AG1wNA==" in page
    assert "pick up &lt;the&gt; brick" in page
    assert page.count("<svg") == len(description.joints) + 1
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_the_same_description_gives_the_same_page(description: Description) -> None:
    assert draw_dataset_page(description, []) == draw_dataset_page(description, [])


def test_a_dataset_without_actions_films_or_verdicts_has_a_page_too(description: Description) -> None:
    page = draw_dataset_page(replace(description, joints=(), grippers=(), verdicts={}, seeds=None), [])
    assert "No verdicts are recorded" in page
    assert "<h2>Actions" not in page
