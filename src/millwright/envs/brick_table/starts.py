"""Adversarial starts of the brick table, by name."""

from __future__ import annotations

from collections.abc import Callable

from millwright.envs.brick_table.tray import CENTER, LYING_M, SLOTS
from millwright.envs.mujoco import starts
from millwright.envs.mujoco.starts import AIR_M, Scene, put

STARTS: dict[str, Callable[[Scene], Scene]] = {
    "in-air": starts.hang_in_air,
    "on-brick": starts.put_on_another,
    "on-tower": starts.put_on_tower,
    "in-hand": starts.put_into_hand,
    "in-brick": starts.push_into_another,
    "in-table": starts.sink_into_table,
    "thrown": starts.throw_up,
    "thrown-into-hand": starts.throw_into_hand,
    "another-thrown": starts.throw_another,
}


def hang_over_tray(scene: Scene) -> Scene:
    """The target hangs in the air above the tray, and falls into it."""
    return put(scene, scene.target, [*CENTER, AIR_M])


def lay_into_tray(scene: Scene) -> Scene:
    """The target lies in the tray already."""
    return put(scene, scene.target, [*SLOTS[0], LYING_M])


TRAY_STARTS: dict[str, Callable[[Scene], Scene]] = {"over-tray": hang_over_tray, "in-tray": lay_into_tray}
"""Where there is a tray."""
