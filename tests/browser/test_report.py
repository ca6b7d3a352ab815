"""The report page in a browser: it fits, its table sorts, and the analysis of failures is left as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from millwright.core.episode import Stage
from millwright.evaluation.report import write_report
from millwright.evaluation.result import EpisodeResult, Result

MOMENTS = (("start", 0.0), ("before the first touch", 1.2), ("what decided it and end", 1.6))
FILLED = "bar => [...bar.children].reduce((sum, part) => sum + part.offsetWidth, 0) / bar.offsetWidth"
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
        came = 1.2 if seed % 2 else None
        stages = (
            Stage("approaches", f"it came near {NASTY}", came),
            Stage("holds", "it held", None if failure else came),
        )
        rows.append(
            EpisodeResult(
                seed,
                failure is None,
                failure,
                f"pick {NASTY}",
                metrics,
                properties=start,
                stages=stages,
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


def test_the_funnel_is_read_from_top_to_bottom_and_leads_to_the_episodes(
    report: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(report)
    stages = page.locator(".stage:visible")
    assert [stages.nth(row).locator("b").first.inner_text() for row in range(3)] == ["approaches", "holds", "success"]
    widths = [stages.nth(row).locator("div").evaluate(FILLED) for row in range(3)]
    assert widths == pytest.approx([15 / 30, 10 / 30, 20 / 30], abs=0.01)
    assert "Do not believe the rate. Of 20 that the judge calls successful, 10 did not show" in page.inner_text("main")
    stages.first.locator("a").first.click()
    assert page.evaluate("location.hash") == "#seed-0"
    assert page.evaluate("document.querySelector(':target').innerText").split("\t")[3] == "approaches"


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
