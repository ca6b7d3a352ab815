"""probe: in one scene, where a policy would go for each object, and what in its picture decides that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import OptionError
from millwright.core.planner import Planner
from millwright.evaluation.asking import Asked, Scene, ask_for_each, find_scene, measure_mm
from millwright.evaluation.measures import PROMPT
from millwright.evaluation.occlusion import WHOLE, Influence, Rectangle, measure_influence, plan_all
from millwright.evaluation.scene_view import PICTURE, SceneView
from millwright.geometry.poses import Floats, matrix_from_pose
from millwright.geometry.solids import Box
from millwright.policies.gaze import find_crop

TIP_M = 0.025
"""From the middle of the hand to where its fingertips are measured, the way the fingers open."""


@dataclass(frozen=True, eq=False)
class Aim:
    """One object asked for, and what the policy makes of it."""

    name: str
    click: Floats
    """(3,) m, the point on the object that was clicked."""
    click_mm: float
    """From there to the object's centre, on the ground."""
    own_mm: float
    """From the end of the plan to the object's centre, on the ground."""
    nearest_other: str
    nearest_other_mm: float
    hands: Floats
    """(n, 7) the planned poses of the hand; the last is the plan's end."""
    picture: NDArray[np.uint8]
    box: Floats
    """The prompt's: x0, y0, x1, y1 as fractions of the picture, visible, age_s."""
    path_in_picture: Floats
    """(n, 2) where the planned hands lie in the picture; NaN behind the camera."""
    tips_in_picture: Floats
    """(2, 2) where the fingertips end."""
    crop: Rectangle | None
    """What is cut out of the picture for the network, if anything is."""
    influence: Influence

    @property
    def in_view(self) -> bool:
        """The prompt lies in the first picture."""
        return bool(self.box[4])

    @property
    def goes_to(self) -> str:
        """The object nearest to the plan's end."""
        return self.name if self.own_mm < self.nearest_other_mm else self.nearest_other

    def to_json(self) -> dict[str, Any]:
        moved = self.influence.moved_mm
        return {
            "name": self.name,
            "goes_to": self.goes_to,
            "own_mm": round(self.own_mm, 2),
            "nearest_other": self.nearest_other,
            "nearest_other_mm": round(self.nearest_other_mm, 2),
            "click_mm": round(self.click_mm, 2),
            "in_view": self.in_view,
            "end_pose": np.round(self.hands[-1], 5).tolist(),
            "prompt_box": np.round(self.box[:4], 4).tolist(),
            "crop": None if self.crop is None else np.round(self.crop, 4).tolist(),
            "influence_mm": {
                "max": round(float(moved.max()), 2),
                "median": round(float(np.median(moved)), 2),
                "noise": round(self.influence.noise_mm, 2),
                "center": np.round(self.influence.center, 4).tolist(),
            },
        }


@dataclass(frozen=True, eq=False)
class Probe:
    """One scene, every object of it asked for in turn."""

    seed: int
    aims: tuple[Aim, ...]
    boxes: Mapping[str, tuple[Box, Floats]]
    """Object -> its box and the pose (7,) of the frame that this is in, in the order of the aims."""

    @property
    def hits(self) -> int:
        """Objects that the policy would go to when they are asked for."""
        return sum(aim.goes_to == aim.name for aim in self.aims)

    @property
    def steering(self) -> float:
        """How far the plan's end moves when another object is asked for, as a share of the way between the two.

        The slope of least squares over all objects: 1 when the prompt decides, 0 when it is ignored.
        """
        ends = np.array([aim.hands[-1, :2] for aim in self.aims])
        places = np.array([pose[:2] for _, pose in self.boxes.values()])
        away = places - places.mean(axis=0)
        return float(np.sum((ends - ends.mean(axis=0)) * away) / np.sum(away**2))

    def to_json(self) -> dict[str, Any]:
        distances = [aim.own_mm for aim in self.aims]
        return {
            "seed": self.seed,
            "objects": len(self.aims),
            "goes_to_its_own": self.hits,
            "own_mm_mean": round(float(np.mean(distances)), 2),
            "own_mm_max": round(max(distances), 2),
            "click_mm_mean": round(float(np.mean([aim.click_mm for aim in self.aims])), 2),
            "steering": round(self.steering, 4),
            "aims": [aim.to_json() for aim in self.aims],
        }


def probe(planner: Planner, env: Any, view: SceneView, seed: int) -> Probe:
    """Ask for every object of a scene in turn, by a click somewhere on it, and look at the first plan.

    Args:
        planner: its plans are actions that `view.find_hands` understands.
        env: takes clicks in the view's first camera as `reset(options={"click": ...})`.
        view: of this environment.
        seed: of the scene and of the clicks.

    Raises:
        OptionError: the environment has no objects to point at, or the planner sees no picture.
        FeatureError: the planner needs other observations than the environment gives.
    """
    if not planner.inputs.images:
        raise OptionError(f"the policy sees no picture, only {', '.join(planner.inputs)}: there is nothing to hide")
    scene = find_scene(env, view, seed)
    aims = [_aim(planner, asked, view, scene) for asked in ask_for_each(env, view, scene)]
    return Probe(seed, tuple(aims), scene.boxes)


def summarise(probe: Probe) -> str:
    """The probe in one line."""
    values = probe.to_json()
    return (
        f"goes to {probe.hits} of {len(probe.aims)} objects asked for; ends {values['own_mm_mean']:.1f} mm from them "
        f"(the clicks lay {values['click_mm_mean']:.1f} mm off); steering {probe.steering:.2f}"
    )


def tabulate(probe: Probe) -> str:
    """The probe as a table, a line an object."""
    head = f"{'asked for':<10} {'goes to':<10} {'ends mm off':>11}  {'nearest other':<16} {'click mm off':>12}"
    lines = [f"{head} {'hiding mm':>10}"]
    for aim in probe.aims:
        other = f"{aim.nearest_other} {aim.nearest_other_mm:.0f} mm"
        moved = aim.influence.moved_mm.max()
        lines.append(
            f"{aim.name:<10} {aim.goes_to:<10} {aim.own_mm:>11.1f}  {other:<16} {aim.click_mm:>12.1f} {moved:>10.1f}"
        )
    return "\n".join([*lines, summarise(probe)])


def _aim(planner: Planner, asked: Asked, view: SceneView, scene: Scene) -> Aim:
    name, click, observation, state, boxes = asked.name, asked.click, asked.observation, scene.state, scene.boxes
    camera = planner.inputs.images[0]
    lens = camera.removeprefix(PICTURE)
    hands = view.find_hands(plan_all(planner, [observation])[0])
    distances = {other: measure_mm(hands[-1], pose) for other, (_, pose) in boxes.items()}
    nearest = min((other for other in boxes if other != name), key=distances.__getitem__)
    crop = find_crop(planner, observation)
    return Aim(
        name=name,
        click=click,
        click_mm=measure_mm(click, boxes[name][1]),
        own_mm=distances[name],
        nearest_other=nearest,
        nearest_other_mm=distances[nearest],
        hands=hands,
        picture=observation[camera],
        box=np.asarray(observation[PROMPT], dtype=np.float64),
        path_in_picture=view.project(state, lens, hands[:, :3]),
        tips_in_picture=view.project(state, lens, find_tips(hands[-1])),
        crop=crop,
        influence=measure_influence(
            planner, observation, camera, lambda plan: find_tips(view.find_hands(plan)[-1]), crop or WHOLE
        ),
    )


def find_tips(hand: Floats) -> Floats:
    """Where the open fingertips of a hand (7,) are, (2, 3) m: unlike its middle, they move when it turns."""
    pose = matrix_from_pose(hand)
    tips: Floats = pose[:3, 3] + np.outer([TIP_M, -TIP_M], pose[:3, 1])
    return tips
