"""Adversarial starts: scenes in which the target is high, or gets there, without anybody lifting it.

Each is a pure function of the start that was drawn. A judge must give nobody a success for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from millwright.envs.brick_table.layout import HALF_SIZES
from millwright.envs.brick_table.tray import CENTER, LYING_M, SLOTS
from millwright.geometry.poses import Floats, quaternion_from_yaw, yaw_from_quaternion

GRAVITY_M_S2 = 9.81
AIR_M = 0.15
"""How high above the table the target hangs in `in-air`."""
TOWER = 5
"""Bricks beneath the target in `on-tower`."""
STOREY_M = 2 * HALF_SIZES[2] + 0.0002
"""From one brick to that on top of it."""
ASKEW_RAD = 0.05
"""Of a brick on another: where all edges coincide, the solver finds contacts that throw bricks."""
OVERLAP_M = 0.01
"""How far apart the centres are of bricks that share their space."""
THROW_M_S, RISE_M = 2.0, 0.15
"""How fast the target is thrown up from the table, and how far it rises into the hand."""
SQUEEZE_M = 0.002
"""By which a held brick is wider than the opening."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What a start may change, and what it goes by; n bricks, base frame, SI units."""

    poses: Floats  # (n, 7) xyz m, wxyz
    velocities: Floats  # (n, 6) m/s, rad/s
    opening_m: float
    target: int
    hand: Floats  # (7,) fingertip midpoint: xyz m, wxyz


def hang_in_air(scene: Scene) -> Scene:
    """The target hangs in the air above its place, and falls."""
    return _put(scene, scene.target, scene.poses[scene.target, :3] + [0, 0, AIR_M])


def put_on_brick(scene: Scene) -> Scene:
    """The target lies on the nearest brick: who lifts that one lifts both."""
    nearest = _sort_others(scene)[0]
    x, y, z = scene.poses[nearest, :3]
    yaw = yaw_from_quaternion(scene.poses[nearest, 3:])
    return _put(scene, scene.target, [x, y, z + STOREY_M], quaternion_from_yaw(yaw + ASKEW_RAD))


def put_on_tower(scene: Scene) -> Scene:
    """The target lies on a tower of the nearest bricks, each across the one below: higher than after a lift."""
    x, y, z = scene.poses[scene.target, :3]
    yaw = yaw_from_quaternion(scene.poses[scene.target, 3:])
    for storey, brick in enumerate((*_sort_others(scene)[:TOWER], scene.target)):
        scene = _put(scene, brick, [x, y, z + STOREY_M * storey], quaternion_from_yaw(yaw + storey * math.pi / 2))
    return scene


def put_into_hand(scene: Scene) -> Scene:
    """The target is between the closed fingers, as high as the hand is."""
    held = _put(scene, scene.target, scene.hand[:3], _turn_across(scene))
    return replace(held, opening_m=2 * HALF_SIZES[0] - SQUEEZE_M)


def push_into_brick(scene: Scene) -> Scene:
    """The target and the nearest brick share their space: the solver drives them apart."""
    nearest = _sort_others(scene)[0]
    return _put(scene, scene.target, scene.poses[nearest, :3] + [OVERLAP_M, 0, OVERLAP_M / 4], scene.poses[nearest, 3:])


def sink_into_table(scene: Scene) -> Scene:
    """The target is sunk into the table to its top: the solver drives it out."""
    x, y, z = scene.poses[scene.target, :3]
    return _put(scene, scene.target, [x, y, z - 2 * HALF_SIZES[2]])


def throw_up(scene: Scene) -> Scene:
    """The target flies straight up from the table and comes down again."""
    return _throw(scene, np.array([0.0, 0.0, THROW_M_S]))


def throw_into_hand(scene: Scene) -> Scene:
    """The target flies up beneath the hand and comes to rest for an instant between the fingers."""
    below = _put(scene, scene.target, scene.hand[:3] - [0, 0, RISE_M], _turn_across(scene))
    return _throw(below, np.array([0.0, 0.0, math.sqrt(2 * GRAVITY_M_S2 * RISE_M)]))


def throw_another(scene: Scene) -> Scene:
    """The nearest brick flies up; the target lies where it was."""
    thrown = _throw(replace(scene, target=_sort_others(scene)[0]), np.array([0.0, 0.0, THROW_M_S]))
    return replace(thrown, target=scene.target)


STARTS: dict[str, Callable[[Scene], Scene]] = {
    "in-air": hang_in_air,
    "on-brick": put_on_brick,
    "on-tower": put_on_tower,
    "in-hand": put_into_hand,
    "in-brick": push_into_brick,
    "in-table": sink_into_table,
    "thrown": throw_up,
    "thrown-into-hand": throw_into_hand,
    "another-thrown": throw_another,
}


def hang_over_tray(scene: Scene) -> Scene:
    """The target hangs in the air above the tray, and falls into it."""
    return _put(scene, scene.target, [*CENTER, AIR_M])


def lay_into_tray(scene: Scene) -> Scene:
    """The target lies in the tray already."""
    return _put(scene, scene.target, [*SLOTS[0], LYING_M])


TRAY_STARTS: dict[str, Callable[[Scene], Scene]] = {"over-tray": hang_over_tray, "in-tray": lay_into_tray}
"""Where there is a tray."""


def _sort_others(scene: Scene) -> list[int]:
    """The other bricks, the nearest to the target first."""
    distances = np.linalg.norm(scene.poses[:, :2] - scene.poses[scene.target, :2], axis=1)
    return [int(brick) for brick in np.argsort(distances, kind="stable") if brick != scene.target]


def _turn_across(scene: Scene) -> Floats:
    """The orientation (4,) of a brick whose width the fingers would close on."""
    return quaternion_from_yaw(yaw_from_quaternion(scene.hand[3:]) + math.pi / 2)


def _put(scene: Scene, brick: int, place: ArrayLike, turn: Floats | None = None) -> Scene:
    poses = scene.poses.copy()
    poses[brick, :3] = place
    if turn is not None:
        poses[brick, 3:] = turn
    return replace(scene, poses=poses)


def _throw(scene: Scene, velocity: Floats) -> Scene:
    velocities = scene.velocities.copy()
    velocities[scene.target, :3] = velocity
    return replace(scene, velocities=velocities)
