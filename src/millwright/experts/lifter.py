"""Lifter: approach, grasp, lift, hold, from any state, by small motions of the hand.

The decision is a function of the present state alone. A plan is that function applied again and again to a model of
the hand under the controller that its actions drive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright.core.facts import SHAPES, Floats, LiftFacts
from millwright.core.features import Observation
from millwright.core.policy import Action
from millwright.experts.planning import PlanningExpert
from millwright.geometry.poses import (
    matrix_from_quaternion,
    quaternion_of_hand,
    rotation_vector,
    wrap_angle,
    yaw_from_quaternion,
)
from millwright.robots.panda_hand import (
    MAX_DELTA_M,
    MAX_DELTA_RAD,
    MAX_OPENING_M,
    follow_fingers,
    follow_goal,
    keep_going,
)

OPEN, CLOSED = -1.0, 1.0
ON_TABLE_M = 0.005


@dataclass(frozen=True)
class LiftStyle:
    """How the expert lifts. Lengths m, angles rad."""

    plan_length: int = 10
    near_m: float = 0.012  # beside and above or below the grasp: the fingers may close, however the hand is turned
    begun_m: float = 0.006  # fingers that are closer together than open ones by this have begun to close,
    ease: float = 1.4  # and go on until the grasp is so many times as far away: one that touches first pushes, or rolls
    hover_m: float = 0.08  # above the grasp: open fingers pass over everything that lies there
    funnel_slope: float = 1.5  # height for each metre beside the grasp: no finger comes down on the object
    funnel_m: float = 0.006  # beside the grasp by no more than this, all the way down
    sunk_m: float = 0.03  # this far beneath the funnel the hand goes up before all else
    room_m: float = 0.015  # by which fingers are wider open than the object before they come down around it
    lift_m: float = 0.16  # height of the hand when it holds
    gain: float = 1.3  # what is asked for, as a share of what is left to go
    still_m_s: float = 0.02  # fingers that are slower have closed
    homeward: float = 0.2  # a turn that ends this much nearer to straight ahead may be longer by one
    torn_rad: float = 0.3  # short of where two turns are equally good, turning slows down: no picture tells which of
    least_pace: float = 0.1  # them it is to be, and where a label jumps a policy learns the mean, which is to stay
    lowest_m: float = 0.014  # the fingers end 9 mm below the hand's origin
    upright_m: float = 0.028  # so high no standing cylinder reaches the palm; how tall one is, no picture tells well


class Grasp(NamedTuple):
    """Where the object is to be grasped."""

    place: Floats  # (3,) m
    yaw: float
    width: float
    tie_rad: float  # a turn as long as this is no better than one the other way


class Hand(NamedTuple):
    """The hand in the model of the plan."""

    place: Floats  # (3,) m
    velocity: Floats  # (3,) m/s
    turn: Floats  # (3,) axis times angle (rad) from where it is turned to where it is to be
    spin: Floats  # (3,) rad/s at which that grows
    opening: float
    opening_speed: float
    touching: bool


class Lifter(PlanningExpert[LiftFacts]):
    """Lifts the target straight up.

    Args:
        control_hz: ticks a second.
        style: how to lift.
    """

    def __init__(self, control_hz: float, style: LiftStyle | None = None) -> None:
        super().__init__(control_hz)
        self.style = style or LiftStyle()
        self._period_s = 1 / control_hz

    def _make_plan(self, facts: LiftFacts, observation: Observation) -> NDArray[np.float32]:
        return self.make_plan(facts)

    def make_plan(self, facts: LiftFacts) -> NDArray[np.float32]:
        """The next actions (plan_length, 7), one a tick."""
        grasp = find_grasp(facts, self.style)
        hand, rows = find_hand(facts, grasp), []
        # As fast as it has been all along what it does now: how fast it really is, no picture shows.
        hand = hand._replace(velocity=keep_going(MAX_DELTA_M * self.decide(hand, grasp)[:3], self._period_s))
        for _ in range(self.style.plan_length):
            action = self.decide(hand, grasp)
            rows.append(action)
            hand = self._advance(hand, grasp, action)
        return np.array(rows, dtype=np.float32)

    def decide(self, hand: Hand, grasp: Grasp) -> Floats:
        """An action (7,) in [-1, 1]."""
        style = self.style
        if hand.touching and abs(hand.opening_speed) < style.still_m_s:
            return self._ask([0.0, 0.0, style.lift_m - hand.place[2]], np.zeros(3), CLOSED)
        away, turn = grasp.place - hand.place, hand.turn
        beside, turned = math.hypot(away[0], away[1]), float(np.linalg.norm(turn))
        ease = style.ease if hand.opening < MAX_OPENING_M - style.begun_m else 1.0
        if max(beside, abs(away[2])) < ease * style.near_m:
            action = self._ask(away, turn, CLOSED)
        else:
            action = self._ask(self._approach(away, hand, beside, grasp), turn, OPEN)
        action[3:6] *= np.clip((grasp.tie_rad - turned) / style.torn_rad, style.least_pace, 1)
        return action

    def _approach(self, away: Floats, hand: Hand, beside: float, grasp: Grasp) -> Floats:
        """The way (3,) m to go: towards the object in a funnel, the further beside it, the higher."""
        style = self.style
        excess = max(0.0, beside - style.funnel_m) * style.funnel_slope
        if hand.opening < grasp.width + style.room_m:
            excess = style.hover_m
        up = float(away[2]) + min(excess, style.hover_m)
        share = min(1.0, max(0.0, 1 - (up - style.funnel_m) / style.sunk_m))
        return np.array([share * away[0], share * away[1], up])

    def _ask(self, away: Floats | list[float], turn: Floats, gripper: float) -> Floats:
        """The action that goes this way and turns so, as far as a tick takes it."""
        style = self.style
        move = style.gain * np.asarray(away) / MAX_DELTA_M
        longest = max(1.0, float(np.abs(move[:2]).max()))
        move[:2] /= longest  # straight, however far
        twist = style.gain * turn / MAX_DELTA_RAD
        return np.array([*np.clip(move, -1, 1), *np.clip(twist, -1, 1), gripper])

    def _advance(self, hand: Hand, grasp: Grasp, action: Floats) -> Hand:
        """The hand a tick later."""
        period = self._period_s
        place, velocity = follow_goal(hand.place, hand.velocity, MAX_DELTA_M * action[:3], period)
        left, spin = follow_goal(-hand.turn, hand.spin, MAX_DELTA_RAD * action[3:6], period)
        opening, speed = follow_fingers(hand.opening, hand.opening_speed, action[6], period)
        if action[6] == CLOSED and (hand.touching or opening <= grasp.width):
            return Hand(place, velocity, -left, spin, hand.opening if hand.touching else grasp.width, 0.0, True)
        return Hand(place, velocity, -left, spin, opening, speed, False)


def find_grasp(facts: LiftFacts, style: LiftStyle) -> Grasp:
    """Around the middle of the target; across its sides where it has any."""
    target, yaw = facts.target, yaw_from_quaternion(facts.hand_pose[3:])
    place = facts.positions[target].copy()
    place[2] = max(place[2], style.lowest_m)
    width = 2 * float(facts.half_sizes[target, 0])
    side = find_side(facts)
    if side is None:
        if SHAPES[facts.shapes[target]] == "cylinder" and place[2] < facts.half_sizes[target, 2] + ON_TABLE_M:
            place[2] = max(place[2], style.upright_m)
        return Grasp(place, 0.0, width, math.inf)
    turns = [wrap_angle(side - yaw + quarter * math.pi / 2) for quarter in range(4)]
    costs = {turn: abs(turn) + style.homeward * abs(wrap_angle(yaw + turn)) for turn in turns}
    turn, other = sorted(turns, key=costs.__getitem__)[:2]
    return Grasp(place, yaw + turn, width, abs(turn) + (costs[other] - costs[turn]) / 2)


def find_side(facts: LiftFacts) -> float | None:
    """The yaw (rad) of a side of the target, or of any of its sides; None where it looks the same from all around."""
    target, shape = facts.target, SHAPES[facts.shapes[facts.target]]
    axes = matrix_from_quaternion(facts.orientations[target]).T
    if shape == "ball" or (shape == "cylinder" and abs(axes[2, 2]) > math.sqrt(0.5)):
        return None
    level = axes[2] if shape == "cylinder" else axes[np.argmin(np.abs(axes[:, 2]))]
    return math.atan2(level[1], level[0])


def find_hand(facts: LiftFacts, grasp: Grasp) -> Hand:
    """The hand as it is, at rest."""
    goal = matrix_from_quaternion(quaternion_of_hand(grasp.yaw))
    turn = rotation_vector(goal @ matrix_from_quaternion(facts.hand_pose[3:]).T)
    touching = bool(facts.pad_contacts[facts.target].all())
    still = np.zeros(3)
    return Hand(facts.hand_pose[:3], still, turn, still, facts.opening_m, facts.opening_speed, touching)


class LiftHands:
    """What cheats of lifting move: the hand, by small motions.

    Args:
        control_hz: ticks a second.
        rise_m: how far above the grasp the expert lifts; None: as far as it does anyhow.
    """

    grasp_m, open_m = 0.02, MAX_OPENING_M
    gain, slack_m = 2.5, 0.004
    """What is asked for, as a share of what is left to go; by how much an opening may be missed."""

    def __init__(self, control_hz: float, rise_m: float | None = None) -> None:
        style = LiftStyle()
        self._lifter = Lifter(control_hz, style if rise_m is None else replace(style, lift_m=self.grasp_m + rise_m))

    def reset(self, seed: int) -> None:
        self._lifter.reset(seed)

    def follow(self, facts: LiftFacts, target: ArrayLike) -> Action:
        """One tick towards a hand target (8,): xyz m, wxyz, opening m."""
        goal = np.asarray(target, dtype=np.float64)
        move = self.gain * (goal[:3] - facts.hand_pose[:3]) / MAX_DELTA_M
        turn = rotation_vector(matrix_from_quaternion(goal[3:7]) @ matrix_from_quaternion(facts.hand_pose[3:]).T)
        wider = facts.opening_m - goal[7]
        gripper = 0.0 if abs(wider) < self.slack_m else math.copysign(1.0, wider)
        return np.array(np.clip([*move, *(turn / MAX_DELTA_RAD), gripper], -1, 1), dtype=np.float32)

    def pick(self, facts: LiftFacts, observation: Observation) -> Action:
        """What the expert would do about the target."""
        self._lifter.see(facts)
        return self._lifter.act(observation)
