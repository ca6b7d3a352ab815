"""The probe tells a policy that goes where it is sent from one that does not, and shows which looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millwright.core.errors import OptionError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.envs.brick_table import BrickTableEnv
from millwright.evaluation.probe import Probe, find_tips, probe, summarise, tabulate
from millwright.evaluation.probe_picture import write_probe
from millwright.evaluation.scene_view import SceneView, make_view
from tests.toys import ReachEnv

SEED, SIZE = 8003, 32
DOWN = (0.0, 1.0, 0.0, 0.0)


class Sent(Planner):
    """Goes to a place that it is told by the test, whatever it sees."""

    inputs = Features(Feature("observation.images.wrist", (SIZE, SIZE, 3), "uint8"))
    action = Feature("hand_target", (8,))

    def __init__(self, find_place: Any) -> None:
        self._find_place = find_place

    def plan(self, observations: Any, memories: Any) -> Any:
        x, y = self._find_place()
        start, end = (np.array([x, y, z, *DOWN, 0.03], np.float32) for z in (0.2, 0.02))
        return [Chunk(np.stack([start, end]), 15.0) for _ in observations], list(memories)


@pytest.fixture(scope="module")
def env() -> Any:
    env = BrickTableEnv(image_size=SIZE)
    yield env
    env.close()


@pytest.fixture(scope="module")
def view(env: BrickTableEnv) -> Any:
    view = make_view(env)
    yield view
    view.close()


def find_target(env: BrickTableEnv) -> Any:
    facts = env._report()
    return facts.positions[facts.target][:2]


def find_beside_target(env: BrickTableEnv) -> Any:
    """Five millimetres away."""
    return np.add(find_target(env), [0.003, 0.004])


@pytest.fixture(scope="module")
def exact(env: BrickTableEnv, view: SceneView) -> Probe:
    return probe(Sent(lambda: find_beside_target(env)), env, view, SEED)


def test_a_policy_that_goes_where_it_is_sent_hits_everything(exact: Probe) -> None:
    assert exact.hits == 12
    assert exact.steering == pytest.approx(1, abs=1e-3)
    assert [aim.own_mm for aim in exact.aims] == pytest.approx([5.0] * 12, abs=0.01)
    assert all(aim.nearest_other_mm > 30 for aim in exact.aims)


def test_a_policy_that_ignores_the_prompt_always_ends_at_the_same_place(env: BrickTableEnv, view: SceneView) -> None:
    stubborn = probe(Sent(lambda: (0.52, 0.0)), env, view, SEED)
    assert stubborn.steering == 0
    assert stubborn.hits == 1
    assert len({aim.goes_to for aim in stubborn.aims}) == 1


def test_a_policy_that_does_not_look_has_no_influence_on_its_map(exact: Probe) -> None:
    assert all(aim.influence.moved_mm.max() == 0 for aim in exact.aims)


def test_clicks_hit_their_object_but_seldom_its_middle(exact: Probe) -> None:
    offsets = [aim.click_mm for aim in exact.aims]
    assert max(offsets) < 30
    assert np.mean(offsets) > 5


def test_the_plan_lies_in_the_picture_where_the_lens_puts_it(exact: Probe) -> None:
    for aim in exact.aims:
        if aim.in_view:
            middle = (aim.box[:2] + aim.box[2:4]) / 2
            assert np.abs(aim.path_in_picture[-1] - middle).max() < 0.12  # the click was not in the middle
            assert np.allclose(aim.tips_in_picture.mean(axis=0), aim.path_in_picture[-1], atol=0.02)


def test_the_same_seed_is_the_same_probe(exact: Probe, env: BrickTableEnv, view: SceneView) -> None:
    again = probe(Sent(lambda: find_beside_target(env)), env, view, SEED)
    assert again.to_json() == exact.to_json()


def test_turning_the_hand_moves_its_fingertips() -> None:
    straight, turned = np.array([0, 0, 0, *DOWN]), np.array([0, 0, 0, 0, np.sqrt(0.5), np.sqrt(0.5), 0])
    assert np.linalg.norm(find_tips(straight) - find_tips(turned), axis=1) == pytest.approx([0.025 * np.sqrt(2)] * 2)


def test_the_table_has_a_line_an_object_and_a_summary(exact: Probe) -> None:
    lines = tabulate(exact).splitlines()
    assert len(lines) == 14
    assert lines[1].split()[:3] == ["red", "red", "5.0"]
    assert lines[-1] == summarise(exact)
    assert "12 of 12" in lines[-1]


def test_sheet_and_numbers_are_written(exact: Probe, tmp_path: Path) -> None:
    write_probe(exact, tmp_path / "new", {"bundle": "sent"})
    values = json.loads((tmp_path / "new" / "probe.json").read_text())
    assert (values["bundle"], values["goes_to_its_own"], values["own_mm_mean"]) == ("sent", 12, 5.0)
    assert values["aims"][0]["influence_mm"] == exact.aims[0].to_json()["influence_mm"]
    picture = np.asarray(Image.open(tmp_path / "new" / "probe.png").convert("RGB"))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100


def test_what_has_no_objects_or_no_picture_is_refused(env: BrickTableEnv, view: SceneView) -> None:
    with pytest.raises(OptionError, match="ReachEnv names no objects"):
        probe(Sent(lambda: (0, 0)), ReachEnv(), view, SEED)
    blind = Sent(lambda: (0, 0))
    blind.inputs = Features(Feature("observation.state", (7,)))
    with pytest.raises(OptionError, match=r"sees no picture, only observation\.state"):
        probe(blind, env, view, SEED)
