"""Aiming: over many scenes, does a plan end at what was asked for, and how much does asking for another move it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.evaluation.asking import Asked, ask_for_each, find_scene, measure_mm
from millwright.evaluation.scene_view import SceneView
from millwright.geometry.poses import Floats

Plan = Callable[[Asked], NDArray[np.float32]]
"""Actions (n, dof) for an object that is asked for."""


@dataclass(frozen=True)
class Aiming:
    """Where first plans end, over all objects of all scenes."""

    own_mm: tuple[float, ...]
    """From the plan's end to the object that was asked for, on the ground."""
    hits: int
    """Plans that end nearer to it than to any other object."""
    end_ratios: tuple[float, ...]
    """For pairs of objects of a scene: how far apart the two plans end, as a share of the way between the objects."""
    first_ratios: tuple[float, ...]
    """The same of the plans' first actions: the sensitivity that a published report took for steering."""

    def to_json(self) -> dict[str, Any]:
        return {
            "plans": len(self.own_mm),
            "hits": self.hits,
            "own_mm_p50": round(float(np.median(self.own_mm)), 2),
            "own_mm_p90": round(float(np.percentile(self.own_mm, 90)), 2),
            "end_ratio": round(float(np.mean(self.end_ratios)), 4),
            "first_ratio": round(float(np.mean(self.first_ratios)), 4),
        }


def measure_aiming(plan: Plan, env: Any, view: SceneView, seeds: Sequence[int]) -> Aiming:
    """Ask for every object of every scene and look at the first plan.

    Args:
        plan: actions that `view.find_hands` understands.
        env, view: as for `asking.ask_for_each`.
        seeds: of the scenes.
    """
    own: list[float] = []
    hits = 0
    ends: list[float] = []
    firsts: list[float] = []
    for seed in seeds:
        scene = find_scene(env, view, seed)
        places = np.array([pose for _, pose in scene.boxes.values()])
        hands = [view.find_hands(plan(asked)) for asked in ask_for_each(env, view, scene)]
        for index, hand in enumerate(hands):
            distances = [measure_mm(hand[-1], place) for place in places]
            own.append(distances[index])
            hits += int(np.argmin(distances)) == index
        ends += _compare([hand[-1] for hand in hands], places)
        firsts += _compare([hand[0] for hand in hands], places)
    return Aiming(tuple(own), hits, tuple(ends), tuple(firsts))


def _compare(hands: Sequence[Floats], places: Floats) -> list[float]:
    """For every pair: how far the hands are apart, as a share of how far the objects are."""
    return [
        float(np.linalg.norm(hands[a][:3] - hands[b][:3]) / np.linalg.norm(places[a, :3] - places[b, :3]))
        for a, b in combinations(range(len(hands)), 2)
    ]
