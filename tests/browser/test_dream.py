"""The page Dream in a real browser: road and dream side by side, and what a world has no use for said so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from millwright.cli.demo import make_stage
from millwright.dashboard.server import Dashboard, start_dashboard
from millwright.dashboard.session import Session
from tests.dashboard.toy_table import make_session
from tests.policies.driving import make_driving_bundle

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    root = tmp_path_factory.mktemp("dreamers")
    make_driving_bundle().save(root / "draws-nothing")
    stage, first = make_stage("car-racing", str(root / "draws-nothing"), {"max_steps": 400})
    with start_dashboard(lambda: Session(stage, first, seed=5003, hold_s=0.3), port=0) as dashboard:
        yield dashboard


def is_drawn(page: Page, name: str) -> bool:
    pen = f"document.querySelector('#{name} canvas').getContext('2d')"
    return bool(page.evaluate(f"{pen}.getImageData(0, 0, 8, 8).data.some(Boolean)"))


def test_road_and_dream_are_seen_side_by_side_and_errors_are_traced(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(dashboard.url)
    page.get_by_role("link", name="Dream").click()
    page.locator("body[data-phase=ready]").wait_for()
    expect(page.locator("#seat-text")).to_have_text("You drive")
    expect(page.locator("#of")).to_have_value("draws-nothing")
    page.locator("#ahead [data-value='5']").click()
    expect(page.locator("#ahead [data-value='5']")).to_have_attribute("aria-pressed", "true")
    page.locator("#run").click()
    page.locator("#code-chart polyline").first.wait_for()
    expect(page.locator("#age")).to_contain_text("by itself")
    expect(page.locator("#world")).to_contain_text("residual-gru draws nothing, so a temperature would change nothing")
    expect(page.locator("#temperature")).to_be_disabled()
    expect(page.locator("#dreamed-tiles")).not_to_have_text("–")
    for name in ("road", "rebuilt", "dreamed"):
        page.wait_for_function("(name) => document.querySelector(`#${name} canvas`).width > 8", arg=name)
        assert is_drawn(page, name)
    page.locator("#eyes [data-value=dream]").click()
    expect(page.locator("body")).to_have_class("drives eyes-dream")
    page.locator("#stop").click()
    page.locator("body[data-phase=ready]").wait_for()
    page.locator("#seed").fill("5005")
    page.locator("#seed").press("Enter")
    expect(page.locator("#age")).to_have_text("nothing is dreamed yet")
    page.locator("#of").select_option("")
    expect(page.locator("#world")).to_contain_text("Nobody dreams")


def test_keys_drive_on_this_page_too_and_it_fits_a_narrow_window(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard.url}/dream/", viewport={"width": 390, "height": 800})
    page.locator("body[data-phase=ready]").wait_for()
    page.locator("#policy").select_option("human")
    expect(page.locator("#pad")).to_be_visible()
    page.keyboard.down("ArrowUp")
    page.locator("body[data-phase=running]").wait_for()
    expect(page.locator("#pad [data-key=up]")).to_have_class("held")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.up("ArrowUp")
    page.locator("#stop").click()


def test_where_nothing_is_driven_the_page_says_how_to_get_a_car(open_page: OpenPage) -> None:
    with start_dashboard(make_session, port=0) as dashboard:
        page = open_page(f"{dashboard.url}/dream/")
        expect(page.locator("#none")).to_be_visible()
        expect(page.locator("#none")).to_contain_text("millwright run dream-driving")
        expect(page.locator("#run")).to_be_hidden()
