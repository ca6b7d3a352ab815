"""Perturbed: an expert whose hand is pushed about, so that a recording shows how to come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Privileged
from millwright.experts.brick_picker import BrickPicker
from millwright.experts.brick_placer import BrickPlacer
from millwright.experts.lifter import CLOSED, Lifter
from millwright.geometry.poses import Floats, compose_quaternions, quaternion_from_yaw
from millwright.robots.panda_hand import MAX_DELTA_M, MAX_DELTA_RAD


@dataclass(frozen=True)
class Disturbance:
    """Noise on executed hand targets: a bias that holds for a while, then white noise alone. Lengths m, angles rad."""

    share_of_episodes: float = 0.85
    noise_m: float = 0.0015
    noise_rad: float = 0.015
    bias_m: float = 0.008
    bias_rad: float = 0.08
    bias_ticks: tuple[int, int] = (3, 9)
    bias_probability: float = 0.5
    shut_probability: float = 0.01  # a tick: the fingers close for a while, wherever they are
    shut_ticks: int = 3
    stiff_share: float = 0.0  # of episodes: the hand does not turn as it should, and grasps as it comes
    low_share: float = 1.0  # of all this, where the hand is low: an arm that is slow to turn back would hit something
    low_m: tuple[float, float] = (0.04, 0.10)  # heights at which a hand is as low, and not low any more
    lowest_m: float = 0.011  # the fingers end 9 mm below the hand's origin


HEAVY_ARM = Disturbance(bias_m=0.006, bias_rad=0.06, low_share=0.25, lowest_m=0.013)
"""For an arm that keeps to a limit of its acceleration, and so cannot turn back at once."""


CROWDED = Disturbance(bias_m=0.006, bias_rad=0.06, low_share=0.4, low_m=(0.06, 0.12), shut_probability=0.005)
"""Among bricks that touch: what is pushed harder hits the next brick, and never gets to show how to come down."""


DELTAS = Disturbance(
    noise_m=0.005, noise_rad=0.05, bias_m=0.025, bias_rad=0.2, low_share=0.5, low_m=(0.03, 0.10), lowest_m=0.02,
    stiff_share=0.5,
)  # fmt: skip
"""For hands that are told how far to go: in a tick they come a quarter of the way. How a cube is turned a policy learns
last of all; until then it grasps across corners, and has to have seen that such a cube too is to be lifted."""

ExpertT = TypeVar("ExpertT", bound=BrickPicker | BrickPlacer | Lifter)


class Disturbed(Privileged, Generic[ExpertT]):
    """Executes what the expert wants, plus noise. Play it with the expert itself as the labeller."""

    def __init__(self, expert: ExpertT, disturbance: Disturbance) -> None:
        self._expert, self._disturbance = expert, disturbance
        self.name = f"{expert.name}-perturbed"

    def reset(self, seed: int) -> None:
        self._expert.reset(seed)
        self._rng = np.random.default_rng([seed, 1])
        self._active = self._rng.random() < self._disturbance.share_of_episodes
        self._bias: Floats = np.zeros(4)
        self._bias_left = self._shut_left = 0

    def see(self, facts: Any) -> None:
        self._expert.see(facts)

    @property
    def plan(self) -> Chunk | None:
        return self._expert.plan

    def _draw(self, height_m: float) -> tuple[Floats, bool]:
        """A shift (4,) of a hand at this height, x, y, z (m) and yaw (rad), and whether the fingers are to close."""
        d, rng = self._disturbance, self._rng
        if self._bias_left == 0:
            self._bias_left = int(rng.integers(*d.bias_ticks))
            scale = np.array([d.bias_m, d.bias_m, d.bias_m, d.bias_rad])
            self._bias = rng.normal(0, scale) * (rng.random() < d.bias_probability)
        if self._shut_left == 0 and rng.random() < d.shut_probability:
            self._shut_left = d.shut_ticks
        self._bias_left -= 1
        shift = self._bias + rng.normal(0, [d.noise_m, d.noise_m, d.noise_m, d.noise_rad])
        shift *= np.interp(height_m, d.low_m, (d.low_share, 1.0))
        shut = self._shut_left > 0
        self._shut_left -= shut
        return shift, shut


class Perturbed(Disturbed[BrickPicker | BrickPlacer]):
    """Disturbs the target that an expert's hand follows."""

    def __init__(self, expert: BrickPicker | BrickPlacer, disturbance: Disturbance | None = None) -> None:
        super().__init__(expert, disturbance or Disturbance())

    def act(self, observation: Observation) -> Action:
        action = self._expert.act(observation)
        if not self._active or self._expert.plan is None:
            return action
        joints = observation["observation.state"][:6]
        return self._expert.servo.follow(joints, self._disturb(self._expert.plan.actions[0].astype(np.float64)))

    def _disturb(self, target: Floats) -> Floats:
        shift, shut = self._draw(target[2])
        moved = target.copy()
        moved[:3] += shift[:3]
        moved[2] = max(moved[2], self._disturbance.lowest_m)
        moved[3:7] = compose_quaternions(quaternion_from_yaw(shift[3]), target[3:7])
        moved[7] = 0.0 if shut else moved[7]
        return moved


class PerturbedLifter(Disturbed[Lifter]):
    """Disturbs the change that an expert asks for."""

    def __init__(self, expert: Lifter, disturbance: Disturbance = DELTAS) -> None:
        super().__init__(expert, disturbance)

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._stiff = self._rng.random() < self._disturbance.stiff_share

    def act(self, observation: Observation) -> Action:
        action = self._expert.act(observation)
        if not self._active:
            return action
        height_m = float(observation["observation.hand_pose"][2])
        shift, shut = self._draw(height_m)
        if height_m < self._disturbance.lowest_m:
            shift[2] = max(shift[2], 0.0)
        moved = action + np.array([*shift[:3] / MAX_DELTA_M, 0, 0, shift[3] / MAX_DELTA_RAD, 0], np.float32)
        if self._stiff:
            moved[5] -= action[5]
        moved[6] = CLOSED if shut else moved[6]
        cut: Action = np.clip(moved, -1, 1)
        return cut
