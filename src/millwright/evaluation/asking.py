"""Asking: every object of a scene is pointed at in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from millwright.core.errors import OptionError
from millwright.core.features import Observation
from millwright.evaluation.scene_view import SceneView
from millwright.geometry.boxes import compute_corners
from millwright.geometry.poses import Floats
from millwright.geometry.solids import Box, Solid

CLICK_SPREAD = 0.8
"""Clicks fall anywhere on this share of an object's length and width: pointing is not exact, so looking has to be."""


class Asked(NamedTuple):
    """One object, pointed at."""

    name: str
    click: Floats
    """(3,) m, the point on the object that was clicked."""
    observation: Observation
    facts: Any


@dataclass(frozen=True, eq=False)
class Scene:
    """One start of the environment, the same for every object that is asked for."""

    seed: int
    state: Floats
    """As `SceneView.state_of` gives it."""
    boxes: Mapping[str, tuple[Box, Floats]]
    """Object -> its box and the pose (7,) of the frame that this is in."""


def find_scene(env: Any, view: SceneView, seed: int) -> Scene:
    """The scene of a seed, with what can be asked for in it.

    Raises:
        OptionError: the environment has no objects to point at.
    """
    env = env.unwrapped
    if not hasattr(env, "object_names"):
        raise OptionError(f"{type(env).__name__} names no objects (object_names), so there is nothing to ask for")
    _, info = env.reset(seed=seed)
    state = view.state_of(info["facts"])
    solids, poses = view.find_solids(state), view.find_poses(state)
    return Scene(seed, state, {name: (_find_box(solids, name), poses[name]) for name in env.object_names})


def ask_for_each(env: Any, view: SceneView, scene: Scene) -> Iterator[Asked]:
    """Point at every object of a scene in turn, in the order of its boxes, by a click somewhere on it.

    Args:
        env: takes clicks in the view's first camera as `reset(options={"click": ...})`; stands, while one is looked
            at, as it was reset for it.
    """
    rng = np.random.default_rng(scene.seed)
    clicks = {name: _draw_point(*box, rng) for name, box in scene.boxes.items()}
    for name, point in clicks.items():
        u, v = (float(value) for value in view.project(scene.state, view.cameras[0], point)[0])
        click = {"camera": view.cameras[0], "u": u, "v": v}
        observation, info = env.unwrapped.reset(seed=scene.seed, options={"click": click})
        yield Asked(name, point, observation, info["facts"])


def measure_mm(one: Floats, other: Floats) -> float:
    """Distance on the ground."""
    return 1e3 * float(np.linalg.norm(one[:2] - other[:2]))


def _find_box(solids: Sequence[Solid], name: str) -> Box:
    """The largest box that moves with an object."""
    boxes = [solid for solid in solids if isinstance(solid, Box) and solid.frame == name]
    if not boxes:
        raise OptionError(f"{name} is no box in this view, so no point on it can be clicked")
    return max(boxes, key=lambda box: float(np.prod(box.half_sizes)))


def _draw_point(box: Box, pose: Floats, rng: np.random.Generator) -> Floats:
    """A point (3,) m on top of a box."""
    offset = rng.uniform(-CLICK_SPREAD, CLICK_SPREAD, 2)
    point: Floats = compute_corners(pose[:3], pose[3:], box.half_sizes * [*offset, 1])[-1]
    return point
