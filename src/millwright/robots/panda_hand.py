"""How a Panda's hand follows small motions under an operational-space controller: robosuite's OSC_POSE, as a model.

Khatib, "A unified approach for motion and force control of robot manipulators" (1987). Every axis is a mass on a
critically damped spring whose end is put, at every tick, as far ahead of where the hand is as the action asks for.
"""

from __future__ import annotations

import math

from millwright.geometry.poses import Floats

MAX_DELTA_M, MAX_DELTA_RAD = 0.05, 0.5
"""What an action of 1 asks for."""
MAX_OPENING_M = 0.08
STIFFNESS = 150.0
"""N/m of a kilogram: the controller's kp."""
OPENING_SPEED_M_S = 0.137
"""Of fingers that have been told to open or close for some ticks."""
FINGER_LAG = 0.43
"""Share of the difference to that speed that a tick of 50 ms makes up for."""


def follow_goal(place: Floats, velocity: Floats, delta: Floats, period_s: float) -> tuple[Floats, Floats]:
    """Place and velocity after a tick with the goal `delta` ahead; all of one unit, any shape."""
    rate = math.sqrt(STIFFNESS)
    decay = math.exp(-rate * period_s)
    ahead = velocity - rate * delta
    left = (ahead * period_s - delta) * decay
    return place + delta + left, (velocity - ahead * rate * period_s) * decay


def keep_going(delta: Floats, period_s: float) -> Floats:
    """The velocity of a hand whose goal has been `delta` ahead for some ticks."""
    rate = math.sqrt(STIFFNESS)
    decay = math.exp(-rate * period_s)
    return decay * rate**2 * period_s / (1 - decay * (1 - rate * period_s)) * delta


def follow_fingers(opening_m: float, speed_m_s: float, gripper: float, period_s: float) -> tuple[float, float]:
    """Opening and its speed after a tick with nothing between the fingers; `gripper` is -1 to open and 1 to close."""
    speed = speed_m_s + FINGER_LAG * (-math.copysign(OPENING_SPEED_M_S, gripper) - speed_m_s)
    opening = opening_m + speed * period_s
    if 0 <= opening <= MAX_OPENING_M:
        return opening, speed
    return min(max(opening, 0.0), MAX_OPENING_M), 0.0
