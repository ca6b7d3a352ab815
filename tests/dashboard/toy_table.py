"""A toy table for tests of the dashboard: six bricks, a point for a hand, views drawn with Pillow."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from PIL import Image, ImageDraw

from millwright.core.errors import PromptError
from millwright.core.facts import GraspFacts
from millwright.core.judging import Judge, Verdict
from millwright.core.policy import Policy, Privileged
from millwright.dashboard.session import Session
from millwright.dashboard.stage import Stage

NAMES = ("red", "orange", "yellow", "green", "blue", "violet")
COLORS = ("#d9412f", "#e98a15", "#e8c31f", "#2f9d57", "#2f6fdd", "#8a4fd3")
HZ, SPEED, WIDTH, REACH = 15, 0.5, 0.8, 0.04  # control rate, m/s, m seen across overhead, m from which a click counts
SIZES = {"overhead": (320, 240), "wrist": (160, 160)}
WRIST_SPAN = 0.3  # m seen across the wrist view


class ToyTable(gymnasium.Env):
    """State: hand xyz, opening, then each brick's xyz. A closed hand within 1 cm of a brick holds it."""

    metadata = {"control_hz": HZ}  # noqa: RUF012 - gymnasium declares it per instance
    object_names, object_colors = NAMES, COLORS
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (4,), np.float32)

    def __init__(self, max_steps: int = 60) -> None:
        self.max_steps = max_steps

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        grid = np.array([(x, y, 0.0) for y in (-0.1, 0.1) for x in (-0.2, 0.0, 0.2)])
        jitter = np.pad(self.np_random.uniform(-0.02, 0.02, (6, 2)), ((0, 0), (0, 1)))
        drawn = int(self.np_random.integers(6))
        bricks = grid + jitter
        self.target = self._find_target(options or {}, bricks, drawn)
        self.bricks, self.hand, self.opening, self.tick = bricks, np.array([0.0, 0.0, 0.2]), 0.05, 0
        return self._observe(), {"facts": self._facts()}

    def _find_target(self, options: dict[str, Any], bricks: np.ndarray, drawn: int) -> int:
        if "target" in options:
            return NAMES.index(options["target"])
        if "click" not in options:
            return drawn
        click = options["click"]
        distances = np.linalg.norm(project(bricks, click["camera"], np.zeros(3)) - (click["u"], click["v"]), axis=1)
        if distances.min() > REACH / WIDTH:
            raise PromptError(f"there is no brick within {1000 * REACH:.0f} mm of the click; click on one")
        return int(distances.argmin())

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        held = (np.linalg.norm(self.bricks - self.hand, axis=1) < 0.01) & (action[3] < 0.01)
        self.hand = self.hand + np.clip(action[:3], -1, 1) * SPEED / HZ
        self.opening = float(np.clip(action[3], 0, 0.05))
        self.bricks[held] = self.hand
        self.tick += 1
        return self._observe(), 0.0, False, self.tick >= self.max_steps, {"facts": self._facts()}

    def scene_state(self) -> np.ndarray:
        return np.concatenate([self.hand, [self.opening], self.bricks.ravel()])

    def viewer_factory(self) -> Callable[[], ToyViewer]:
        return ToyViewer

    def _observe(self) -> dict[str, Any]:
        centre = project(self.bricks[self.target], "wrist", self.hand)
        box = np.array([*(centre - 0.12), *(centre + 0.12), float(np.all(np.abs(centre - 0.5) < 0.5)), self.tick / HZ])
        return {"observation.environment_state": box.astype(np.float32), "task": f"pick the {NAMES[self.target]} brick"}

    def _facts(self) -> GraspFacts:
        n, pose = len(NAMES), np.array([*self.hand, 1, 0, 0, 0])
        return GraspFacts(
            NAMES, self.target, self.tick / HZ, self.bricks.copy(), np.tile([1.0, 0, 0, 0], (n, 1)), np.zeros((n, 3)),
            np.zeros((n, 2), bool), pose, np.zeros(3), self.hand, np.zeros(6), self.opening, 0.0, 0.05, False, 0.0, 0.0,
        )  # fmt: skip


class ToyJudge(Judge):
    """Success: the target is 10 cm up. Another one up: wrong_object."""

    failures = ("wrong_object", "timeout")

    def reset(self) -> None: ...

    def see(self, facts: GraspFacts) -> None:
        self._facts = facts

    @property
    def decided(self) -> bool:
        return self.verdict().failure != "timeout"

    def verdict(self) -> Verdict:
        facts = self._facts
        lifted = facts.positions[:, 2] > 0.1
        success = bool(lifted[facts.target])
        failure = None if success else "wrong_object" if lifted.any() else "timeout"
        distance = float(np.linalg.norm(facts.positions[facts.target] - facts.hand_pose[:3]))
        height = float(facts.positions[facts.target, 2])
        closed = bool(facts.opening_m < 0.01)
        return Verdict(success, failure, {"distance_m": distance, "height_m": height, "fingers_closed": closed})


class ToyExpert(Privileged):
    """Goes above the brick, down, closes and lifts; `offset` 1 picks the neighbour instead."""

    name = "expert"

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset

    def reset(self, seed: int) -> None:
        self._closed = False

    def see(self, facts: GraspFacts) -> None:
        self._away = facts.positions[(facts.target + self.offset) % len(NAMES)] - facts.hand_pose[:3]

    def act(self, observation: Any) -> np.ndarray:
        away = self._away
        if self._closed:
            return np.array([0, 0, 1, 0], np.float32)
        self._closed = bool(np.linalg.norm(away) < 0.008)
        goal = away if np.linalg.norm(away[:2]) < 0.02 else np.array([*away[:2], 0.0])
        return np.array([*np.clip(goal * HZ / SPEED, -1, 1), 0.0 if self._closed else 0.05], np.float32)


class Still(Policy):
    """Does nothing."""

    name = "still"

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Any) -> np.ndarray:
        return np.array([0, 0, 0, 0.05], np.float32)


class Poisoned(Still):
    """Wants something that must never be executed."""

    name = "poisoned"

    def act(self, observation: Any) -> np.ndarray:
        return np.full(4, np.nan, np.float32)


class Slow(Still):
    """Thinks for longer than a control tick."""

    name = "slow"

    def act(self, observation: Any) -> np.ndarray:
        time.sleep(0.1)
        return super().act(observation)


class ToyViewer:
    """Overhead and wrist views, straight down."""

    cameras = ("overhead", "wrist")

    def size(self, camera: str) -> tuple[int, int]:
        return SIZES[camera]

    def render(self, state: np.ndarray, camera: str) -> np.ndarray:
        width, height = SIZES[camera]
        image = Image.new("RGB", (width, height), "#c9c2b6")
        draw = ImageDraw.Draw(image)
        hand, bricks = state[:3], state[4:].reshape(-1, 3)
        half = 0.02 * width / (WIDTH if camera == "overhead" else WRIST_SPAN)
        for (u, v), color in zip(project(bricks, camera, hand), COLORS, strict=True):
            draw.rectangle((u * width - half, v * height - half, u * width + half, v * height + half), fill=color)
        if camera == "overhead":
            u, v = project(hand, camera, hand)
            draw.ellipse((u * width - 5, v * height - 5, u * width + 5, v * height + 5), outline="#333", width=2)
        return np.asarray(image)

    def project(self, state: np.ndarray, camera: str, points: np.ndarray) -> np.ndarray:
        return project(points, camera, state[:3])


def project(points: np.ndarray, camera: str, hand: np.ndarray) -> np.ndarray:
    if camera == "wrist":
        return 0.5 + (points[..., :2] - hand[:2]) / WRIST_SPAN
    return 0.5 + points[..., :2] / np.array([WIDTH, WIDTH * 0.75])


def _raise() -> Policy:
    raise OSError("no such file: weights")


POLICIES: dict[str, Callable[[], Policy]] = {
    "expert": ToyExpert,
    "still": Still,
    "wrong": functools.partial(ToyExpert, 1),
    "poisoned": Poisoned,
    "slow": Slow,
    "missing": _raise,
}


class ToyClearing(ToyTable):
    """What was lifted is gone when the next is pointed at, and what is left stays where it is."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        wishes = dict(options or {})
        if not wishes.pop("continue", False):
            return super().reset(seed=seed, options=options)
        self.target = NAMES.index(self.find_target(wishes))
        self.bricks[self.bricks[:, 2] > 0.05, 2] = -9.0
        self.hand, self.opening, self.tick = np.array([0.0, 0.0, 0.2]), 0.05, 0
        return self._observe(), {"facts": self._facts()}

    def find_target(self, options: dict[str, Any]) -> str:
        name = NAMES[self._find_target(options, self.bricks, NAMES.index((*self.list_remaining(), "red")[0]))]
        if name not in self.list_remaining():
            raise PromptError(f"{name} is gone")
        return name

    def list_remaining(self) -> tuple[str, ...]:
        return tuple(name for name, brick in zip(NAMES, self.bricks, strict=True) if -1 < brick[2] < 0.05)


STAGE = Stage(ToyTable, ToyJudge, POLICIES, "Toy table")
CLEARING = Stage(ToyClearing, ToyJudge, POLICIES, "Toy clearing", goes_on=True)


def make_session(stage: Stage = STAGE, **options: Any) -> Session:
    return Session(stage, **{"hold_s": 0.5, **options})
