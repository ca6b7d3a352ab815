"""Where to grasp a brick that lies by itself or among others, and how to push it free where no grasp is.

All of it follows from the present state, so that an expert can say what to do from any.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from millwright.core.facts import GraspFacts
from millwright.envs.brick_table.layout import HALF_SIZES
from millwright.geometry.poses import Floats, wrap_angle, yaw_from_quaternion
from millwright.geometry.separation import Boxes, compute_separations
from millwright.robots.jaws import TIP_M
from millwright.robots.reach import (
    GRASPS_M,
    NEAR_M,
    find_end_room,
    find_grasp_room,
    find_heading,
    find_push_start,
    find_side_room,
)

LONELY_M = 0.0095
"""Bricks this far from all others are grasped in the middle, without a look around."""
ON_TABLE_M = 0.003
"""Bricks no higher than this above the table lie on it."""
CLEAR_M = 0.006
"""Between fingertips that travel and whatever is below them."""


BEYOND_M: Floats = np.linspace(-0.084, 0.084, 43)
"""Along a brick and on from its ends: where its ends might be pushed to."""
FAR_M = 0.06
"""How far to push where no free place is in sight."""
LOYALTY_M, BLOCKED_M = 0.03, 0.2
"""A push that has begun is worth this much; one from an end that fingers cannot get behind costs this much."""
SPARE_WORTH, SPARE_M = 6.0, 0.004
"""A metre of room beside the fingers is worth this many along the brick, up to so much room."""
NEARER, NEARER_END = 0.5, 0.3
"""A metre that the hand is further away along the brick costs this much: whoever looks at what an expert does cannot
tell which of two places it found better by a hair, but which one it is at."""
AT_PUSH_M, OVER_PUSH_M = 0.012, 0.03
"""Fingers no further than this from where they push, no further open, and no further above, push."""


class Goal(NamedTuple):
    """Where the hand has to go, and how."""

    x: float
    y: float
    z: float
    yaw: float
    width: float
    """To be expected between the fingers, m."""
    opening: float
    """Of the fingers that come down around it, m."""
    hover: float
    """Height of the hand at which it may travel, m."""
    deep: float = 0.0
    """Lower than this the fingertips are among others: up first, and only then anywhere."""
    exact: bool = False
    """The grasp must not be off along the brick."""
    push_m: float = 0.0
    """Where fingers are to be closed and then to push, along the hand's x axis, this far at most; signed."""


class Caution(NamedTuple):
    """What a grasp has to have for itself: m to spare for the fingers, and m that it may be off the brick's middle."""

    spare: float
    offset: float


BOLD, WARY = Caution(0.0004, 0.0285), Caution(0.0015, 0.0225)
"""To go for a grasp, and to stop pushing for one."""


def adapt_goal(alone: Goal, facts: GraspFacts) -> Goal:
    """Where to grasp the target, or to push it, among others.

    Args:
        alone: the goal if the target lay on the table by itself.
    """
    target = facts.target
    away = np.linalg.norm(facts.positions - facts.positions[target], axis=1)
    near = [index for index in np.flatnonzero(away < NEAR_M) if index != target]
    if not near:
        return alone
    halves = facts.half_sizes if len(facts.half_sizes) else HALF_SIZES
    bricks = Boxes.at(facts.positions, facts.orientations, halves)
    gaps = compute_separations(bricks.select([target]), bricks.select(near))
    tops = bricks.centers[:, 2] + (np.abs(bricks.axes[:, 2]) * bricks.halves).sum(axis=1)
    if gaps.min() > LONELY_M and tops[near].max() < alone.hover - TIP_M - CLEAR_M:
        return alone
    deep = float(tops[[*near, target]].max()) + TIP_M
    return _choose(facts, bricks, alone._replace(hover=max(alone.hover, deep + CLEAR_M), deep=deep))


def _choose(facts: GraspFacts, bricks: Boxes, goal: Goal) -> Goal:
    target, heading = facts.target, find_heading(bricks, facts.target)
    hand_yaw, begun = yaw_from_quaternion(facts.hand_pose[3:]), find_begun_push(facts, bricks)
    yaw, width = hand_yaw + wrap_angle(heading - hand_yaw, math.pi), 2 * float(bricks.halves[target, 0])
    goal = goal._replace(yaw=yaw, width=width, opening=width + goal.opening - goal.width)
    spare = find_grasp_room(bricks, target, goal.opening)
    along = float((facts.hand_pose[:3] - bricks.centers[target]) @ bricks.axes[target, :, 1])
    grasp = find_grasp(spare, WARY if begun else BOLD, along)
    if grasp is None:
        end, way = find_push(bricks, target, goal.opening, begun, along)
        offset, push = end * find_push_start(bricks, target), -end * way * math.copysign(1.0, math.cos(yaw - heading))
        exact = True
    else:
        offset, push = float(GRASPS_M[grasp]), 0.0
        exact = bool((spare[max(0, grasp - 1) : grasp + 2] < BOLD.spare).any())
    x, y, height = (float(v) for v in bricks.centers[target] + offset * bricks.axes[target, :, 1])
    extent = float(np.abs(bricks.axes[target, 2]) @ bricks.halves[target])
    # A push may tip the brick up a little; that must not lead the fingers higher.
    rise = float(bricks.centers[target, 2]) - extent if push else height - float(bricks.halves[target, 2])
    z = goal.z + (rise if rise > ON_TABLE_M else 0.0)
    return goal._replace(x=x, y=y, z=z, hover=max(goal.hover, z + CLEAR_M), push_m=push, exact=exact)


def find_grasp(spare: Floats, caution: Caution, along: float = 0.0) -> int | None:
    """Which of GRASPS_M: near the brick's middle and the hand, and with room for the fingers; None where none has.

    Args:
        spare: (k,) m, the room of the finger that has less, at each of them.
        along: where the hand is along the brick, m from its middle.
    """
    free = np.flatnonzero((np.abs(GRASPS_M) <= caution.offset) & (spare > caution.spare))
    if not len(free):
        return None
    away = np.abs(GRASPS_M[free] - np.clip(along, GRASPS_M[0], GRASPS_M[-1]))
    cost = np.abs(GRASPS_M[free]) + NEARER * away - SPARE_WORTH * np.minimum(spare[free], SPARE_M)
    return int(free[np.argmin(cost)])


def find_push(
    bricks: Boxes, target: int, opening: float, begun: float = 0.0, along: float = 0.0
) -> tuple[float, float]:
    """From which end to push (1: the target's +y, -1: its -y), and how far (m) until both fingers have room.

    Args:
        begun: the end from which it is pushed already; that is given up only for a much shorter way.
        along: where the hand is along the brick, m from its middle.
    """
    spare = find_side_room(bricks, target, opening, BEYOND_M).min(axis=0)
    free = BEYOND_M[spare > WARY.spare]
    ways, start = [], find_push_start(bricks, target)
    for end, space in zip((1.0, -1.0), find_end_room(bricks, target), strict=True):
        shifts = -WARY.offset - end * free  # until the far end of the brick is where a grasp is free
        way = min((float(shift) for shift in shifts if shift > 0), default=FAR_M)
        cost = way - LOYALTY_M if end == begun else way + (BLOCKED_M if space <= BOLD.spare else 0.0)
        ways.append((cost + NEARER_END * abs(end * start - min(max(along, -start), start)), way, end))
    _, way, end = min(ways)
    return end, way


def find_begun_push(facts: GraspFacts, bricks: Boxes) -> float:
    """The end (1 or -1, as for `find_push`) behind which closed fingers are, low or not far above; 0: they are not."""
    local = (facts.hand_pose[:3] - bricks.centers[facts.target]) @ bricks.axes[facts.target]
    behind = abs(abs(local[1]) - find_push_start(bricks, facts.target)) < AT_PUSH_M
    pushes = facts.opening_m < AT_PUSH_M and behind and abs(local[0]) < AT_PUSH_M and abs(local[2]) < OVER_PUSH_M
    return math.copysign(1.0, local[1]) if pushes else 0.0
