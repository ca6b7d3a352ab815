"""The report page in a browser: it fits, its table sorts, and the analysis of failures is left as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from millwright.evaluation.report import write_report
from millwright.evaluation.result import EpisodeResult, Result

MOMENTS = (("start", 0.0), ("before the first touch", 1.2), ("what decided it and end", 1.6))
NASTY = "<img src=x onerror='document.title=1'>"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of 30 episodes, in which the white ones miss."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "films").mkdir()
    Image.new("RGB", (776, 256), (90, 120, 150)).save(folder / "films" / "strip.jpg")
    rows = []
    for seed in range(30):
        failure = None if seed % 3 else "miss"
        failed = {"strip": "strip.jpg", "moments": MOMENTS, "evidence": {"height_m": 0.01, "noted": NASTY}}
        start = {"target": "red" if failure is None else "white", "target_x_m": 0.4, "target_y_m": 0.01 * seed}
        metrics = {"steps": 100.0 - seed}
        rows.append(
            EpisodeResult(
                seed,
                failure is None,
                failure,
                f"pick {NASTY}",
                metrics,
                properties=start,
                **(failed if failure else {}),
            )
        )
    result = Result(range(30), tuple(rows), {"env": "brick-table", "policy": "p"})
    return write_report(result, Path(folder)).as_uri()


def test_only_the_table_of_episodes_sorts(report: str, open_page: Callable[..., Page]) -> None:
    page = open_page(report)
    seeds = page.locator("#episodes tbody tr td:first-child")
    assert seeds.first.inner_text() == "0"
    evidence = page.locator("details table").first.inner_text()
    page.click("#episodes th:has-text('steps')")
    assert seeds.first.inner_text() == "29"
    assert page.locator("details table").first.inner_text() == evidence
    page.check("#only")
    assert page.locator("#episodes tbody tr:visible").count() == 10


def test_key_frames_are_shown_with_what_they_show_and_more_of_them_on_demand(
    report: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(report)
    strips = page.locator(".frames:visible")
    assert strips.count() == 4
    assert "before the first touch" in strips.first.inner_text()
    page.click("summary:has-text('6 more')")
    assert strips.count() == 10
    page.click("summary:has-text('Evidence of all 10')")
    page.click("a:has-text('27'):visible")
    assert page.evaluate("location.hash") == "#seed-27"


def test_words_of_others_stay_words(report: str, open_page: Callable[..., Page]) -> None:
    page = open_page(report)
    assert page.title().startswith("p on brick-table")
    assert "onerror" in page.locator(".frames").first.inner_text()


@pytest.mark.parametrize("width", [390, 1180])
def test_the_page_is_no_wider_than_the_screen(report: str, open_page: Callable[..., Page], width: int) -> None:
    page = open_page(report, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
