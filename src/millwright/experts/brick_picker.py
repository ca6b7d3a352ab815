"""BrickPicker: hover, descend, close, lift, hold, from any state.

The decision is a function of the present state alone. A plan is that function applied again and again to a
model of the hand (limited speeds, fingers that take time to close), from the state the hand is really in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.core.facts import GraspFacts
from millwright.core.features import Observation
from millwright.experts.grasps import Goal, adapt_goal
from millwright.experts.planning import HandPlanningExpert
from millwright.geometry.poses import wrap_angle, yaw_from_quaternion
from millwright.robots.reach import PUSH_GAP_M


@dataclass(frozen=True)
class PickStyle:
    """How the expert picks. Lengths m, angles rad, speeds a second."""

    plan_length: int = 16
    hover_height: float = 0.06
    grasp_height: float = 0.012
    lift_height: float = 0.16
    open_width: float = 0.037  # less than the jaws allow: room between neighbours
    spare_width: float = 0.005  # at least, for bricks wider than usual
    widest: float = 0.034  # a brick no longer than this may be grasped across its length too
    travel_speed: float = 0.45
    braking: float = 1e3  # m/s^2: no faster than what this still stops in time
    descent_speed: float = 0.15  # below the hover height: slow enough to look again
    careful_speed: float = 0.09  # the same among others: fingers that land on a brick hit it at once
    turn_speed: float = 2.5
    turn_braking: float = 1e3
    near_gain: float = 0.5  # share of the remaining way that a tick covers near the goal
    grasp_tolerance: float = 0.002  # across the brick; the fingers have 2.5 mm to spare on either side
    grasp_tolerance_yaw: float = 0.05
    along_weight: float = 0.4  # a metre along the brick counts as this much across
    funnel_slope: float = 12.0  # height above the grasp for each metre beside it: no finger comes down on the brick
    funnel_yaw: float = 0.35  # height for each radian
    cone_slope: float = 0.6  # from afar the hand comes down, or goes up, as if along a cone above the brick
    closing_ticks: int = 4
    push_speed: float = 0.06  # slow enough that closed fingers meet a brick gently
    push_lift: float = 0.002  # a tick: fingers that push and sink would press the brick onto the table, where it sticks
    push_rise: float = 0.012  # at most; then back and down again
    sink: float = 0.01  # lower than this beneath where it should be, among others, the hand goes up before all else
    shut_width: float = 0.012
    lane: float = 0.004  # fingers that push are beside their way by less than this


class Hand(NamedTuple):
    """The hand in the model of the plan."""

    x: float
    y: float
    z: float
    yaw: float
    opening: float
    closed_ticks: int
    holding: bool

    def make_target(self, shut: bool = False) -> tuple[float, ...]:
        """A hand target (8,): xyz m, wxyz, opening m; the last is 0 while the hand closes, holds or is to be `shut`."""
        half, shut = self.yaw / 2, shut or self.holding or self.closed_ticks > 0
        return (self.x, self.y, self.z, 0.0, math.cos(half), math.sin(half), 0.0, 0.0 if shut else self.opening)


class BrickPicker(HandPlanningExpert[GraspFacts]):
    """Picks the target brick across its width.

    Args:
        control_hz: ticks a second.
        width_m: a brick's width between the pads, for which the style is; facts that tell of others have their way.
        style: how to pick.
    """

    def __init__(self, control_hz: float, width_m: float = 0.032, style: PickStyle | None = None) -> None:
        super().__init__(control_hz)
        self.style = style or PickStyle()
        self._period_s = 1.0 / control_hz
        self._width = width_m

    def _make_plan(self, facts: GraspFacts, observation: Observation) -> NDArray[np.float32]:
        """Hand targets (plan_length, 8): xyz m, wxyz, opening m, one a tick."""
        goal = self.find_goal(facts)
        hand = self.find_hand(facts, goal)
        rows = []
        for _ in range(self.style.plan_length):
            hand = self.advance(hand, goal)
            goal = self._follow_push(hand, goal) if goal.push_m else goal
            rows.append(hand.make_target(shut=bool(goal.push_m)))
        return np.array(rows, dtype=np.float32)

    def find_goal(self, facts: GraspFacts) -> Goal:
        """Where the target is to be grasped, or pushed."""
        x, y, _ = (float(v) for v in facts.positions[facts.target])
        yaw = yaw_from_quaternion(facts.hand_pose[3:])
        lies = yaw_from_quaternion(facts.orientations[facts.target])
        ways = [(wrap_angle(lies + turn - yaw, math.pi), width) for turn, width in self._find_widths(facts)]
        turn, width = min(ways, key=lambda way: abs(way[0]))
        style = self.style
        opening = max(style.open_width, width + style.spare_width)
        alone = Goal(x, y, style.grasp_height, yaw + turn, width, opening, style.hover_height)
        return adapt_goal(alone, facts)

    def _find_widths(self, facts: GraspFacts) -> list[tuple[float, float]]:
        """Turns against the brick's yaw at which it fits between the jaws, and its width there."""
        if not len(facts.half_sizes):
            return [(-math.pi / 2, self._width)]
        width, length = (2 * float(half) for half in facts.half_sizes[facts.target, :2])
        return [(-math.pi / 2, width), *([(0.0, length)] if length <= self.style.widest else [])]

    def find_hand(self, facts: GraspFacts, goal: Goal) -> Hand:
        """The hand as it is."""
        x, y, z = (float(v) for v in facts.hand_pose[:3])
        yaw = yaw_from_quaternion(facts.hand_pose[3:])
        # Closed fingers that push a brick touch it with both pads too.
        between = bool(facts.pad_contacts[facts.target].all()) and facts.opening_m > self.style.shut_width
        holding = between and abs(facts.opening_speed) < 0.02 and facts.opening_m < goal.width + 0.004
        closing = between or facts.opening_m < goal.opening - 0.003
        return Hand(x, y, z, yaw, facts.opening_m, 1 if closing else 0, holding)

    def advance(self, hand: Hand, goal: Goal) -> Hand:
        """One tick of the model: decide, then move at most as far as the hand can."""
        style = self.style
        if hand.holding:
            return hand._replace(z=self.approach(hand.z, style.lift_height))
        beside = self._beside(hand, goal)
        turned = abs(wrap_angle(goal.yaw - hand.yaw))
        if goal.push_m:
            return self._push(hand, goal, beside, turned)
        above = hand.z - goal.z
        slack = find_ease(goal, style) * (1.0 if hand.closed_ticks == 0 else 2.0)
        aligned = beside < slack * style.grasp_tolerance and turned < slack * style.grasp_tolerance_yaw
        if aligned and above < slack * style.grasp_tolerance:
            return self._close(hand, goal)
        return self._travel(hand, goal, beside, turned)

    def _beside(self, hand: Hand, goal: Goal) -> float:
        """How far the hand is beside the goal, m; what lies along the brick counts less."""
        x, y, cos, sin = goal.x - hand.x, goal.y - hand.y, math.cos(goal.yaw), math.sin(goal.yaw)
        along_weight = 1.0 if goal.exact else self.style.along_weight
        return math.hypot(cos * y - sin * x, along_weight * (cos * x + sin * y))

    def _close(self, hand: Hand, goal: Goal) -> Hand:
        opening = max(goal.width, hand.opening - 0.2 * self._period_s)
        ticks = hand.closed_ticks + 1
        z = self.approach(hand.z, goal.z)  # not where the hand is: what learns that sinks a little with every tick
        return hand._replace(z=z, opening=opening, closed_ticks=ticks, holding=ticks >= self.style.closing_ticks)

    def _push(self, hand: Hand, goal: Goal, beside: float, turned: float) -> Hand:
        """Down behind the brick's end with closed fingers, and on along the brick."""
        style = self.style
        if not self._is_in_lane(hand, goal):
            return self._travel(hand, goal, beside, turned)
        ahead, aside = _find_way(hand, goal)
        touches = ahead > PUSH_GAP_M - 0.001
        step = min(style.push_speed * self._period_s, abs(goal.push_m) + style.lane)
        step = math.copysign(step if touches or hand.z < goal.z + style.grasp_tolerance else 0.0, goal.push_m)
        cos, sin, back = math.cos(goal.yaw), math.sin(goal.yaw), style.near_gain * aside
        return hand._replace(
            x=hand.x + step * cos + back * sin,
            y=hand.y + step * sin - back * cos,
            z=hand.z + style.push_lift if touches else self.approach(hand.z, goal.z),
            yaw=hand.yaw + style.near_gain * wrap_angle(goal.yaw - hand.yaw),
        )

    def _is_in_lane(self, hand: Hand, goal: Goal) -> bool:
        """Closed fingers are low behind the end that they are to push, or at it."""
        style, (ahead, aside) = self.style, _find_way(hand, goal)
        low = hand.z < goal.z + style.push_rise and hand.opening < style.shut_width
        straight = abs(wrap_angle(goal.yaw - hand.yaw)) < 2 * style.grasp_tolerance_yaw
        return low and straight and abs(aside) < style.lane and -style.lane < ahead < 3 * style.lane

    def _follow_push(self, hand: Hand, goal: Goal) -> Goal:
        """The goal when the brick has given way to the fingers that push it."""
        ahead = _find_way(hand, goal)[0] - PUSH_GAP_M
        if ahead <= 0 or not self._is_in_lane(hand, goal):
            return goal
        moved = math.copysign(ahead, goal.push_m)
        left = math.copysign(max(abs(goal.push_m) - ahead, PUSH_GAP_M), goal.push_m)
        return goal._replace(x=goal.x + moved * math.cos(goal.yaw), y=goal.y + moved * math.sin(goal.yaw), push_m=left)

    def _travel(self, hand: Hand, goal: Goal, beside: float, turned: float) -> Hand:
        """Towards the brick, in a funnel: the less aligned, the higher."""
        style = self.style
        distance = math.hypot(goal.x - hand.x, goal.y - hand.y)
        share = self.limit(distance) / distance if distance > 1e-9 else 1.0
        ease = find_ease(goal, style)
        excess = max(0.0, beside - ease * style.grasp_tolerance) * style.funnel_slope
        excess += max(0.0, turned - ease * style.grasp_tolerance_yaw) * style.funnel_yaw
        floor = goal.z + min(excess, goal.hover - goal.z)
        if excess >= goal.hover - goal.z and hand.z > goal.hover:
            # Far away still: come down while travelling, but not faster than travelling closes the gap.
            floor = max(goal.hover, goal.hover + style.cone_slope * (beside - 0.03))
        if hand.z < min(goal.deep, floor - style.sink):
            return hand._replace(z=self.approach(hand.z, floor), closed_ticks=0)
        if not self._is_ready(hand, goal) and hand.z < goal.hover:
            floor = max(floor, hand.z)
        z = self.approach(hand.z, floor)
        if z < goal.hover:
            speed = style.careful_speed if goal.deep and not goal.push_m else style.descent_speed
            z = max(z, min(hand.z, goal.hover) - speed * self._period_s)
        opening = hand.opening + clip((0.0 if goal.push_m else goal.opening) - hand.opening, 0.013)
        return hand._replace(
            x=hand.x + share * (goal.x - hand.x),
            y=hand.y + share * (goal.y - hand.y),
            z=z,
            yaw=self.turn(hand.yaw, goal.yaw),
            opening=opening,
            closed_ticks=0,
        )

    def _is_ready(self, hand: Hand, goal: Goal) -> bool:
        """The fingers are open, or shut if they are to push."""
        style = self.style
        return hand.opening < style.shut_width if goal.push_m else hand.opening >= goal.opening - 0.008

    def limit(self, distance: float) -> float:
        """How far a tick takes the hand towards a goal `distance` away."""
        near = max(self.style.near_gain * distance, min(distance, 0.002))
        braking = math.sqrt(2 * self.style.braking * distance)
        return min(near, min(self.style.travel_speed, braking) * self._period_s)

    def approach(self, value: float, goal: float) -> float:
        """`value`, a tick nearer to its goal."""
        return value + math.copysign(self.limit(abs(goal - value)), goal - value)

    def turn(self, yaw: float, goal: float) -> float:
        """`yaw`, a tick nearer to its goal."""
        error = wrap_angle(goal - yaw)
        speed = min(self.style.turn_speed, math.sqrt(2 * self.style.turn_braking * abs(error)))
        return yaw + clip(self.style.near_gain * error, speed * self._period_s)


def find_ease(goal: Goal, style: PickStyle) -> float:
    """By how much less exact a grasp may be than that of an ordinary brick: narrow ones leave room between the fingers.

    Who demands more than the fingers need has them open again over a brick that they would have closed on.
    """
    room = (goal.opening - goal.width) / 2
    return 1.0 if goal.exact else max(1.0, room / (2 * style.grasp_tolerance))


def _find_way(hand: Hand, goal: Goal) -> tuple[float, float]:
    """How far the hand is ahead of where a push begins, in its direction, and beside its way, m."""
    cos, sin, x, y = math.cos(goal.yaw), math.sin(goal.yaw), hand.x - goal.x, hand.y - goal.y
    return math.copysign(1.0, goal.push_m) * (cos * x + sin * y), cos * y - sin * x


def clip(value: float, limit: float) -> float:
    """`value` within +-`limit`."""
    return max(-limit, min(value, limit))
