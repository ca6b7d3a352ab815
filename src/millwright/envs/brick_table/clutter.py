"""Clutter: twelve bricks in a few piles, and which of them jaws can get at.

Bricks are put down one after the other: slid along the table until they touch what is there, laid on another brick, or
laid over its edge, from where they tip and lean. Physics settles them (`BrickCell.settle`).
"""

from __future__ import annotations

import math

import numpy as np

from millwright.core.errors import MillwrightError
from millwright.envs.brick_table.cell import BrickCell
from millwright.envs.brick_table.layout import GRID_CENTER, HALF_SIZES, NAMES
from millwright.geometry.boxes import compute_clearance
from millwright.geometry.poses import Floats, quaternion_from_yaw
from millwright.geometry.separation import TOUCHING_M, Boxes, compute_separations
from millwright.robots.reach import FINGER_SLACK_M, find_end_room, find_grasp_room, find_side_room

PILE_OFFSETS_M: Floats = np.array([(-0.075, -0.15), (-0.075, 0.13), (0.085, -0.12), (0.085, 0.15)])
"""Of the middle of a pile from the grid's centre."""
PILE_JITTER_M = 0.02
PILE_SIZES = ((4, 4, 4), (5, 4, 3), (3, 3, 3, 3), (4, 3, 3, 2))
ATTEMPTS = 50
LEVEL = math.sin(math.radians(6))
ROOM_M = 0.001
"""What fingers that come down around a brick have to spare."""
OPENING_M = 2 * HALF_SIZES[0] + FINGER_SLACK_M + ROOM_M
LID_M, LID_HALF_SIZES = HALF_SIZES[2] + 0.016, np.array([HALF_SIZES[0] - 0.001, HALF_SIZES[1] - 0.001, 0.015])
"""The room over a brick in which nothing may be."""
SEAM_M = 0.0003
"""Between bricks that are to touch: none shares space with another."""
SLIDE_FROM_M = 0.11
STOREY_M = 2 * HALF_SIZES[2] + SEAM_M
KINDS = ("beside", "end", "askew", "on", "over")
SHARES = (0.33, 0.15, 0.20, 0.20, 0.12)
ON_JITTER_M = 0.008
OVER_M = (0.004, 0.014)
"""How far beyond the edge of the brick below the middle of a brick is that is to tip over it."""


def pile_up(rng: np.random.Generator, cell: BrickCell) -> tuple[int, ...]:
    """Reset the cell with piles that rest; the bricks that jaws can get at (see `find_pickable`).

    Raises:
        MillwrightError: no piles came to rest with such a brick among them.
    """
    for _ in range(ATTEMPTS):
        cell.reset(rng, draw_piles(rng))
        pickable = find_pickable(cell.bricks) if cell.settle() else ()
        if pickable:
            return pickable
    raise MillwrightError(f"{ATTEMPTS} times no piles came to rest with a brick among them that jaws can get at")


def find_pickable(poses: Floats) -> tuple[int, ...]:
    """Bricks that touch others and that jaws can get at all the same; `poses` (n, 7).

    Nothing lies on such a brick, it is level across, and either both long sides have room for a finger at the same
    place, as those of a brick on top have, or one long side has, and one end: it can be pushed along until both have.
    """
    bricks = Boxes.at(poses[:, :3], poses[:, 3:], HALF_SIZES)
    return tuple(brick for brick in range(len(poses)) if _is_pickable(bricks, brick))


def _is_pickable(bricks: Boxes, brick: int) -> bool:
    across, up = bricks.axes[brick, 2, 0], bricks.axes[brick, :, 2]
    if abs(across) > LEVEL or up[2] < 0:
        return False
    others = bricks.select([index for index in range(len(bricks.centers)) if index != brick])
    lid = Boxes((bricks.centers[brick] + LID_M * up)[None], bricks.axes[brick][None], LID_HALF_SIZES[None])
    itself = bricks.select([brick])
    if compute_separations(lid, others).min() < 0 or compute_separations(itself, others).min() > TOUCHING_M:
        return False
    if (find_grasp_room(bricks, brick, OPENING_M) > ROOM_M).any():
        return True
    side, end = find_side_room(bricks, brick, OPENING_M).max(), find_end_room(bricks, brick).max()
    return bool(min(side, end) > ROOM_M)


def draw_piles(rng: np.random.Generator) -> Floats:
    """Poses (12, 7) of bricks that are about to settle; which brick gets which place is drawn too."""
    sizes = PILE_SIZES[int(rng.integers(len(PILE_SIZES)))]
    spots = rng.permutation(len(PILE_OFFSETS_M))[: len(sizes)]
    table: list[Floats] = []
    raised: list[Floats] = []
    for spot, size in zip(spots, sizes, strict=True):
        _draw_pile(rng, PILE_OFFSETS_M[spot] + GRID_CENTER, size, table, raised)
    poses = [
        [x, y, storey * STOREY_M + HALF_SIZES[2], *quaternion_from_yaw(yaw)]
        for storey, places in enumerate((table, raised))
        for x, y, yaw in places
    ]
    return np.array(poses)[rng.permutation(len(NAMES))]


def _draw_pile(rng: np.random.Generator, middle: Floats, size: int, table: list[Floats], raised: list[Floats]) -> None:
    """Put `size` bricks down around `middle`: x, y (m), yaw (rad) in the lists of either storey."""
    own: list[Floats] = []
    own_raised: list[Floats] = []
    while len(own) + len(own_raised) < size:
        kind = str(rng.choice(KINDS, p=SHARES)) if own else "first"
        if kind in ("on", "over") and len(own) >= 1:
            below = own[int(rng.integers(len(own)))]
            place = _lay_on(rng, below) if kind == "on" else _lay_over(rng, below)
            if all(compute_clearance(place, other, HALF_SIZES[:2]) > 0.002 for other in raised):
                raised.append(place)
                own_raised.append(place)
        elif kind == "first":
            place = np.array([*(middle + rng.uniform(-1, 1, 2) * PILE_JITTER_M), rng.uniform(-math.pi, math.pi)])
            if all(compute_clearance(place, other, HALF_SIZES[:2]) > SEAM_M for other in table):
                table.append(place)
                own.append(place)
        else:
            place = _slide_in(rng, own[int(rng.integers(len(own)))], kind, table)
            table.append(place)
            own.append(place)


def _slide_in(rng: np.random.Generator, partner: Floats, kind: str, table: list[Floats]) -> Floats:
    """Towards a brick of the pile until it touches that or another."""
    sign, (half_x, half_y) = rng.choice((-1.0, 1.0)), HALF_SIZES[:2]
    if kind == "beside":
        turn, heading, shift = 0.0, 0.0, rng.uniform(-1.1, 1.1) * half_y
    elif kind == "end":
        turn, heading, shift = rng.choice((0.0, math.pi / 2)), math.pi / 2, rng.uniform(-0.8, 0.8) * half_x
    else:
        turn, heading, shift = rng.uniform(0, math.pi), rng.uniform(0, 2 * math.pi), 0.0
    heading += partner[2]
    way = sign * np.array([math.cos(heading), math.sin(heading), 0.0])
    aside = np.array([-math.sin(heading), math.cos(heading), 0.0]) * shift
    near, far = 0.0, SLIDE_FROM_M
    while not _is_free(partner + aside + far * way, turn, table):
        far += 0.05
    # The last contact on the way in, so that no brick passes through another.
    at = far
    while at > 0 and _is_free(partner + aside + at * way, turn, table):
        far, at = at, at - 0.004
    near = at
    for _ in range(6):
        middle = (near + far) / 2
        near, far = (near, middle) if _is_free(partner + aside + middle * way, turn, table) else (middle, far)
    place: Floats = partner + aside + far * way + [0, 0, turn]
    return place


def _is_free(place: Floats, turn: float, table: list[Floats]) -> bool:
    turned = np.array([*place[:2], place[2] + turn])
    return all(
        math.dist(turned[:2], other[:2]) > 0.075 or compute_clearance(turned, other, HALF_SIZES[:2]) >= SEAM_M
        for other in table
    )


def _lay_on(rng: np.random.Generator, below: Floats) -> Floats:
    yaw = rng.uniform(-math.pi, math.pi)
    return np.array([*(below[:2] + rng.uniform(-1, 1, 2) * ON_JITTER_M), yaw])


def _lay_over(rng: np.random.Generator, below: Floats) -> Floats:
    """Lengthwise across a long edge or an end, so far out that it tips."""
    quarter = int(rng.integers(4))
    yaw = below[2] + quarter * math.pi / 2 + rng.uniform(-0.3, 0.3)
    out = HALF_SIZES[quarter % 2] + rng.uniform(*OVER_M)
    aside = rng.uniform(-0.5, 0.5) * HALF_SIZES[1 - quarter % 2]
    heading = below[2] + quarter * math.pi / 2
    c, s = math.cos(heading), math.sin(heading)
    return np.array([below[0] + out * c - aside * s, below[1] + out * s + aside * c, yaw + math.pi / 2])
