"""Properties of a start: what the scene was like before anything was done, computed from its facts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from millwright.core.facts import GraspFacts, LiftFacts
from millwright.geometry.poses import wrap_angle, yaw_from_quaternion
from millwright.geometry.separation import TOUCHING_M, Boxes, compute_separations
from millwright.robots.reach import FINGER_SLACK_M, find_end_room, find_grasp_room, find_side_room

LENGTH_DIGITS, ANGLE_DIGITS = 4, 3
RAISED_M, ASLANT_DEG = 0.003, 4.0
"""Higher than this above the table, objects lie on others, and more tilted, aslant."""


def find_grasp_properties(facts: GraspFacts) -> dict[str, str | float]:
    """Which object was wanted, where and how it lay, and how near and in which direction the nearest other one.

    Angles are in degrees, of axes: a half turn changes nothing. `target_turn_deg` is the size of the yaw alone,
    `neighbour_bearing_deg` lies between 0 (along the target's own x axis) and 90 (across it).
    """
    position, target = facts.positions[facts.target], facts.target
    yaw = wrap_angle(yaw_from_quaternion(facts.orientations[target]), math.pi)
    properties: dict[str, str | float] = {
        "target": facts.target_name,
        "target_x_m": _length(position[0]),
        "target_y_m": _length(position[1]),
        "target_reach_m": _length(np.hypot(*position[:2])),
        "target_yaw_deg": _angle(yaw),
        "target_turn_deg": _angle(abs(yaw)),
    }
    if len(facts.names) == 1:
        return properties
    away = np.delete(facts.positions, target, axis=0) - position
    nearest = away[np.argmin(np.linalg.norm(away, axis=1))]
    bearing = wrap_angle(math.atan2(nearest[1], nearest[0]) - yaw, math.pi)
    return properties | {
        "neighbour_distance_m": _length(np.linalg.norm(nearest)),
        "neighbour_bearing_deg": _angle(abs(bearing)),
    }


def find_lift_properties(facts: LiftFacts, target_name: str) -> dict[str, str | float]:
    """As `find_grasp_properties` of what lies on the table, and how many there are; the target by colour and shape."""
    wanted = np.arange(len(facts.names)) == facts.target
    there = np.flatnonzero(wanted | (facts.positions[:, 2] > 0))
    colour, shape = target_name.split()
    lying = replace(
        facts,
        names=tuple(facts.names[index] for index in there),
        target=int(np.searchsorted(there, facts.target)),
        positions=facts.positions[there],
        orientations=facts.orientations[there],
    )
    told: dict[str, str | float] = {
        "target": target_name,
        "colour": colour,
        "shape": shape,
        "num_objects": float(len(there)),
    }
    return find_grasp_properties(lying) | told


def find_pile_properties(facts: GraspFacts) -> dict[str, str | float]:
    """How the target, a box, lies among others: how many touch it, on what it lies, what room fingers have beside it.

    `free_sides` counts the long sides along which a finger has room somewhere, `free_ends` the ends behind which closed
    fingers have; `grasp` is `at once` where fingers have room on both sides of it alone, else `after a push`.
    """
    boxes, target = Boxes.at(facts.positions, facts.orientations, facts.half_sizes), facts.target
    others = [index for index in range(len(facts.names)) if index != target]
    gaps = compute_separations(boxes.select([target]), boxes.select(others))
    tilt = math.degrees(math.acos(min(1.0, abs(float(boxes.axes[target, 2, 2])))))
    raised = facts.positions[target, 2] - facts.half_sizes[target, 2] > RAISED_M
    opening = 2 * float(facts.half_sizes[target, 0]) + FINGER_SLACK_M
    sides = find_side_room(boxes, target, opening) > 0
    return {
        "touching": float((gaps < TOUCHING_M).sum()),
        "lies": "aslant" if tilt > ASLANT_DEG else "on others" if raised else "on the table",
        "free_sides": float(sides.any(axis=1).sum()),
        "free_ends": float((find_end_room(boxes, target) > 0).sum()),
        "grasp": "at once" if (find_grasp_room(boxes, target, opening) > 0).any() else "after a push",
    }


def find_click_properties(facts: GraspFacts, camera: str, x: float, y: float) -> dict[str, str | float]:
    """The camera that was clicked in, and how far from the target's middle the click fell on the table (x, y, m)."""
    offset = np.linalg.norm(np.array([x, y]) - facts.positions[facts.target, :2])
    return {"click_camera": camera, "click_offset_m": _length(offset)}


def _length(value: float | np.floating) -> float:
    return round(float(value), LENGTH_DIGITS)


def _angle(value: float) -> float:
    return round(math.degrees(value), ANGLE_DIGITS)
