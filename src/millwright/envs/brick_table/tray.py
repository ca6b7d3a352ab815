"""The tray beside the bricks: its slots, which of them is free, and its walls and floor."""

from __future__ import annotations

from typing import NamedTuple

import mujoco
import numpy as np

from millwright.envs.brick_table.layout import HALF_SIZES
from millwright.envs.mujoco.scene import BOX, make_rigid
from millwright.geometry.poses import Floats, quaternion_from_yaw, quaternion_of_hand

CENTER = (0.40, 0.405)
"""Beside the grid, where the arm reaches all of it and the wrist camera, at home, hardly sees it."""
SLOTS_SHAPE, PITCH_M = (6, 2), (0.056, 0.082)
"""Slots along x and y, and from one to the next: room for a brick's width and two fingers, and for its length."""
MARGIN_M = (0.040, 0.045)
"""From the middle of the outermost slots to the walls."""
SLOT_YAW = -np.pi / 2
"""Of a hand that puts a brick into a slot: its fingers open along x."""
OFF_SLOT: Floats = np.array([0.004, 0.006, 0.06])
"""How far from the middle of its slot (m) and how askew (rad) a brick may come to lie."""
LEFT_THERE, LEFT_HEIGHT_M, LEFT_OPENING_M = 0.7, (0.062, 0.12), (0.035, 0.05)
"""How often a scene begins with the hand above the tray, how high, and how far its fingers are open."""
WALL_M, FLOOR_M, DEPTH_M = 0.004, 0.001, 0.03
COLOR = (0.60, 0.64, 0.70, 1)

_OUTERMOST = np.array([(count - 1) / 2 * pitch for count, pitch in zip(SLOTS_SHAPE, PITCH_M, strict=True)])
HALF = _OUTERMOST + MARGIN_M
"""Half-extents of the inside, x and y."""
INSIDE: Floats = np.array(
    [[CENTER[0] - HALF[0], CENTER[1] - HALF[1], FLOOR_M], [CENTER[0] + HALF[0], CENTER[1] + HALF[1], FLOOR_M + DEPTH_M]]
)
"""Lowest and highest corner of the space within the walls, (2, 3) m."""
SLOTS: Floats = np.array(
    [
        (CENTER[0] + x, CENTER[1] + y)
        for y in np.linspace(-_OUTERMOST[1], _OUTERMOST[1], SLOTS_SHAPE[1])
        for x in np.linspace(-_OUTERMOST[0], _OUTERMOST[0], SLOTS_SHAPE[0])
    ]
)
"""Middles of the slots, (12, 2) m, the row next to the grid first."""
LYING_M = FLOOR_M + HALF_SIZES[2]
"""Height of the centre of a brick that lies on the floor of the tray."""


def is_in_tray(positions: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(n,) whether the centres (n, 3) of bricks are within the walls, however high they lie on each other."""
    inside = (positions[:, :2] > INSIDE[0, :2]) & (positions[:, :2] < INSIDE[1, :2])
    return np.asarray(inside.all(axis=1) & (positions[:, 2] > 0) & (positions[:, 2] < INSIDE[1, 2] + HALF_SIZES[2]))


def find_free_slot(positions: Floats) -> Floats:
    """Middle (2,) of the slot that is farthest from every brick in the tray; the first of those that are empty.

    Args:
        positions: of all bricks, (n, 3) m.
    """
    inside = positions[is_in_tray(positions), :2]
    if not len(inside):
        return np.array(SLOTS[0])
    scaled = np.abs(SLOTS[:, None] - inside) / PITCH_M  # (slots, bricks, 2): in slots
    room = np.minimum(scaled.max(axis=2).min(axis=1), 0.75)  # more room than that is as good
    return np.array(SLOTS[np.argmax(room)])


class Cleared(NamedTuple):
    """A scene in the middle of being cleared."""

    bricks: Floats  # (n, 7) xyz m, wxyz
    hand: Floats | None  # (7,) xyz m, wxyz, where it put the last one; None: at home
    opening_m: float


def draw_cleared(rng: np.random.Generator, bricks: Floats) -> Cleared:
    """Up to all but one of the bricks (n, 7), drawn at random, put into the first slots as an arm might leave them."""
    count = int(rng.integers(len(bricks)))
    moved = bricks.copy()
    for slot, brick in zip(SLOTS, rng.permutation(len(bricks))[:count], strict=False):
        off = rng.uniform(-1, 1, 3) * OFF_SLOT
        moved[brick] = [*(slot + off[:2]), LYING_M, *quaternion_from_yaw(SLOT_YAW + np.pi / 2 + off[2])]
    hand, opening_m = None, LEFT_OPENING_M[1]
    if rng.random() < LEFT_THERE:
        beside = rng.uniform(-1, 1, 3) * OFF_SLOT
        height = rng.uniform(*LEFT_HEIGHT_M)
        hand = np.array([*(SLOTS[max(count - 1, 0)] + beside[:2]), height, *quaternion_of_hand(SLOT_YAW + beside[2])])
        opening_m = float(rng.uniform(*LEFT_OPENING_M))
    return Cleared(moved, hand, opening_m)


def add_tray(spec: mujoco.MjSpec) -> None:
    """Floor and walls, which give as little as the table."""
    body = spec.worldbody.add_body(name="tray", pos=[*CENTER, 0])
    x, y = HALF + WALL_M / 2
    height = (FLOOR_M + DEPTH_M) / 2
    parts = [([HALF[0] + WALL_M, HALF[1] + WALL_M, FLOOR_M / 2], [0.0, 0.0, FLOOR_M / 2])]
    for sign in (-1, 1):
        parts.append(([WALL_M / 2, HALF[1] + WALL_M, height], [sign * x, 0.0, height]))
        parts.append(([HALF[0], WALL_M / 2, height], [0.0, sign * y, height]))
    for size, place in parts:
        make_rigid(body.add_geom(type=BOX, size=size, pos=place, rgba=COLOR, friction=[0.8, 0.005, 0.0001]))
