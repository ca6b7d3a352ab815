"""A real Chromium without a screen. It is a system package, so its absence fails with the line that installs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="package")  # not longer: while playwright lives, this thread's event loop counts as running
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = shutil.which("chromium") or playwright.chromium.executable_path
        if not os.access(executable, os.X_OK):
            pytest.fail("there is no chromium; `make test` installs it, or: apt-get install -y chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
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
    # Of tests that end the server, and of those that ask for what is refused.
    expected = ("ERR_CONNECTION_REFUSED", "status of 400")
    unexpected = [text for text in complaints if not any(part in text for part in expected)]
    assert not unexpected, unexpected
