"""Stage: what a dashboard shows and drives, given by its caller as factories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from millwright.core.features import Features, Observation
from millwright.core.judging import Judge
from millwright.core.policy import Policy
from millwright.dashboard.dreaming import Dreams
from millwright.policies.arrow_keys import HeldKeys

Floats = NDArray[np.float64]


class Viewer(Protocol):
    """Draws a scene for people, away from the environment: in another process, from its state alone."""

    cameras: tuple[str, ...]

    def size(self, camera: str) -> tuple[int, int]:
        """(width, height) of this camera's picture, pixels."""

    def render(self, state: Floats, camera: str) -> NDArray[np.uint8]:
        """The picture, (height, width, 3)."""

    def project(self, state: Floats, camera: str, points: Floats) -> Floats:
        """Base-frame points (n, 3) m as fractions (n, 2) of the picture; NaN behind the camera."""


@dataclass(frozen=True)
class Drive:
    """What belongs to a car that people may drive, too.

    Args:
        keys: that are held now; the policy `human` reads them.
        dreams: of what world models make of the drive.
    """

    keys: HeldKeys = field(default_factory=HeldKeys)
    dreams: Dreams = field(default_factory=lambda: Dreams({}))


@dataclass(frozen=True)
class Stage:
    """One scene with its judge and everyone who may drive in it.

    Args:
        env_factory: makes the environment, in the thread that will step it. Its `unwrapped` has `scene_state()`,
            `viewer_factory()`, `object_names` and `object_colors`; its facts have `target` and `positions`, in which
            `object_rows` says where these objects are if it holds others too.
        judge_factory: makes the judge; its evidence has `distance_m`.
        policies: name -> factory, called when the name is first chosen.
        title: what the page calls the scene.
        goes_on: whether a pick goes on from where the last one ended.
        by_words: whether objects are asked for in words rather than by clicks.
        bundles: folders of those policies that are bundles.
        server: address of the server that one of the policies asks, and that bears its address as a name; None: none.
        drive: a car is driven, and how else than by its policies alone; None: things are picked.
    """

    env_factory: Callable[[], Any]
    judge_factory: Callable[[], Judge]
    policies: Mapping[str, Callable[[], Policy]]
    title: str = "Brick table"
    goes_on: bool = False
    """The scene stays as it is after a pick, and picks queue up. The environment's `reset` takes `{"continue": True}`,
    and `unwrapped` has `find_target(options)`, the name of what would be picked now, and `list_remaining()`."""
    by_words: bool = False
    """`unwrapped` has `find_meant(instruction)`, the name of what that means, and `suggest_instructions()`; its `reset`
    takes `{"target": NAME, "instruction": TEXT}`."""
    bundles: Mapping[str, Path] = field(default_factory=dict)
    server: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """What episodes that are kept say of themselves."""
    drive: Drive | None = None
    """There is nothing to be asked for: `unwrapped` has `picture_viewer_factory()` and `scene_state()` alone, and its
    facts are `DrivingFacts`."""


@dataclass(frozen=True)
class Cast:
    """What stays the same while a stage is up."""

    title: str
    policies: tuple[str, ...]
    control_hz: float
    viewer_factory: Callable[[], Viewer]
    features: Features = field(default_factory=Features)
    """Of observations and actions, where the environment declares them."""
    goes_on: bool = False
    """Picks queue up."""
    by_words: bool = False
    drives: bool = False
    """A car is driven, by a policy or by keys."""
    traced: Mapping[str, Any] = field(default_factory=dict)
    """Title, unit, factor and least of the axis of what is traced."""
    dreamers: tuple[str, ...] = ()
    """Bundles whose world models might dream beside a drive."""


class Watched(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Remembers the newest observation and facts, so that the page shows the same instant as the pictures."""

    observation: Observation
    facts: Any

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.on_reset: Callable[[], None] = _nothing

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.observation, info = self.env.reset(seed=seed, options=options)
        self.facts = info["facts"]
        self.on_reset()
        return self.observation, info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.observation, reward, terminated, truncated, info = self.env.step(action)
        self.facts = info["facts"]
        return self.observation, reward, terminated, truncated, info


def _nothing() -> None:
    pass
