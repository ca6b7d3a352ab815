"""The pages about policies, in a real browser: what one is made of, and what it would do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from millwright.dashboard.server import Dashboard, start_dashboard
from tests.dashboard.toy_table import make_session
from tests.dashboard.toy_words import WORDS
from tests.dashboard.uploads import make_bomb, make_file
from tests.policies.arms import ATTENTION, FILM, make_arm_bundle

OpenPage = Callable[..., Page]
WICKED = "<img src=x onerror=alert(1)>"
DROP = """size => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([new Uint8Array(size)], "large.png"));
  const drop = document.querySelector(".drop[data-camera=agentview]");
  drop.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""


SLOW_THEN_LARGE = """async size => {
  const drop = document.querySelector(".drop[data-camera=agentview]");
  const slow = new File([new Uint8Array(64)], "slow.png");
  const dropFile = (file) => drop.dispatchEvent(Object.assign(new Event("drop"), { dataTransfer: { files: [file] } }));
  const read = new Promise((done) => (slow.slice = () => ({
    arrayBuffer: () => new Promise((give) => setTimeout(() => (give(new ArrayBuffer(24)), done()), 100)),
  })));
  dropFile(slow);
  dropFile(new File([new Uint8Array(size)], "large.png"));
  await read;
}"""


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    root = tmp_path_factory.mktemp("bundles")
    make_arm_bundle(ATTENTION).save(root / "attention", card=f"# {WICKED}\n\n- **bold** `code` {WICKED}\n")
    make_arm_bundle(FILM).save(root / "film")
    stage = dataclasses.replace(WORDS, bundles={"attention": root / "attention", "film": root / "film"})
    with start_dashboard(lambda: make_session(stage), port=0) as dashboard:
        yield dashboard


@pytest.fixture(scope="module")
def bare() -> Iterator[Dashboard]:
    with start_dashboard(make_session, port=0) as dashboard:
        yield dashboard


def upload(page: Page, camera: str, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    page.locator(f".drop[data-camera={camera}] input").set_input_files(files=[file])


def test_a_model_is_shown_from_what_it_observes_to_its_card(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard.url}/model/")
    page.locator("body[data-model=attention]").wait_for()
    expect(page.locator("#flow")).to_contain_text("observation.images.agentview")
    expect(page.locator("#flow .network")).to_contain_text("decoder")
    assert page.locator(".part").count() == 5
    expect(page.locator("#curves")).to_contain_text("training curves are not here")
    expect(page.locator("#text h3")).to_have_text(WICKED)  # as text: the card's words never become elements
    assert page.locator("#text img").count() == 0
    page.locator("#model").select_option("film")
    expect(page.locator("#text h3")).to_have_text("film")


@pytest.mark.parametrize(("written", "meant"), [("%E0%A4%A", "%E0%A4%A"), ("my%20own", "my own")])
def test_a_model_that_is_not_there_is_named_and_the_first_is_shown(
    dashboard: Dashboard, open_page: OpenPage, written: str, meant: str
) -> None:
    page = open_page(f"{dashboard.url}/model/#{written}")
    page.locator("body[data-model=attention]").wait_for()
    expect(page.locator("#message")).to_have_text(f"There is no {meant} here; this is attention.")


def test_a_picture_and_words_give_a_plan_and_what_it_looks_at(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard.url}/try/")
    upload(page, "agentview", "mine.png", make_file())
    expect(page.locator(".drop[data-camera=agentview] .of")).to_have_text("mine.png")
    page.locator("#instruction").fill(WICKED)
    page.locator("#look").click()
    expect(page.locator(".dim")).to_have_count(7)
    expect(page.locator("#dims")).to_contain_text("gripper")
    expect(page.locator("#chunk-of")).to_contain_text(WICKED)
    expect(page.locator(".look")).to_have_count(2)
    expect(page.locator(".look").first).to_contain_text("yours")
    page.get_by_role("button", name="Vision to words").click()
    expect(page.locator("#frames button")).to_have_count(7)
    page.get_by_role("button", name="What matters").click()
    expect(page.locator("#about")).to_contain_text("mm")


def test_what_is_no_picture_or_too_large_is_answered_in_words(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard.url}/try/")
    for content, answer in (
        (b"no picture", "agentview: that is no picture that can be read here; a PNG or a JPEG is wanted"),
        (make_bomb(), "agentview: 20000 x 20000 pixels are too many; at most 16 million pixels altogether"),
    ):
        upload(page, "agentview", "odd.png", content)
        page.locator("#look").click()
        expect(page.locator("#message")).to_have_text(answer)
    page.evaluate(DROP, 9 * 2**20)
    expect(page.locator("#message")).to_have_text("agentview: 9.0 MB are too many; at most 8.0 MB")
    page.get_by_role("button", name="Use the scene’s").click()
    page.locator("#look").click()
    expect(page.locator(".dim")).to_have_count(7)


def test_what_was_asked_last_is_told_though_it_is_known_first(dashboard: Dashboard, open_page: OpenPage) -> None:
    page = open_page(f"{dashboard.url}/try/")
    page.locator(".drop[data-camera=agentview]").wait_for()
    page.evaluate(SLOW_THEN_LARGE, 9 * 2**20)
    page.wait_for_timeout(50)
    expect(page.locator("#message")).to_have_text("agentview: 9.0 MB are too many; at most 8.0 MB")
    expect(page.locator(".drop[data-camera=agentview] .of")).to_have_text("large.png")


def test_without_such_a_policy_the_pages_say_how_to_get_one(bare: Dashboard, open_page: OpenPage) -> None:
    for name in ("try", "model"):
        page = open_page(f"{bare.url}/{name}/")
        expect(page.locator("#none")).to_contain_text("millwright run lift-choice")
        expect(page.locator("#none")).to_be_visible()


@pytest.mark.parametrize("name", ["try", "model"])
def test_the_pages_are_not_wider_than_a_narrow_window(dashboard: Dashboard, open_page: OpenPage, name: str) -> None:
    page = open_page(f"{dashboard.url}/{name}/", viewport={"width": 390, "height": 800})
    expect(page.locator("select")).not_to_be_empty()
    if name == "try":
        page.locator("#look").click()
        expect(page.locator(".dim")).to_have_count(7)
    else:
        page.locator("body[data-model=attention]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
