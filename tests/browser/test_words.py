"""Asking in words, in a real browser, on the toy table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from millwright.dashboard.server import Dashboard, start_dashboard
from tests.browser.test_dashboard import wait_for_phase
from tests.dashboard.toy_table import make_session
from tests.dashboard.toy_words import WORDS

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Dashboard]:
    with start_dashboard(lambda: make_session(WORDS, hold_s=0.4), port=0) as dashboard:
        yield dashboard


@pytest.fixture
def page(dashboard: Dashboard, open_page: OpenPage) -> Page:
    page = open_page(dashboard.url)
    wait_for_phase(page, "ready")
    expect(page.locator("#instruction")).to_be_enabled()
    return page


def test_an_example_that_is_clicked_is_told_and_judged(page: Page) -> None:
    expect(page.locator("#bricks")).to_be_hidden()
    page.get_by_text("lift the blue brick").click()
    expect(page.locator("#instruction")).to_have_value("lift the blue brick")
    page.locator("#run").click()
    expect(page.locator("#target")).to_have_text("blue brick")
    expect(page.locator("#ruling")).to_contain_text("Picked blue brick")
    expect(page.locator("#said")).to_have_text("told: “lift the blue brick”")


def test_what_is_typed_and_fits_nothing_is_answered_with_what_there_is_as_plain_text(page: Page) -> None:
    page.locator("#instruction").fill("<img src=x onerror=alert(1)>")
    page.locator("#instruction").press("Enter")
    toast = page.locator("#view-overhead .toast")
    expect(toast).to_contain_text("<img src=x onerror=alert(1)>")
    expect(toast).to_contain_text("on the table: yellow brick, green brick, blue brick, violet brick")
    assert page.locator("#view-overhead .toast img").count() == 0
    expect(page.locator("#phase")).to_have_attribute("data-phase", "ready")


def test_another_scene_brings_other_examples_and_keys_choose_them(page: Page) -> None:
    page.locator("#seed").fill("5004")
    page.locator("#seed").press("Enter")
    expect(page.locator(".example").first).to_contain_text("lift the red brick")
    page.locator("#run").focus()
    page.keyboard.press("3")
    expect(page.locator("#instruction")).to_have_value("lift the yellow brick")
    page.keyboard.press("0")
    expect(page.locator("#instruction")).to_have_value("")


def test_nothing_is_wider_than_a_narrow_window(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(dashboard.url, viewport={"width": 390, "height": 800})
    page.locator(".example").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
