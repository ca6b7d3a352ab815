"""CarRacing as a gymnasium environment that also reports facts, and counts every step of the real thing."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import choose
from millwright.core.facts import DrivingFacts
from millwright.core.step_ledger import StepLedger
from millwright.envs.car_racing.bar import read_bar
from millwright.envs.car_racing.circuit import Circuit
from millwright.envs.car_racing.interface import ACTION, RAW_HZ, SAID, list_observed, make_action_space
from millwright.envs.car_racing.options import STARTS, CarRacingOptions
from millwright.envs.car_racing.viewer import CarRacingViewer, cut_front, find_motion
from millwright.envs.spaces import make_observation_space, take_action
from millwright.geometry.poses import Floats

NUM_AHEAD = 20
"""Points of the road's middle that facts hold, 3.5 m from one to the next."""


class CarRacingEnv(gymnasium.Env[dict[str, Any], Any]):
    """Drive a lap in gymnasium's CarRacing-v3. The reward is its own: 1000 / N a new tile of N, less 0.1 a raw step.

    The tick that ends an episode says so in its facts (`over`), and the one after it, in which nothing moves, in
    `terminated` or `truncated`: so whoever sees the facts of every tick, as judges do, sees how it ended.

    `reset(options={"start": "grid" or "random"})` begins one episode so, whatever the options say.

    Args:
        options: what episodes are like.
        render_mode: as for every gymnasium environment.

    Raises:
        BudgetError: the ledger that the options name is not there, or none.
    """

    def __init__(self, options: CarRacingOptions | None = None, render_mode: str | None = "rgb_array") -> None:
        self.options, self.render_mode = options or CarRacingOptions(), render_mode
        control_hz = RAW_HZ / self.options.repeat
        control_hz = int(control_hz) if control_hz.is_integer() else control_hz
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": control_hz, "control_hz": control_hz}
        self.features = list_observed(self.options.image_size)
        self.action = ACTION
        self.action_space: gymnasium.spaces.Box = make_action_space()
        self.observation_space = make_observation_space(self.features)
        self.circuit = Circuit()
        self._ledger = StepLedger(Path(self.options.ledger)) if self.options.ledger else None
        self._seed: int | None = None
        self._facts: DrivingFacts | None = None
        self._picture: NDArray[np.uint8] | None = None

    # ---------------------------------------------------------------- gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A new track; gymnasium takes one step of the physics in it, which is counted like any other.

        Raises:
            BudgetError: it would go beyond the ledger's cap; nothing was done.
            UnknownNameError: no such option, or start.
        """
        wishes = options or {}
        for key in wishes:
            choose("reset option", key, dict.fromkeys(("start",)))
        start = wishes.get("start", self.options.start)
        choose("start", start, dict.fromkeys(STARTS))
        super().reset(seed=seed)
        self._charge(1)
        self._seed, self.circuit.random_start = seed, start == "random"
        self.circuit.reset(seed=seed)
        self._facts = None
        self._facts = self._report(0.0, 0, np.zeros(3), "")
        self._picture = self.circuit.draw()
        return self._observe(), {"facts": self._facts}

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Hold an action for `repeat` raw steps, or until the episode is over.

        Raises:
            ActionError: the action is not finite or has the wrong shape; nothing moved.
            BudgetError: it would go beyond the ledger's cap; nothing moved.
        """
        before = self._facts
        assert before is not None, "reset comes first"
        command = np.clip(take_action(action, ACTION), self.action_space.low, self.action_space.high)
        if before.over:
            return self._observe(), 0.0, not before.out_of_time, before.out_of_time, {"facts": before}
        self._expect(min(self.options.repeat, self.options.max_steps - before.raw_steps))
        reward, steps, ended = 0.0, 0, ""
        while not ended and steps < self.options.repeat:
            self._charge(1)
            _, gained, terminated, _, info = self.circuit.step(command)
            reward, steps = reward + float(gained), steps + 1
            if terminated:
                ended = "lap" if info["lap_finished"] else "field"
            elif before.raw_steps + steps >= self.options.max_steps:
                ended = "time"
        self._facts = self._report(reward, steps, command, ended)
        self._picture = self.circuit.draw()
        return self._observe(), reward, False, False, {"facts": self._facts}

    def render(self) -> NDArray[np.uint8]:
        """CarRacing's picture, (96, 96, 3), with the bar."""
        assert self._picture is not None, "reset comes first"
        return self._picture

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
        self.circuit.close()

    # ---------------------------------------------------------------- counting

    def _charge(self, steps: int) -> None:
        if self._ledger is not None:
            self._ledger.charge(self.options.purpose, steps)

    def _expect(self, steps: int) -> None:
        """Refuse a tick of which only a part could be driven."""
        if self._ledger is not None:
            self._ledger.check(self.options.purpose, steps)

    # ---------------------------------------------------------------- observations and facts

    def scene_state(self) -> Floats:
        """The track's seed, where the car is and how it moves: changes whenever anything does."""
        seed = -1 if self._seed is None else self._seed
        return np.array([seed, self.circuit.random_start, *find_motion(self.circuit)], np.float64)

    def picture_viewer_factory(self) -> Callable[[], CarRacingViewer]:
        """What draws scene states elsewhere, in pictures alone; picklable. Only tracks of a seed can be drawn there."""
        return partial(CarRacingViewer, self.options)

    def _observe(self) -> dict[str, Any]:
        assert self._picture is not None
        return {
            "observation.images.front": cut_front(self._picture, self.options),
            "observation.state": read_bar(self._picture),
            "task": SAID,
        }

    def _report(self, reward: float, steps: int, command: Floats, ended: str) -> DrivingFacts:
        before, circuit = self._facts, self.circuit
        hull, wheels = circuit.car.hull, circuit.car.wheels
        tiles, raw_steps = circuit.tile_visited_count, steps + (before.raw_steps if before else 0)
        found = before is None or tiles > before.tiles
        position, along_rad = np.array(hull.position), hull.angle + math.pi / 2
        ahead = np.array([math.cos(along_rad), math.sin(along_rad)])
        to_car = np.array([ahead, [-ahead[1], ahead[0]]])
        line = circuit.centre_line
        nearest = int(np.argmin(((line - position) ** 2).sum(axis=1)))
        points = line[(nearest + np.arange(NUM_AHEAD)) % len(line)]
        return DrivingFacts(
            time_s=raw_steps / RAW_HZ,
            raw_steps=raw_steps,
            reward=reward,
            total_reward=reward + (before.total_reward if before else 0.0),
            tiles=tiles,
            num_tiles=len(line),
            idle_ticks=0 if found or before is None else before.idle_ticks + 1,
            position=position,
            heading_rad=math.remainder(along_rad, math.tau),
            velocity=to_car @ np.array(hull.linearVelocity),
            yaw_rate=float(hull.angularVelocity),
            steering_rad=float(wheels[0].joint.angle),
            wheel_speeds=np.array([wheel.omega for wheel in wheels], np.float64),
            wheels_on_road=np.array([bool(wheel.tiles) for wheel in wheels]),
            action=command.astype(np.float64),
            line=(points - position) @ to_car.T,
            lap_finished=ended == "lap",
            left_field=ended == "field",
            out_of_time=ended == "time",
        )
