"""Policies that drive by what they see: one at random, and rules."""

from __future__ import annotations

import numpy as np

from millwright.core.features import Observation
from millwright.core.policy import Action, Policy, Wrapper
from millwright.geometry.poses import Floats
from millwright.policies.road import RoadTracer, find_road, find_zoom
from millwright.robots.race_car import DrivingStyle, follow

FRONT = "observation.images.front"
RULE_STYLE = DrivingStyle(grip=90.0, braking=80.0)
LEAST_ZOOM = 8.0
"""Before CarRacing has zoomed in so far, half a second after the start, a pixel is too much of the road."""
LOST: Action = np.array([0.2, 0.2, 0.0], np.float32)
"""What is done where no road is seen: a slow circle."""
FADES_S = 0.4
"""Over which what wanders is forgotten."""
STRAYS = np.array([0.15, 0.2, 0.05])
"""How far an unsteady hand is off: steering, throttle, brake."""
WANDERS = np.array([0.5, 0.25, 0.1])
"""How far a random driver goes to either side of what is usual."""
USUAL_THROTTLE = 0.25
CAUTION_M_S = 30.0
"""At which a random driver lets go of the throttle."""


class Wandering:
    """Three numbers that wander around 0 with a standard deviation of 1: an Ornstein-Uhlenbeck process."""

    def __init__(self, control_hz: float) -> None:
        self._keep = float(np.exp(-1 / (control_hz * FADES_S)))

    def reset(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._now = self._rng.normal(size=3)

    def draw(self) -> Floats:
        self._now = self._keep * self._now + np.sqrt(1 - self._keep**2) * self._rng.normal(size=3)
        return self._now


class RandomDriver(Policy):
    """Wanders smoothly, with a foot on the throttle.

    What is drawn anew every tick cancels out, and brakes as much as it accelerates: a car that hardly moves shows a
    model of the world nothing. So the throttle hovers around a quarter (a prior, and the only one) until the car is at
    30 m/s, and the brake is mostly off.
    """

    name = "random"

    def __init__(self, control_hz: float, usual_throttle: float = USUAL_THROTTLE) -> None:
        self._wishes, self._throttle = Wandering(control_hz), usual_throttle

    def reset(self, seed: int) -> None:
        self._wishes.reset(seed)

    def act(self, observation: Observation) -> Action:
        steering, throttle, brake = self._wishes.draw() * WANDERS
        fast = observation["observation.state"][0] > CAUTION_M_S
        return clip_command(np.array([steering, 0.0 if fast else self._throttle + throttle, brake - WANDERS[2]]))


def clip_command(command: Floats) -> Action:
    """Steering -1 to 1, throttle and brake 0 to 1."""
    clipped: Action = np.clip(command, [-1, 0, 0], 1).astype(np.float32)
    return clipped


class DocumentRule(Policy):
    """The rule of a published case study: steer to the mean column of the road in the lowest third of the picture.

    Road is what is grey; the throttle is constant, and nothing brakes.
    """

    name = "rule-document"

    def reset(self, seed: int) -> None:
        pass

    def act(self, observation: Observation) -> Action:
        picture = observation[FRONT].astype(np.float32) / 255
        lowest = picture[2 * len(picture) // 3 :]
        red, green, blue = np.moveaxis(lowest, -1, 0)
        columns = np.nonzero((abs(red - green) < 0.1) & (abs(green - blue) < 0.1))[1]
        width = picture.shape[1]
        aside = columns.mean() - (width - 1) / 2 if len(columns) else 0.0
        return np.array([np.clip(aside / width, -1, 1), 0.3, 0.0], np.float32)


class Rule(Policy):
    """Traces the middle of the road in the picture, reads the speed, and follows as `robots.race_car` has it."""

    name = "rule"

    def __init__(self, control_hz: float, style: DrivingStyle = RULE_STYLE) -> None:
        self._control_hz, self._style = control_hz, style
        self._tracer: RoadTracer | None = None
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._tick = 0

    def act(self, observation: Observation) -> Action:
        picture = observation[FRONT]
        self._tracer = self._tracer or RoadTracer(picture.shape)
        zoom = find_zoom(self._tick / self._control_hz)
        self._tick += 1
        if zoom < LEAST_ZOOM:
            return np.array([0, 1, 0], np.float32)
        line = self._tracer.trace(find_road(picture), zoom)
        if len(line) < 2:
            return LOST
        return follow(line, float(observation["observation.state"][0]), self._style).astype(np.float32)


class NoisyDriver(Wrapper):
    """Somebody who drives, with a hand that is not steady: each wish strays by an Ornstein-Uhlenbeck process.

    What strays is not corrected in the tick itself, so recordings show how a drive is saved.

    Args:
        share: of `STRAYS`, how unsteady.
    """

    def __init__(self, policy: Policy, control_hz: float, share: float = 1.0) -> None:
        super().__init__(policy)
        self._noise, self._strays = Wandering(control_hz), share * STRAYS
        self.name = f"{policy.name}-perturbed"

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._noise.reset(seed)

    def act(self, observation: Observation) -> Action:
        action = clip_command(self._policy.act(observation) + self._noise.draw() * self._strays)
        self._policy.tell_done(action)
        return action
