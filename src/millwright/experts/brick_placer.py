"""BrickPlacer: picks as BrickPicker does, carries the brick into the tray, lets go and comes up, from any state.

The decision is a function of the present state alone, and a plan is that function applied again and again, as for
BrickPicker, which decides until the brick is held.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.core.facts import PlaceFacts
from millwright.core.features import Observation
from millwright.experts.brick_picker import BrickPicker, Hand, PickStyle, clip
from millwright.experts.planning import HandPlanningExpert
from millwright.geometry.poses import wrap_angle, yaw_from_quaternion

SWIFT = PickStyle(
    hover_height=0.07, travel_speed=1.3, braking=1.1, near_gain=0.6, descent_speed=0.3, turn_speed=1.6,
    turn_braking=2.5, cone_slope=0.4, closing_ticks=2,
)  # fmt: skip
"""As fast as the joints' acceleration allows, and slowing down in time for it."""


@dataclass(frozen=True)
class PlaceStyle:
    """How the expert carries and places. Lengths m, angles rad."""

    carry_height: float = 0.085
    free_height: float = 0.05  # from here on the brick in the hand is above all others, and above the tray's walls
    release_height: float = 0.018
    tolerance: float = 0.005
    tolerance_yaw: float = 0.07
    funnel_slope: float = 3.0  # height above the release for each metre beside the slot
    funnel_yaw: float = 0.3
    released_width: float = 0.0345  # fingers wider apart than this hold nothing
    clear_height: float = 0.066  # a hand this high is out of the way of what it let go of


class _Place(NamedTuple):
    """Where to put the brick, and the yaw of the hand, of the two that fit, next to its own."""

    x: float
    y: float
    yaw: float


class BrickPlacer(HandPlanningExpert[PlaceFacts]):
    """Picks the target brick and puts it where `observation.place` says.

    Args:
        control_hz: ticks a second.
        style: how to carry and place.
        pick_style: how to pick.
    """

    def __init__(self, control_hz: float, style: PlaceStyle | None = None, pick_style: PickStyle = SWIFT) -> None:
        super().__init__(control_hz)
        self.style = style or PlaceStyle()
        self._picker = BrickPicker(control_hz, style=pick_style)

    def _make_plan(self, facts: PlaceFacts, observation: Observation) -> NDArray[np.float32]:
        """Hand targets (plan_length, 8): xyz m, wxyz, opening m, one a tick."""
        picker = self._picker
        goal, place = picker.find_goal(facts), _find_place(facts, observation)
        hand = picker.find_hand(facts, goal)
        placed = not hand.holding and _is_in_tray(facts)
        x, y = (float(value) for value in observation["observation.anchor"])
        back = goal._replace(x=x, y=y)
        rows = []
        for _ in range(picker.style.plan_length):
            if placed and hand.z >= self.style.clear_height:
                goal, placed = back, False  # no eye in the hand can tell this from the beginning of the next pick
            if placed:
                hand = self._leave(hand)
            elif hand.holding:
                hand, placed = self._carry(hand, place)
            else:
                hand = picker.advance(hand, goal)
            rows.append(hand.make_target())
        return np.array(rows, dtype=np.float32)

    def _carry(self, hand: Hand, place: _Place) -> tuple[Hand, bool]:
        """One tick with the brick in the hand; the second value says that it is let go."""
        style, picker = self.style, self._picker
        beside = math.hypot(place.x - hand.x, place.y - hand.y)
        turned = abs(wrap_angle(place.yaw - hand.yaw))
        if beside < style.tolerance and turned < style.tolerance_yaw and hand.z < style.release_height + 0.003:
            return self._leave(hand._replace(holding=False, closed_ticks=0)), True
        excess = max(0.0, beside - style.tolerance) * style.funnel_slope
        excess += max(0.0, turned - style.tolerance_yaw) * style.funnel_yaw
        z = picker.approach(hand.z, min(style.carry_height, style.release_height + excess))
        share = picker.limit(beside) / beside if beside > 1e-9 else 1.0
        if beside > 2 * style.tolerance:  # first up, then away
            share *= min(1.0, max(0.0, hand.z - 0.03) / (style.free_height - 0.03))
        moved = hand._replace(
            x=hand.x + share * (place.x - hand.x),
            y=hand.y + share * (place.y - hand.y),
            z=z,
            yaw=picker.turn(hand.yaw, place.yaw),
        )
        return moved, False

    def _leave(self, hand: Hand) -> Hand:
        """One tick of letting go and coming up."""
        opening = hand.opening + clip(self._picker.style.open_width - hand.opening, 0.013)
        rise = hand.opening > self.style.released_width
        z = self._picker.approach(hand.z, self.style.carry_height) if rise else hand.z
        return hand._replace(z=z, opening=opening, closed_ticks=0, holding=False)


def _find_place(facts: PlaceFacts, observation: Observation) -> _Place:
    x, y, across = (float(value) for value in observation["observation.place"])
    yaw = yaw_from_quaternion(facts.hand_pose[3:])
    return _Place(x, y, yaw + wrap_angle(across - yaw, math.pi))


def _is_in_tray(facts: PlaceFacts) -> bool:
    """The target is within the walls, and low enough to lie there or fall there."""
    low, high = facts.tray
    place = facts.positions[facts.target]
    return bool((place[:2] > low[:2]).all() and (place[:2] < high[:2]).all() and place[2] < high[2] + 0.01)
