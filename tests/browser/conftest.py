"""A real Chromium without a screen. It is a system package, so its absence fails with the line that installs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="package")  # not longer: while playwright lives, this thread's event loop counts as running
def chromium() -> Iterator[Browser]:
    if not os.access(EXECUTABLE, os.X_OK):
        pytest.fail(f"{EXECUTABLE} is missing; install it with: apt-get install -y chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each a browser of its own; a test fails when a page wrote an error to its console."""
    pages: list[Page] = []
    complaints: list[str] = []

    def open_(url: str, **options: Any) -> Page:
        page = chromium.new_context(**{"viewport": {"width": 1280, "height": 860}, **options}).new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: message.type in ("error", "warning") and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        pages.append(page)
        return page

    yield open_
    for page in pages:
        page.context.close()
    unexpected = [text for text in complaints if "ERR_CONNECTION_REFUSED" not in text]  # of tests that end the server
    assert not unexpected, unexpected
