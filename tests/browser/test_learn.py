"""The teaching page in a real browser: its mathematics are the package's, its handles move, and it opens from disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.dashboard.server import start_dashboard
from millwright.envs.brick_table.prompts import AnchorPrompt, Click, anchor_click, compute_prompt_box
from millwright.envs.mujoco.scene import WristCamera
from millwright.geometry.boxes import compute_corners
from millwright.geometry.cameras import GRAPHICS_FROM_OPTICAL, Camera, Fisheye, Pinhole
from millwright.geometry.poses import Floats
from millwright.policies.chunk_player import ChunkPlayer
from tests.dashboard.toy_table import make_session

OpenPage = Callable[..., Page]
FILE = Path(str(files("millwright.dashboard") / "static" / "learn" / "index.html"))
LENGTHS = (0.4, 0.25)
LENSES: dict[str, type[Camera]] = {"pinhole": Pinhole, "fisheye": Fisheye}
HAND_DOWN = np.diag([1.0, -1.0, -1.0, 1.0])
"""The hand's axes in the base frame when it points straight down and its x axis forward."""


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    page = open_page(FILE.as_uri())
    page.locator("#forward .link").wait_for(state="attached")
    return page


@pytest.fixture(scope="module")
def sheet(chromium: Browser) -> Iterator[Page]:
    """The page for those who only ask it to calculate."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(FILE.as_uri())
    yield page
    context.close()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def drag(page: Page, handle: Locator, x: float, y: float) -> None:
    """Take the handle and let go of it x, y pixels further."""
    handle.scroll_into_view_if_needed()
    box = handle.locator(".knob").bounding_box()
    assert box is not None
    at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + x, at[1] + y, steps=4)
    page.mouse.up()


def read_numbers(page: Page, selector: str) -> list[float]:
    return [float(number) for number in page.locator(selector).inner_text().replace("−", "-").split(", ")]


def set_range(page: Page, name: str, value: float) -> None:
    page.locator(f"#{name}").evaluate(
        "(range, value) => { range.value = value; range.dispatchEvent(new Event('input')); }", value
    )


def place_camera(hand: Floats) -> Floats:
    """Pose (4, 4) of the wrist camera, optical frame, as the package mounts it."""
    pose = HAND_DOWN.copy()
    pose[:3, 3] = hand
    return pose @ WristCamera().pose_in_hand() @ GRAPHICS_FROM_OPTICAL


def to_matrix(pose: dict[str, Any]) -> Floats:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = np.array(pose["axes"]).T, pose["place"]
    return matrix


@pytest.mark.parametrize("lens", LENSES)
def test_both_lenses_see_a_point_where_the_package_sees_it(sheet: Page, rng: np.random.Generator, lens: str) -> None:
    points = rng.uniform((-1, -1, -0.5), (1, 1, 1.5), (200, 3))
    for fov in (50, 85, 155):
        camera = LENSES[lens](128, 128, fov)
        seen = sheet.evaluate(
            "([lens, fov, points]) => points.map((point) => Cameras.LENSES[lens].project(point, fov))",
            [lens, math.radians(fov), points.tolist()],
        )
        expected = camera.project(points)
        assert [at is None for at in seen] == np.isnan(expected).any(axis=1).tolist()
        assert any(at is None for at in seen)
        visible = np.array([at is not None for at in seen])
        assert np.abs(np.array([at for at in seen if at]) - expected[visible]).max() < 1e-6


@pytest.mark.parametrize("lens", LENSES)
def test_a_click_gives_the_packages_ray_and_anchor_and_box(sheet: Page, rng: np.random.Generator, lens: str) -> None:
    for _ in range(25):
        fov, (u, v) = float(rng.uniform(60, 120)), rng.uniform(0.1, 0.9, 2).tolist()
        camera, hand = LENSES[lens](128, 128, fov), rng.uniform((0.4, -0.1, 0.15), (0.6, 0.1, 0.3))
        tilt, shift, heading = rng.uniform((0, 0, 0), (0.05, 0.02, 6.28)).tolist()
        found = sheet.evaluate(
            """([lens, fov, click, hand, ...error]) => {
                const pose = Cameras.wristPose(hand), believed = Cameras.misplace(pose, ...error);
                const anchor = Cameras.anchorClick(click, lens, fov, believed);
                const box = anchor && Cameras.makePromptBox(anchor, lens, fov, believed);
                return { pose, believed, anchor, box, ray: Cameras.LENSES[lens].ray(click, fov) };
            }""",
            [lens, math.radians(fov), [u, v], hand.tolist(), tilt, shift, heading],
        )
        pose, believed = to_matrix(found["pose"]), to_matrix(found["believed"])
        assert np.allclose(pose, place_camera(hand), atol=1e-9)
        error = np.linalg.inv(pose) @ believed
        assert math.acos(min(1.0, (np.trace(error[:3, :3]) - 1) / 2)) == pytest.approx(tilt, abs=1e-6)
        assert np.linalg.norm(error[:3, 3]) == pytest.approx(shift, abs=1e-9)
        assert np.allclose(found["ray"], camera.ray(u, v), atol=1e-6)
        anchor = anchor_click(Click("wrist", u, v), camera, believed)
        assert np.allclose(found["anchor"], [anchor.x, anchor.y], atol=1e-6)
        expected = compute_prompt_box(AnchorPrompt(anchor.x, anchor.y), camera, believed, 0.0)
        assert np.allclose(found["box"], expected[:5], atol=1e-6)


def test_a_brick_has_the_packages_corners(sheet: Page) -> None:
    yaw = 0.7
    corners = sheet.evaluate("yaw => Cameras.makeCorners([0.5, 0.1, 0.012], yaw, Cameras.BRICK_HALF)", yaw)
    expected = compute_corners((0.5, 0.1, 0.012), (math.cos(yaw / 2), 0, 0, math.sin(yaw / 2)), (0.016, 0.032, 0.012))
    assert np.allclose(corners, expected, atol=1e-9)


def test_both_elbows_bring_the_tip_to_the_target_or_as_near_as_it_gets(sheet: Page, rng: np.random.Generator) -> None:
    targets = rng.uniform(-0.9, 0.9, (300, 2))
    answers = sheet.evaluate(
        """([targets, lengths]) => targets.map(([x, y]) => {
            const found = Kinematics.inverse(x, y, lengths);
            return { ...found, tips: found.solutions.map((angles) => Kinematics.forward(...angles, lengths).tip) };
        })""",
        [targets.tolist(), LENGTHS],
    )
    assert {answer["limit"] for answer in answers} == {"", "far", "near"}
    for target, answer in zip(targets, answers, strict=True):
        radius = np.linalg.norm(target)
        nearest = target * np.clip(radius, LENGTHS[0] - LENGTHS[1], sum(LENGTHS)) / radius
        for (first, second), tip in zip(answer["solutions"], answer["tips"], strict=True):
            links = LENGTHS[0] * np.exp(1j * first) + LENGTHS[1] * np.exp(1j * (first + second))
            assert np.allclose(tip, [links.real, links.imag], atol=1e-9)
            assert np.allclose(tip, nearest, atol=1e-6)
        assert answer["solutions"][0][1] == pytest.approx(-answer["solutions"][1][1])


class Reciting(Planner):
    """Gives the plans it was made with, one after the other."""

    inputs, action, rate_hz = Features(), Feature("action", (4,)), 15.0

    def __init__(self, plans: Floats) -> None:
        self._plans = iter(plans.astype(np.float32))

    def plan(self, observations: Any, memories: Any) -> Any:
        return [Chunk(next(self._plans), self.rate_hz)], [None]


@pytest.mark.parametrize(("execute", "blend"), [(1, 0), (2, 1), (2, 6), (5, 4), (12, 8), (16, 3)])
def test_chunks_are_played_as_the_chunk_player_plays_them(
    sheet: Page, rng: np.random.Generator, execute: int, blend: int
) -> None:
    plans = rng.normal(size=(4, 16, 4))
    player = ChunkPlayer(Reciting(plans), execute, blend)
    ticks = range(4 * execute)
    expected = [player.act({}) for _ in ticks]
    played = sheet.evaluate(
        """([plans, execute, blend, ticks]) => {
            const blended = Chunks.blendAll(plans, execute, blend);
            return ticks.map((tick) => {
                const { index, action } = Chunks.findPlayed(blended, tick);
                return blended[index].actions[action];
            });
        }""",
        [plans.tolist(), execute, blend, list(ticks)],
    )
    assert np.allclose(played, expected, atol=1e-5)


def test_dragging_a_joint_moves_the_tip_and_leaves_a_path(page: Page) -> None:
    before = read_numbers(page, "#tip")
    drag(page, page.locator("#forward .handle").nth(1), 0, 60)
    after = read_numbers(page, "#tip")
    assert after[1] < before[1] - 0.02
    first, second = (math.radians(float(page.locator(f"#{name}").input_value())) for name in ("first", "second"))
    expected = 0.4 * np.exp(1j * first) + 0.25 * np.exp(1j * (first + second))
    assert np.allclose(after, [expected.real, expected.imag], atol=1e-3)
    page.locator("#clear").click()
    assert page.locator("#forward .way").get_attribute("d").count("L") == 0


def test_the_target_of_the_tip_can_be_dragged_out_of_reach_and_moved_by_arrow_keys(page: Page) -> None:
    target = page.locator("#inverse .handle")
    drag(page, target, 120, -60)
    expect(page.locator("#reachable")).to_contain_text("Too far")
    page.get_by_role("button", name="Too near").click()
    expect(page.locator("#reachable")).to_contain_text("Too near")
    page.get_by_role("button", name="In reach").click()
    expect(page.locator("#reachable")).to_contain_text("In reach")
    target.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#goal")).to_have_text("0.31 m, 0.32 m")
    expect(target).to_have_attribute("aria-valuetext", "0.31 m, 0.32 m")


@pytest.mark.parametrize("picture", ["pinhole", "fisheye", "map"])
def test_the_brick_can_be_dragged_in_every_picture_and_its_box_follows(page: Page, picture: str) -> None:
    before = read_numbers(page, "#fisheye-box")
    drag(page, page.locator(f"#{picture} .handle"), 40, 0)
    after = read_numbers(page, "#fisheye-box")
    assert after[0] > before[0] + 0.04
    assert after[2] > before[2] + 0.04
    page.locator(f"#{picture} .handle").focus()
    page.keyboard.press("ArrowLeft")
    assert read_numbers(page, "#fisheye-box")[0] < after[0]


def test_a_perfect_calibration_anchors_on_the_brick_and_a_wrong_one_beside_it(page: Page) -> None:
    page.locator("#as-built").click()
    expect(page.locator("#anchor")).to_have_text("1 mm from the brick’s middle")
    expect(page.locator("#judged")).to_have_text("On the brick.")
    set_range(page, "tilt", 3)
    set_range(page, "shift", 2)
    set_range(page, "down", 100)
    off = float(page.locator("#anchor").inner_text().split(" mm")[0])
    assert off > 12
    expect(page.locator("#judged")).not_to_have_text("On the brick.")


def test_a_chunk_is_played_paused_scrubbed_and_cut_short_elsewhere(page: Page) -> None:
    episodes = page.evaluate("EPISODES.episodes.map(({ plans, hand }) => [plans.length, hand[0].length])")
    for execute, (plans, ticks) in enumerate(episodes, start=1):
        assert plans == math.ceil(ticks / execute)
    set_range(page, "scrub", 9)
    set_range(page, "execute", 4)
    expect(page.locator("#plan")).to_have_text(f"3 of {episodes[3][0]}")
    expect(page.locator("#action")).to_have_text("2 of 4 played, 12 thrown away")
    set_range(page, "execute", 16)
    expect(page.locator("#action")).to_have_text("10 of 16 played, 0 thrown away")
    page.locator("#outcomes button").nth(1).click()
    expect(page.locator("#execute")).to_have_value("2")
    expect(page.locator("#hypothetical")).to_be_hidden()
    set_range(page, "blend", 4)
    expect(page.locator("#hypothetical")).to_be_visible()
    set_range(page, "speed", 1)
    set_range(page, "scrub", 28)
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_text("Pause")
    expect(page.locator("#play")).to_have_text("Play", timeout=10_000)
    expect(page.locator("#scrub")).to_have_value(str(episodes[1][1] - 1))
    expect(page.locator("#plan")).to_have_text(f"{episodes[1][0]} of {episodes[1][0]}")


def test_the_wheel_of_time_starts_again_after_the_end_and_stops_when_told(page: Page) -> None:
    set_range(page, "scrub", 99)
    page.locator("#play").click()
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_text("Play")
    assert int(page.locator("#scrub").input_value()) < 10


def test_no_width_of_window_makes_the_page_scroll_sideways(page: Page) -> None:
    for width in (360, 390, 768, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, input, [tabindex]")].filter((element) =>
            !element.getAttribute("aria-label") && !element.textContent.trim() && !element.labels?.length).length"""
    )
    assert nameless == 0


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with start_dashboard(make_session, port=0) as dashboard:
        yield dashboard.url


def test_the_dashboard_leads_to_the_page_and_back(served: str, open_page: OpenPage) -> None:
    page = open_page(served, color_scheme="dark")
    page.get_by_role("link", name="Learn").click()
    page.locator("#inverse .link").first.wait_for(state="attached")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("link", name="Dashboard").click()
    page.locator("#phase[data-phase=ready]").wait_for()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_its_address_may_be_typed_without_a_slash(served: str, open_page: OpenPage) -> None:
    page = open_page(f"{served}/learn")
    expect(page.locator("#tip")).not_to_be_empty()


def test_from_disk_there_is_no_way_to_a_dashboard_that_does_not_run(page: Page) -> None:
    expect(page.locator("#dashboard")).to_be_hidden()
