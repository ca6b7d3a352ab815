"""Properties of a start: where things lie and how they are turned, on scenes whose answer is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from millwright.catalog import Player
from millwright.core.facts import GraspFacts
from millwright.evaluation.properties import find_click_properties, find_grasp_properties, find_pile_properties
from millwright.geometry.poses import quaternion_from_yaw
from tests.toys import ReachEnv


def scene(*objects: tuple[str, float, float, float], target: int = 0) -> GraspFacts:
    """Facts of objects with name, x, y (m) and yaw (degrees)."""
    _, info = ReachEnv().reset(seed=0)
    return replace(
        info["facts"],
        names=tuple(name for name, *_ in objects),
        target=target,
        positions=np.array([(x, y, 0.01) for _, x, y, _ in objects]),
        orientations=np.array([quaternion_from_yaw(math.radians(yaw)) for *_, yaw in objects]),
    )


def test_the_target_is_described_with_its_place_and_turn() -> None:
    found = find_grasp_properties(scene(("red", 0.0, 0.0, 0.0), ("white", 0.3, -0.4, -30.0), target=1))
    assert found["target"] == "white"
    assert (found["target_x_m"], found["target_y_m"], found["target_reach_m"]) == (0.3, -0.4, 0.5)
    assert (found["target_yaw_deg"], found["target_turn_deg"]) == (-30.0, 30.0)


@pytest.mark.parametrize("yaw", [20.0, 200.0, -160.0, 380.0])
def test_half_a_turn_changes_nothing(yaw: float) -> None:
    found = find_grasp_properties(scene(("red", 0.5, 0.0, yaw), ("blue", 0.6, 0.0, 0.0)))
    assert (found["target_yaw_deg"], found["neighbour_bearing_deg"]) == (20.0, 20.0)


@pytest.mark.parametrize(("away", "bearing"), [((0.1, 0.0), 0.0), ((0.0, 0.1), 90.0), ((-0.1, -0.1), 45.0)])
def test_the_nearest_other_object_is_the_neighbour(away: tuple[float, float], bearing: float) -> None:
    near = ("near", 0.5 + away[0], away[1], 0.0)
    found = find_grasp_properties(scene(("red", 0.5, 0.0, 0.0), ("far", 0.9, 0.0, 0.0), near))
    assert found["neighbour_distance_m"] == pytest.approx(math.hypot(*away), abs=1e-4)
    assert found["neighbour_bearing_deg"] == bearing


def test_an_object_that_is_alone_has_no_neighbour() -> None:
    assert not [name for name in find_grasp_properties(scene(("red", 0.5, 0.0, 0.0))) if "neighbour" in name]


def pile(*others: tuple[float, float, float]) -> dict[str, str | float]:
    """Of a brick on the table at (0.5, 0), among others at x, y, z (m)."""
    facts = scene(("red", 0.5, 0.0, 0.0), *((str(index), *place[:2], 0.0) for index, place in enumerate(others)))
    positions = np.array([(0.5, 0.0, 0.012), *others])
    return find_pile_properties(
        replace(facts, positions=positions, half_sizes=np.tile([0.016, 0.032, 0.012], (1 + len(others), 1)))
    )


def test_a_pile_is_described_by_who_touches_and_what_is_free() -> None:
    free = {"touching": 0.0, "lies": "on the table", "free_sides": 2.0, "free_ends": 2.0, "grasp": "at once"}
    beside, behind = (0.5325, 0.0, 0.012), (0.5, 0.0645, 0.012)
    assert pile((0.7, 0.0, 0.012)) == free
    assert pile(behind) == free | {"touching": 1.0, "free_ends": 1.0}
    assert pile(beside) == free | {"touching": 1.0, "free_sides": 1.0, "grasp": "after a push"}
    assert pile(beside, behind)["touching"] == 2


def test_a_brick_that_lies_on_others_or_leans_says_so() -> None:
    facts = next(iter(Player("brick-table", {"clutter": True, "max_steps": 1}, "nothing")()(7101).steps)).facts
    bricks = [find_pile_properties(replace(facts, target=index)) for index in range(len(facts.names))]
    heights = facts.positions[:, 2]
    lies = [str(brick["lies"]) for brick in bricks]
    assert {lie for lie, height in zip(lies, heights, strict=True) if height > 0.034} <= {"on others", "aslant"}
    assert {lie for lie, height in zip(lies, heights, strict=True) if height < 0.0125} == {"on the table"}


def test_a_click_is_described_by_its_camera_and_its_distance_from_the_middle() -> None:
    found = find_click_properties(scene(("red", 0.5, 0.1, 0.0)), "wrist", 0.51, 0.1)
    assert found == {"click_camera": "wrist", "click_offset_m": 0.01}


def test_episodes_of_the_brick_table_know_their_start() -> None:
    options = {"image_size": 16, "max_steps": 1}
    clicked = Player("brick-table", options, "nothing")()(4980)
    named = Player("brick-table", options, "nothing", reset_options={"target": "white"})()(4980)
    assert clicked.properties["target"] == clicked.verdict.evidence["target"]
    assert clicked.properties["click_camera"] in ("wrist", "overhead")
    assert 0 < clicked.properties["click_offset_m"] < 0.04
    assert named.properties["target"] == "white"
    assert "click_camera" not in named.properties
    assert clicked.properties["target_x_m"] == pytest.approx(
        clicked.steps[0].facts.positions[clicked.steps[0].facts.target, 0], abs=1e-4
    )
