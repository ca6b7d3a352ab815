"""The car of CarRacing: how it is steered along a line, and how fast it may go. The car's frame: x ahead, y left."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from millwright.geometry.poses import Floats

WHEELBASE_M = 3.24
MAX_STEERING_RAD = 0.4
"""Where the front wheels' joints end; an action of 1 asks for 1 rad."""


@dataclass(frozen=True)
class DrivingStyle:
    """How somebody drives along a line.

    Args:
        reach_m, reach_s: how far ahead the point is that the car is steered to: metres, and seconds of its speed.
        grip: m/s^2 that curves may take.
        braking: m/s^2 that are counted on before a curve.
        top_speed: m/s.
        gain: throttle for each m/s that is lacking; the brake has a quarter of it.
        max_brake: below 0.9, where wheels block.
    """

    reach_m: float = 5.0
    reach_s: float = 0.15
    grip: float = 70.0
    braking: float = 50.0
    top_speed: float = 75.0
    gain: float = 0.1
    max_brake: float = 0.8


def follow(line: Floats, speed: float, style: DrivingStyle) -> Floats:
    """The action (steering, throttle, brake) that brings the car along a line at a speed that its curves allow.

    Pure pursuit (Coulter 1992): the wheels are turned to the circle through the car and a point ahead on the line.

    Args:
        line: (n, 2) m, car frame, from beside the car on, n at least 2.
        speed: m/s.
    """
    gone_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    reach_m = style.reach_m + style.reach_s * speed
    x, y = (float(np.interp(reach_m, gone_m, column)) for column in line.T)
    steering_rad = math.atan(WHEELBASE_M * 2 * y / max(x * x + y * y, 1e-6))
    wanted = find_speed(line, gone_m, style)
    lacking = wanted - speed
    share = min(abs(steering_rad) / MAX_STEERING_RAD, 1.0)
    throttle = np.clip(style.gain * lacking, 0.0, 1.0) * (
        1 - 0.7 * share
    )  # rear wheels that push do not hold the curve
    brake = np.clip(-style.gain / 4 * lacking, 0.0, style.max_brake)
    return np.array([np.clip(-steering_rad, -1, 1), throttle, brake])


def find_speed(line: Floats, gone_m: Floats, style: DrivingStyle) -> float:
    """m/s at which the car can still brake for every curve of the line; `gone_m` (n,) is how far its points are."""
    steps = np.diff(line, axis=0)
    headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    lengths = np.linalg.norm(steps, axis=1)
    bends = np.abs(np.diff(headings)) / np.maximum((lengths[1:] + lengths[:-1]) / 2, 1e-6)  # (n - 2,) 1/m
    allowed = style.grip / np.maximum(bends, 1e-6)  # squares of speeds
    fastest = np.sqrt(allowed + 2 * style.braking * gone_m[1:-1])
    return float(min(fastest.min(initial=style.top_speed), style.top_speed))
