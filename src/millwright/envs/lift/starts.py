"""Adversarial starts of lifting, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from millwright.envs.lift.cell import LiftCell
from millwright.envs.mujoco import starts
from millwright.envs.mujoco.starts import Scene
from millwright.robots.panda_hand import MAX_OPENING_M

STARTS: dict[str, Callable[[Scene], Scene]] = {
    "in-air": starts.hang_in_air,
    "in-hand": starts.put_into_hand,
    "in-table": starts.sink_into_table,
    "thrown": starts.throw_up,
    "thrown-into-hand": starts.throw_into_hand,
}
STARTS_OF_SEVERAL: dict[str, Callable[[Scene], Scene]] = {
    **STARTS,
    "on-another": starts.put_on_another,
    "on-tower": starts.put_on_tower,
    "in-another": starts.push_into_another,
    "another-thrown": starts.throw_another,
}
"""Where there are others."""


def begin(cell: LiftCell, start: Callable[[Scene], Scene], bodies: Sequence[int], target: int) -> None:
    """Change the scene that was drawn into an adversarial one.

    Args:
        bodies: what lies on the table.
        target: which of these is to be lifted.
    """
    which = list(bodies)
    poses, velocities = cell.find_objects()
    drawn = Scene(poses[which], velocities[which], MAX_OPENING_M, target, cell.hand, cell.half_sizes[which])
    changed = start(drawn)
    cell.put_fingers(float(np.clip(changed.opening_m, 0.0, MAX_OPENING_M)))
    cell.put_objects(tuple(bodies), changed.poses, changed.velocities)
