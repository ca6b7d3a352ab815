"""Made-up episodes with every kind of column, and picklable players of them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from millwright.core.episode import Episode, Label, Step
from millwright.core.facts import GraspFacts
from millwright.core.features import Feature, Features
from millwright.core.judging import Judge, Verdict

FPS = 15
CAMERA = "observation.images.wrist"
DECLARED = Features(
    Feature(CAMERA, (32, 48, 3), "uint8", frame="wrist"),
    Feature("observation.state", (3,), unit="rad, m", names=("j0", "j1", "opening")),
    Feature("action", (3,), unit="rad, m", frame="base"),
)


def make_episode(seed: int, num_frames: int = 6, label: bool = True, noisy_frames: bool = False) -> Episode:
    """An episode drawn from `seed`; fails when the seed is a multiple of three."""
    rng = np.random.default_rng(seed)
    frames = make_noise(rng, num_frames) if noisy_frames else make_scenes(rng, num_frames)
    steps = []
    failure = "miss" if seed % 3 == 0 else None
    for index in range(num_frames):
        observation = {
            CAMERA: frames[index],
            "observation.state": rng.normal(size=3).astype(np.float32),
            "observation.grid": rng.normal(size=(2, 5)),
            "observation.visible": np.array([rng.random() < 0.5]),
            "observation.ticks": rng.integers(-(2**40), 2**40, 2),
            "task": f"pick brick {seed % 2}",
        }
        plan = Label(rng.normal(size=3).astype(np.float32), rng.normal(size=(4, 8)).astype(np.float32))
        verdict = Verdict(failure is None, failure, {"distance_m": np.float64(0.1) * index, "pads": np.array([True])})
        steps.append(
            Step(
                index=index,
                time_s=index / FPS,
                observation=observation,
                facts=make_facts(rng, index),
                action=rng.normal(size=3).astype(np.float32),
                label=plan if label else None,
                reward=float(rng.normal()),
                plan=None,
                verdict=verdict,
            )
        )
    about = {"env": "made-up", "options": {"hard": False}}
    metrics = {"final_distance_m": np.float64(seed) / 7}
    return Episode(tuple(steps), verdict, seed, f"pick brick {seed % 2}", metrics, about)


def make_scenes(rng: np.random.Generator, num_frames: int, height: int = 32, width: int = 48) -> np.ndarray:
    """(num_frames, height, width, 3): coloured boxes that drift over a shaded table."""
    rows, columns = np.mgrid[:height, :width]
    table = 110 + 30 * np.sin(rows / 20 + rng.random()) + 25 * np.cos(columns / 17)
    frames = np.repeat(np.repeat(table[None, ..., None], 3, axis=3), num_frames, axis=0)
    for _ in range(12):
        y, x, high, wide = rng.integers(0, [height, width, height // 4, width // 4])
        colour = rng.integers(0, 256, 3)
        for index in range(num_frames):
            left = x + index // 2
            frames[index, y : y + high + 2, left : left + wide + 2] = colour
    return frames.clip(0, 255).astype(np.uint8)


def make_noise(rng: np.random.Generator, num_frames: int) -> np.ndarray:
    """(num_frames, 32, 48, 3): one level a frame and channel, so no codec hides a frame in another; none is black."""
    return np.broadcast_to(rng.integers(48, 256, (num_frames, 1, 1, 3)), (num_frames, 32, 48, 3)).astype(np.uint8)


def make_facts(rng: np.random.Generator, index: int) -> GraspFacts:
    return GraspFacts(
        names=("red", "blue"),
        target=1,
        time_s=index / FPS,
        positions=rng.normal(size=(2, 3)),
        orientations=rng.normal(size=(2, 4)),
        velocities=rng.normal(size=(2, 3)),
        pad_contacts=rng.random((2, 2)) < 0.5,
        hand_pose=rng.normal(size=7),
        hand_velocity=rng.normal(size=3),
        wrist_position=rng.normal(size=3),
        joint_positions=rng.normal(size=6),
        opening_m=0.02,
        opening_speed=-0.1,
        max_opening_m=0.05,
        robot_collision=bool(rng.random() < 0.5),
        max_contact_force_n=float(rng.random()),
        max_penetration_m=0.0,
    )


class HighestObject(Judge):
    """Success: the target was above the other object at the last tick; remembers everything it saw."""

    failures = ("low",)

    def reset(self) -> None:
        self.seen: list[GraspFacts] = []

    def see(self, facts: GraspFacts) -> None:
        self.seen.append(facts)

    @property
    def decided(self) -> bool:
        return False

    def verdict(self) -> Verdict:
        heights = self.seen[-1].positions[:, 2]
        success = bool(heights[self.seen[-1].target] == heights.max())
        return Verdict(success, None if success else "low", {"ticks": len(self.seen)})


@dataclass(frozen=True)
class MakePlay:
    """A picklable factory of a player; lengths differ by seed."""

    num_frames: int = 6
    noisy_frames: bool = False
    change: Callable[[Episode], Episode] | None = None

    def __call__(self) -> Any:
        def play(seed: int) -> Episode:
            episode = make_episode(seed, self.num_frames + seed % 3, noisy_frames=self.noisy_frames)
            return self.change(episode) if self.change else episode

        return play


@dataclass(frozen=True)
class MakePlayOnFullDisk:
    """The disk is full from the episode of seed `full_from` on, in whichever process plays it."""

    full_from: int

    def __call__(self) -> Any:
        real = os.fsync

        def play(seed: int) -> Episode:
            os.fsync = real if seed < self.full_from else refuse
            return make_episode(seed)

        return play


def refuse(handle: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
