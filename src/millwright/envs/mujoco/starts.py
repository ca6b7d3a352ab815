"""Adversarial starts: scenes in which the target is high, or gets there, without anybody lifting it.

Each is a pure function of the start that was drawn, and an environment takes those that make sense in it. A judge must
give nobody a success for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats, quaternion_from_yaw, yaw_from_quaternion

GRAVITY_M_S2 = 9.81
AIR_M = 0.15
"""How high above the table the target hangs in `hang_in_air`."""
TOWER = 5
"""Objects at most beneath the target in `put_on_tower`."""
GAP_M = 0.0002
"""Between an object and that on top of it."""
ASKEW_RAD = 0.05
"""Of an object on another: where all edges coincide, the solver finds contacts that throw them."""
OVERLAP_M = 0.01
"""How far apart the centres are of objects that share their space."""
THROW_M_S, RISE_M = 2.0, 0.15
"""How fast the target is thrown up from the table, and how far it rises into the hand."""
SQUEEZE_M = 0.002
"""By which a held object is wider than the opening."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What a start may change, and what it goes by; n objects, in a frame whose z = 0 is the table, SI units."""

    poses: Floats  # (n, 7) xyz m, wxyz
    velocities: Floats  # (n, 6) m/s, rad/s
    opening_m: float
    target: int
    hand: Floats  # (7,) fingertip midpoint: xyz m, wxyz
    half_sizes: Floats  # (n, 3) m, along own axes; the fingers close on the first


def hang_in_air(scene: Scene) -> Scene:
    """The target hangs in the air above its place, and falls."""
    return put(scene, scene.target, scene.poses[scene.target, :3] + [0, 0, AIR_M])


def put_on_another(scene: Scene) -> Scene:
    """The target lies on the nearest other: who lifts that one lifts both."""
    nearest = _sort_others(scene)[0]
    x, y, z = scene.poses[nearest, :3]
    yaw = yaw_from_quaternion(scene.poses[nearest, 3:])
    return put(scene, scene.target, [x, y, z + _find_storey(scene, nearest)], quaternion_from_yaw(yaw + ASKEW_RAD))


def put_on_tower(scene: Scene) -> Scene:
    """The target lies on a tower of the nearest others, each across the one below."""
    x, y, z = scene.poses[scene.target, :3]
    yaw = yaw_from_quaternion(scene.poses[scene.target, 3:])
    for storey, index in enumerate((*_sort_others(scene)[:TOWER], scene.target)):
        scene = put(scene, index, [x, y, z], quaternion_from_yaw(yaw + storey * math.pi / 2))
        z += _find_storey(scene, index)
    return scene


def put_into_hand(scene: Scene) -> Scene:
    """The target is between the closed fingers, as high as the hand is."""
    held = put(scene, scene.target, scene.hand[:3], _turn_across(scene))
    return replace(held, opening_m=2 * scene.half_sizes[scene.target, 0] - SQUEEZE_M)


def push_into_another(scene: Scene) -> Scene:
    """The target and the nearest other share their space: the solver drives them apart."""
    nearest = _sort_others(scene)[0]
    return put(scene, scene.target, scene.poses[nearest, :3] + [OVERLAP_M, 0, OVERLAP_M / 4], scene.poses[nearest, 3:])


def sink_into_table(scene: Scene) -> Scene:
    """The target is sunk into the table to its top: the solver drives it out."""
    x, y, z = scene.poses[scene.target, :3]
    return put(scene, scene.target, [x, y, z - 2 * scene.half_sizes[scene.target, 2]])


def throw_up(scene: Scene) -> Scene:
    """The target flies straight up from the table and comes down again."""
    return _throw(scene, np.array([0.0, 0.0, THROW_M_S]))


def throw_into_hand(scene: Scene) -> Scene:
    """The target flies up beneath the hand and comes to rest for an instant between the fingers."""
    below = put(scene, scene.target, scene.hand[:3] - [0, 0, RISE_M], _turn_across(scene))
    return _throw(below, np.array([0.0, 0.0, math.sqrt(2 * GRAVITY_M_S2 * RISE_M)]))


def throw_another(scene: Scene) -> Scene:
    """The nearest other flies up; the target lies where it was."""
    thrown = _throw(replace(scene, target=_sort_others(scene)[0]), np.array([0.0, 0.0, THROW_M_S]))
    return replace(thrown, target=scene.target)


def _sort_others(scene: Scene) -> list[int]:
    """The other objects, the nearest to the target first."""
    distances = np.linalg.norm(scene.poses[:, :2] - scene.poses[scene.target, :2], axis=1)
    return [int(index) for index in np.argsort(distances, kind="stable") if index != scene.target]


def _find_storey(scene: Scene, index: int) -> float:
    """From the centre of an object to that of one as high on top of it, m."""
    return 2 * float(scene.half_sizes[index, 2]) + GAP_M


def _turn_across(scene: Scene) -> Floats:
    """The orientation (4,) of an object whose width the fingers would close on."""
    return quaternion_from_yaw(yaw_from_quaternion(scene.hand[3:]) + math.pi / 2)


def put(scene: Scene, index: int, place: ArrayLike, turn: Floats | None = None) -> Scene:
    """The scene with one object elsewhere."""
    poses = scene.poses.copy()
    poses[index, :3] = place
    if turn is not None:
        poses[index, 3:] = turn
    return replace(scene, poses=poses)


def _throw(scene: Scene, velocity: Floats) -> Scene:
    velocities = scene.velocities.copy()
    velocities[scene.target, :3] = velocity
    return replace(scene, velocities=velocities)
