"""Driving by keys in a real browser: focus, held keys, and what is let go when the window is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from millwright.dashboard.server import Dashboard, start_dashboard
from tests.browser.test_dashboard import wait_for_phase
from tests.dashboard.test_driving import make_driving

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Dashboard]:
    with start_dashboard(lambda: make_driving(max_steps=300), port=0) as dashboard:
        yield dashboard


@pytest.fixture
def page(dashboard: Dashboard, open_page: OpenPage) -> Page:
    page = open_page(dashboard.url)
    wait_for_phase(page, "ready")
    return page


def test_the_first_key_starts_the_drive_and_keys_are_let_go_with_the_window(page: Page, dashboard: Dashboard) -> None:
    page.locator("#policy").select_option("human")
    expect(page.locator("#pad")).to_be_visible()
    keys = dashboard.session.keys
    assert keys is not None
    page.keyboard.down("ArrowUp")
    wait_for_phase(page, "running")
    expect(page.locator("#pad [data-key=up]")).to_have_class("held")
    expect(page.locator("#speed")).to_contain_text("m/s")
    expect(page.locator("#policy")).to_have_value("human")  # the list had the focus, and kept its row
    assert keys.now == {"up"}
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    expect(page.locator("#pad [data-key=up]")).not_to_have_class("held")
    page.wait_for_function("!document.querySelector('#pad .held')")
    assert not keys.now
    page.locator("#stop").click()
    wait_for_phase(page, "ready")


def test_a_car_is_nothing_to_click_and_a_policy_needs_no_keys(page: Page) -> None:
    expect(page.locator("#bricks")).to_be_hidden()
    expect(page.locator("#asking")).to_have_text("Drive")
    page.locator("#policy").select_option("rule")
    expect(page.locator("#pad")).to_be_hidden()
    page.locator("#view-window .overlay").click()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#phase")).to_have_attribute("data-phase", "ready")
    page.locator("#run").click()
    expect(page.locator("#tiles")).to_contain_text("of 2")
    page.locator("#stop").click()


def test_a_key_that_is_pressed_before_the_drive_can_begin_begins_it_when_it_can(page: Page) -> None:
    page.locator("#policy").select_option("human")
    expect(page.locator("#pad")).to_be_visible()
    page.wait_for_function("document.body.dataset.phase === 'ready'")
    page.evaluate("document.getElementById('run').disabled = true")  # as it is while a policy is made ready
    page.keyboard.down("ArrowUp")
    expect(page.locator("#phase")).to_have_attribute("data-phase", "ready")
    page.locator("#seed").fill("7")
    page.locator("#seed").press("Enter")  # the next status says that it can
    wait_for_phase(page, "running")
    page.keyboard.up("ArrowUp")
    page.locator("#stop").click()
    wait_for_phase(page, "ready")
