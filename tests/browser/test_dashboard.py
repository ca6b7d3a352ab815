"""The page in a real browser, on the toy table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from millwright.dashboard.server import Dashboard, start_dashboard
from tests.dashboard.toy_table import make_session, project

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Dashboard]:
    with start_dashboard(lambda: make_session(hold_s=0.4), port=0) as dashboard:
        yield dashboard


@pytest.fixture
def page(dashboard: Dashboard, open_page: OpenPage) -> Page:
    page = open_page(dashboard.url)
    wait_for_phase(page, "ready")
    expect(page.locator("#seat-text")).to_have_text("You drive")
    choose_policy(page, "expert")
    return page


def wait_for_phase(page: Page, phase: str) -> None:
    page.locator(f"#phase[data-phase={phase}]").wait_for()


def choose_policy(page: Page, name: str) -> None:
    page.locator("#policy").select_option(name)
    expect(page.locator("#policy")).to_have_value(name)
    expect(page.locator("#run")).to_be_enabled()


def click_brick(page: Page, dashboard: Dashboard, camera: str, index: int) -> None:
    """Click where the picture on show has the brick's centre."""
    now = dashboard.session.snapshots.value
    page.locator(f"#view-{camera}[data-scene='{now.scene}']").wait_for()
    u, v = project(now.positions[index], camera, now.state[:3])
    click_view(page, camera, u, v)


def click_view(page: Page, camera: str, u: float, v: float) -> None:
    overlay = page.locator(f"#view-{camera} .overlay")
    box = overlay.bounding_box()
    assert box is not None
    overlay.click(position={"x": u * box["width"], "y": v * box["height"]})


def test_clicking_a_brick_in_the_overhead_view_ends_in_its_verdict(page: Page, dashboard: Dashboard) -> None:
    click_brick(page, dashboard, "overhead", 3)
    expect(page.locator("#target")).to_have_text("green")
    expect(page.locator("#ruling")).to_have_attribute("data-verdict", "picked")
    expect(page.locator("#ruling")).to_contain_text("Picked green")
    expect(page.locator("#evidence")).to_contain_text("Fingers closed")
    expect(page.locator(".row[data-policy=expert]")).to_contain_text("sees the truth")


def test_clicking_in_the_wrist_view_picks_too(page: Page, dashboard: Dashboard) -> None:
    page.locator("#seed").fill("5001")
    page.locator("#seed").press("Enter")
    expect(page.locator("#view-overhead .toast")).to_have_text("scene 5001")
    click_brick(page, dashboard, "wrist", 1)
    expect(page.locator("#target")).to_have_text("orange")
    expect(page.locator("#ruling")).to_contain_text("Picked orange")


def test_a_click_on_the_bare_table_shows_why_it_was_refused_and_nothing_runs(page: Page) -> None:
    click_view(page, "overhead", 0.03, 0.9)
    toast = page.locator("#view-overhead .toast")
    expect(toast).to_be_visible()
    expect(toast).to_contain_text("no brick within 40 mm")
    expect(page.locator("#phase")).to_have_attribute("data-phase", "ready")


def test_both_views_show_pictures_and_the_status_line_moves(page: Page) -> None:
    choose_policy(page, "still")
    page.locator("[data-brick=red]").click()
    page.locator("#run").click()
    expect(page.locator("#step")).to_contain_text(re.compile(r"^[1-5]\d "))
    expect(page.locator("#distance")).to_contain_text("mm")
    expect(page.locator("#gripper")).to_contain_text("50 mm open")
    for camera in ("overhead", "wrist"):
        expect(page.locator(f"#view-{camera} .fps")).to_contain_text("fps")
        colors = page.evaluate(
            """camera => { const canvas = document.querySelector(`#view-${camera} .picture`);
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return new Set(new Uint32Array(pixels.buffer)).size; }""",
            camera,
        )
        assert colors > 50
    page.locator("#stop").click()
    expect(page.locator("#message")).to_have_text("stopped; not counted")
    wait_for_phase(page, "ready")


def test_everything_can_be_done_from_the_keyboard(page: Page) -> None:
    page.keyboard.press("5")
    expect(page.locator("[data-brick=blue]")).to_have_attribute("aria-checked", "true")
    page.locator("[data-brick=blue]").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-brick=violet]")).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator("#ruling")).to_contain_text("Picked violet")
    wait_for_phase(page, "ready")
    page.keyboard.press("p")
    expect(page.locator("#policy")).to_have_value("still")
    seed = page.locator("#seed").input_value()
    page.keyboard.press("n")
    expect(page.locator("#seed")).not_to_have_value(seed)
    page.keyboard.press("r")
    wait_for_phase(page, "running")
    page.keyboard.press("Escape")
    wait_for_phase(page, "ready")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def test_a_view_can_be_clicked_with_the_keyboard(page: Page, dashboard: Dashboard) -> None:
    now = dashboard.session.snapshots.value
    u, v = project(now.positions[0], "overhead", now.state[:3])
    page.locator("#view-overhead .overlay").focus()
    for key, moves in (("ArrowLeft", (0.5 - u) / 0.025), ("ArrowUp", (0.5 - v) / 0.025)):
        for _ in range(round(moves)):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("#target")).to_have_text("red")


def test_a_second_browser_watches_and_can_take_the_wheel_when_it_is_handed_over(
    page: Page, dashboard: Dashboard, open_page: OpenPage
) -> None:
    second = open_page(dashboard.url)
    expect(second.locator("#seat-text")).to_have_text("Watching · 2 browsers")
    for button in ("#run", "#stop", "#shuffle", "#policy"):
        expect(second.locator(button)).to_be_disabled()
    click_brick(second, dashboard, "overhead", 0)
    expect(second.locator("#view-overhead .toast")).to_have_text("you are watching; another browser drives")
    click_brick(page, dashboard, "overhead", 0)
    expect(second.locator("#ruling")).to_contain_text("Picked red")
    page.locator("#seat-button").click()
    second.locator("#seat-button").click()
    expect(second.locator("#seat-text")).to_have_text("You drive · 2 browsers")
    expect(page.locator("#seat-text")).to_have_text("Watching · 2 browsers")
    expect(page.locator("#run")).to_be_disabled()


def test_a_policy_that_cannot_be_loaded_says_so_on_the_page(page: Page) -> None:
    page.locator("#policy").select_option("missing")
    expect(page.locator("#message")).to_have_text("missing could not be loaded: no such file: weights")
    expect(page.locator("#run")).to_be_disabled()
    choose_policy(page, "expert")
    expect(page.locator("#message")).to_be_hidden()


def test_the_theme_follows_the_system_until_somebody_chooses(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(dashboard.url, color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


@pytest.mark.parametrize("width", [360, 390, 768, 1024, 1440, 1920])
def test_no_width_of_window_makes_the_page_scroll_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_whose_server_went_away_says_so_and_comes_back(open_page: OpenPage) -> None:
    dashboard = start_dashboard(make_session, port=0)
    page = open_page(dashboard.url)
    wait_for_phase(page, "ready")
    port = int(dashboard.url.rsplit(":", 1)[1])
    page.evaluate("window.stays = true")
    page.keyboard.press("r")
    expect(page.locator("#view-overhead .toast")).to_contain_text("Picked")
    dashboard.close()
    expect(page.locator("#seat-text")).to_have_text("reconnecting …")
    expect(page.locator("#run")).to_be_disabled()
    with start_dashboard(make_session, port=port):
        expect(page.locator("#seat-text")).to_have_text("You drive")
        assert page.evaluate("window.stays")
        page.keyboard.press("1")
        page.keyboard.press("r")
        expect(page.locator("#view-overhead .toast")).to_contain_text("Picked red")


@pytest.mark.parametrize("width", [1080, 1200])
def test_the_status_can_be_read_in_windows_of_usual_width(
    dashboard: Dashboard, open_page: OpenPage, width: int
) -> None:
    page = open_page(dashboard.url, viewport={"width": width, "height": 860})
    wait_for_phase(page, "ready")
    page.locator("#target").evaluate("cell => { cell.textContent = 'yellow cylinder'; }")
    cut = "cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"
    assert page.locator("#status b").evaluate_all(cut) == []
