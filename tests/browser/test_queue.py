"""Clicks that wait for each other, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from millwright.dashboard.server import Dashboard, start_dashboard
from tests.browser.test_dashboard import choose_policy, click_brick, wait_for_phase
from tests.dashboard.toy_table import CLEARING, make_session


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    with start_dashboard(lambda: make_session(CLEARING, hold_s=0.4), port=0) as dashboard:
        yield dashboard


@pytest.fixture
def page(dashboard: Dashboard, open_page: Callable[..., Page]) -> Page:
    page = open_page(dashboard.url)
    wait_for_phase(page, "ready")
    return page


def test_bricks_clicked_one_after_the_other_are_listed_and_picked_in_turn(page: Page, dashboard: Dashboard) -> None:
    choose_policy(page, "still")
    click_brick(page, dashboard, "overhead", 3)
    wait_for_phase(page, "running")
    expect(page.locator("#run")).to_have_text("Queue")
    for brick in (4, 1):
        click_brick(page, dashboard, "overhead", brick)
    expect(page.locator("#queue li")).to_have_text(["blue", "orange"])
    page.locator("#stop").click()
    expect(page.locator("#queue li")).to_have_count(0)
    choose_policy(page, "expert")
    click_brick(page, dashboard, "overhead", 3)
    click_brick(page, dashboard, "overhead", 4)
    expect(page.locator(".row[data-policy=expert]")).to_contain_text("2 of 2")


def test_one_button_clears_the_table(page: Page) -> None:
    choose_policy(page, "expert")
    page.locator("#clear").click()
    expect(page.locator("#queue li").first).to_be_visible()
    expect(page.locator(".row[data-policy=expert]")).to_contain_text("6 of 6", timeout=30_000)
    page.keyboard.press("a")
    expect(page.locator("#view-overhead .toast")).to_contain_text("nothing is left")


def test_a_table_without_a_tray_has_no_such_button(open_page: Callable[..., Page]) -> None:
    with start_dashboard(make_session, port=0) as plain:
        page = open_page(plain.url)
        wait_for_phase(page, "ready")
        expect(page.locator("#clear")).to_be_hidden()
        expect(page.locator("#queue")).to_be_hidden()
