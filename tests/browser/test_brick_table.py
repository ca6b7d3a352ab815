"""From a click in a real browser to a brick that is really up."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from millwright import catalog
from millwright.dashboard.server import Dashboard, start_dashboard
from millwright.dashboard.session import Session
from millwright.dashboard.stage import Stage


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Dashboard]:
    stage = Stage(
        functools.partial(catalog.make_env, "brick-table"),
        functools.partial(catalog.make_judge, "brick-table"),
        {name: functools.partial(catalog.make_policy, "brick-table", name) for name in ("expert", "random")},
    )
    with start_dashboard(lambda: Session(stage, hold_s=1.0), port=0) as dashboard:
        yield dashboard


def click_brick(page: Page, dashboard: Dashboard, camera: str, name: str) -> None:
    """Click on the brick's centre in the picture on show."""
    scene = dashboard.session.snapshots.value.scene
    view = page.locator(f"#view-{camera}[data-scene='{scene}']")
    view.wait_for()
    frame = dashboard.viewers.frames[camera].value
    assert frame is not None
    names = [button.get_attribute("data-brick") for button in page.locator(".brick:not(.any)").all()]
    mark = frame.marks[names.index(name)]
    overlay = view.locator(".overlay")
    box = overlay.bounding_box()
    assert mark is not None
    assert box is not None
    overlay.click(position={"x": mark[0] * box["width"], "y": mark[1] * box["height"]})


@pytest.mark.parametrize(("camera", "brick"), [("overhead", "sky"), ("wrist", "white")])
def test_clicking_a_brick_in_either_view_ends_with_that_brick_picked(
    dashboard: Dashboard, open_page: Callable[..., Page], camera: str, brick: str
) -> None:
    page = open_page(dashboard.url)
    page.locator("#phase[data-phase=ready]").wait_for()
    click_brick(page, dashboard, camera, brick)
    expect(page.locator("#target")).to_have_text(brick)
    expect(page.locator("#ruling")).to_have_text(re.compile(f"Picked {brick}"), timeout=60_000)
    expect(page.locator("#ruling")).to_have_attribute("data-verdict", "picked")
    expect(page.locator("#evidence")).to_contain_text("Left pad")
    page.locator("#phase[data-phase=ready]").wait_for()


def test_a_click_beside_the_table_is_refused_in_the_environments_words(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    page = open_page(dashboard.url)
    page.locator("#view-overhead.can-click").wait_for()
    box = page.locator("#view-overhead .overlay").bounding_box()
    assert box is not None
    page.locator("#view-overhead .overlay").click(position={"x": 8, "y": box["height"] - 8})
    expect(page.locator("#view-overhead .toast")).to_contain_text("no brick within 3 cm of the click")
    expect(page.locator("#phase")).to_have_attribute("data-phase", "ready")
