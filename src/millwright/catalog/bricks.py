"""The tasks of the brick table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from millwright.catalog.options import make_with_options
from millwright.catalog.task import GRASP_GAMERS, Task, height_alone, sustained_lift
from millwright.core.episode import Episode
from millwright.core.judging import Judge
from millwright.core.policy import Policy
from millwright.policies.playing import Playing
from millwright.robots.limits import Envelope, Workspace

MAX_BRICK_FORCE_N = 40.0
"""At the wrist, the hand's own weight included, which is 6 N of it; a pick needs less than 10."""
PLACE_GAMERS = ("hold", "keep", "put-beside", "put-on-rim", "toss", "drop-in", "place-another")
BRICK_STARTS = (
    "in-air", "on-brick", "on-tower", "in-hand", "in-brick", "in-table", "thrown", "thrown-into-hand", "another-thrown",
)  # fmt: skip


def _brick_table(**options: Any) -> Any:
    from millwright.envs.brick_table import BrickTableEnv, BrickTableOptions

    return BrickTableEnv(**asdict(make_with_options("brick-table", BrickTableOptions, options)))


def _brick_clear(**options: Any) -> Any:
    from millwright.envs.brick_table import BrickTableEnv, BrickTableOptions

    return BrickTableEnv(**asdict(make_with_options("brick-clear", BrickTableOptions, {"tray": True, **options})))


def _find_brick_properties(env: Any, episode: Episode) -> Mapping[str, str | float]:
    from millwright.evaluation.properties import find_click_properties, find_grasp_properties, find_pile_properties

    facts, clicked = episode.steps[0].facts, env.unwrapped.clicked
    properties = find_grasp_properties(facts)
    if env.unwrapped.options.clutter:
        properties |= find_pile_properties(facts)
    if env.unwrapped.options.bump:
        properties["bumped_m"] = round(env.unwrapped.bumped_m, 4)
    if clicked is None:
        return properties
    camera, anchor = clicked
    return properties | find_click_properties(facts, camera, anchor.x, anchor.y)


def _describe_brick_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    from millwright.envs.brick_table.lacks import describe_lacks

    return describe_lacks(recorded)


def _describe_tray_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return _describe_brick_lacks([{"tray": True, **options} for options in recorded])


def _placed_in_tray() -> Judge:
    from millwright.judges import PlacedInTray

    return PlacedInTray()


def _over_tray_alone() -> Judge:
    from millwright.judges import OverTrayAlone

    return OverTrayAlone()


def _brick_picker(control_hz: float) -> Policy:
    from millwright.experts.brick_picker import BrickPicker

    return BrickPicker(control_hz)


def _perturbed_brick_picker(control_hz: float) -> Policy:
    from millwright.experts.brick_picker import BrickPicker
    from millwright.experts.perturbed import Perturbed

    return Perturbed(BrickPicker(control_hz))


def _nudged_brick_picker(control_hz: float) -> Policy:
    from millwright.experts.brick_picker import BrickPicker
    from millwright.experts.perturbed import CROWDED, Perturbed

    return Perturbed(BrickPicker(control_hz), CROWDED)


def _brick_placer(control_hz: float) -> Policy:
    from millwright.experts.brick_placer import BrickPlacer

    return BrickPlacer(control_hz)


def _perturbed_brick_placer(control_hz: float) -> Policy:
    from millwright.experts.brick_placer import BrickPlacer
    from millwright.experts.perturbed import HEAVY_ARM, Perturbed

    return Perturbed(BrickPlacer(control_hz), HEAVY_ARM)


def _gamer(control_hz: float, name: str) -> Policy:
    from millwright.experts.gamers import GAMERS
    from millwright.experts.place_gamers import PLACE_GAMERS

    return {**GAMERS, **PLACE_GAMERS}[name](control_hz)


def _nothing(control_hz: float) -> Policy:
    from millwright.policies.baselines import Nothing

    return Nothing()


def _random(control_hz: float) -> Policy:
    from millwright.policies.baselines import Random

    return Random()


def _ur5e_at_bricks() -> Envelope:
    from millwright.robots import jaws, ur5e

    chain = ur5e.make_chain()
    # as far as the arm reaches in front of it, and fingertips above the table
    low, high = np.array([(0.2, -0.6, jaws.TIP_M), (0.95, 0.6, 0.7)])
    box = Workspace(low, high, lambda joints: chain.compute_pose(joints)[:3, 3])
    return Envelope(ur5e.make_limits(), np.array([[0.0, ur5e.MAX_OPENING_M]]), box, MAX_BRICK_FORCE_N)


BRICKS: dict[str, Task] = {
    "brick-table": Task(
        "twelve coloured bricks in front of a UR5e: pick the one pointed at",
        _brick_table,
        sustained_lift,
        experts={
            "expert": _brick_picker,
            "expert-perturbed": _perturbed_brick_picker,
            "expert-nudged": _nudged_brick_picker,
        },
        baselines={"nothing": _nothing, "random": _random},
        properties=_find_brick_properties,
        gamers={name: partial(_gamer, name=name) for name in GRASP_GAMERS},
        starts=BRICK_STARTS,
        counter_examples={"height-alone": height_alone},
        variants={"clutter": {"clutter": True}},
        small_pictures={"image_size": 32},
        lacks=_describe_brick_lacks,
        limits={"ur5e": _ur5e_at_bricks},
    ),
    "brick-clear": Task(
        "clear the brick table: put the brick pointed at into a tray, within the joints' limits",
        _brick_clear,
        _placed_in_tray,
        experts={"expert": _brick_placer, "expert-perturbed": _perturbed_brick_placer},
        baselines={"nothing": _nothing, "random": _random},
        properties=_find_brick_properties,
        gamers={name: partial(_gamer, name=name) for name in (*PLACE_GAMERS, "fling", "drop", "catch")},
        starts=("in-hand", "thrown-into-hand", "over-tray", "in-tray"),
        counter_examples={"over-tray-alone": _over_tray_alone},
        playing=Playing(execute=1, blend=0, most_late=0.75),
        small_pictures={"image_size": 32},
        lacks=_describe_tray_lacks,
    ),
}
