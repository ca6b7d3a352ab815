"""A small dataset in which nothing is wrong: three bricks, smooth motion, pictures that move, depth, a judge."""

from __future__ import annotations

from typing import Any

import numpy as np

from millwright.core.episode import Episode, Step
from millwright.core.facts import GraspFacts
from millwright.core.features import Feature, Features
from tests.datasets.players import CAMERA, FPS, HighestObject, make_facts, make_scenes

NAMES = ("red", "blue", "green")
DEPTH = "observation.depth"
FRAMES = 24
FEATURES = Features(
    Feature(CAMERA, (32, 48, 3), "uint8"),
    Feature("observation.state", (3,), unit="rad", names=("j0", "j1", "j2")),
    Feature(DEPTH, (4, 6), unit="m"),
    Feature("action", (3,), unit="rad", names=("j0", "j1", "j2")),
)


class MakePlay:
    """A picklable factory of a player; a seed that is a multiple of three fails."""

    def __call__(self) -> Any:
        return make_episode


def make_episode(seed: int) -> Episode:
    rng = np.random.default_rng(seed)
    target = seed % len(NAMES)
    phase = np.linspace(0, 1.5 + rng.random(), FRAMES + 1)[:, None] + np.arange(3) + rng.random()
    states = np.sin(phase).astype(np.float32)  # (25, 3)
    frames = make_scenes(rng, FRAMES)
    frames = np.stack([np.roll(frame, index, axis=1) for index, frame in enumerate(frames)])  # nothing stands still
    facts = [_make_facts(rng, index, target, lifted=seed % 3 > 0) for index in range(FRAMES)]
    judge = HighestObject()
    judge.reset()
    for fact in facts:
        judge.see(fact)
    text = f"pick up the {NAMES[target]} brick"
    steps = tuple(
        Step(
            index=index,
            time_s=index / FPS,
            observation=_observe(rng, frames[index], states[index], text),
            facts=facts[index],
            action=states[index + 1],
            label=None,
            reward=0.0,
            plan=None,
            verdict=judge.verdict(),
        )
        for index in range(FRAMES)
    )
    return Episode(steps, judge.verdict(), seed, text, {}, {"env": "made-up", "env_options": {}})


def _observe(rng: np.random.Generator, frame: np.ndarray, state: np.ndarray, text: str) -> dict[str, Any]:
    depth = rng.uniform(0.3, 2, (4, 6)).astype(np.float32)
    depth[0, 0] = 0  # a reflection
    return {CAMERA: frame, "observation.state": state, DEPTH: depth, "task": text}


def _make_facts(rng: np.random.Generator, index: int, target: int, lifted: bool) -> GraspFacts:
    two = vars(make_facts(rng, index))
    positions = rng.uniform(0, 0.01, (3, 3))
    positions[target, 2] += 0.1 if lifted else -0.1
    wider = {"positions": positions, "orientations": rng.normal(size=(3, 4)), "velocities": rng.normal(size=(3, 3))}
    return GraspFacts(**{**two, **wider, "names": NAMES, "target": target, "pad_contacts": np.zeros((3, 2), bool)})
