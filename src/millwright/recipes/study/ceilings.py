"""Ceilings: what labels and metrics allow before anything is learned.

A label is played back, tick by tick, in the very scene in which it was recorded: who learned it perfectly would do no
better. And the expert, which picks every brick, is measured with both origins of the distance to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.catalog import make_env, make_judge, make_policy
from millwright.core.episode import Episode
from millwright.core.features import Observation
from millwright.core.loop import run_episode
from millwright.core.policy import Action, Policy, Privileged
from millwright.evaluation.aiming import measure_aiming
from millwright.evaluation.asking import Asked
from millwright.evaluation.scene_view import make_view
from millwright.evaluation.statistics import wilson
from millwright.recipes.brick_pick import ENV
from millwright.recipes.demonstrated import LINGER
from millwright.recipes.study.labels import LABELS, Columns, Frames, make_labels
from millwright.robots.servo import HandServo

PICTURES: Mapping[str, Any] = {"image_size": 32}
"""Nobody looks."""
THEIR_WRIST_M = 0.26
"""From the fingertips to the wrist of the report's gripper; ours is measured."""
CLAIMED_MM = 100.0
"""The distance of the wrist that the report takes for a pick."""
PLAYED: Mapping[str, tuple[str, float]] = {
    "what hand and fingers were told": ("commanded", 0.0),
    "the same, fingers clipped to 5 mm": ("commanded", 0.005),
    "action[t] = state[t+1]": ("next-state", 0.0),
    "action[t] = state[t]": ("state", 0.0),
    "action[t] = state[t], fingers as told": ("state-gripped", 0.0),
    "the same, fingers clipped to 5 mm, as the report's": ("state-gripped", 0.005),
}
"""What is played back: label and clip."""


class Outcome(NamedTuple):
    """What one episode came to; distances to the target, m."""

    who: str
    success: bool
    final_tip: float
    final_wrist: float
    nearest_wrist: float
    final_their_wrist: float
    nearest_their_wrist: float


class Playback(Policy):
    """Follows hand targets (ticks, 8), one a tick; then the last one."""

    name = "playback"

    def __init__(self, targets: NDArray[np.float32]) -> None:
        self._targets, self._servo = targets, HandServo()
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._tick = 0

    def act(self, observation: Observation) -> Action:
        target = self._targets[min(self._tick, len(self._targets) - 1)]
        self._tick += 1
        return self._servo.follow(observation["observation.state"][:6], target)


@dataclass(frozen=True)
class Ceilings:
    """Picklable: called once a worker, gives the function that plays the expert and every label in a scene."""

    def __call__(self) -> Callable[[int], list[Outcome]]:
        env, expert = make_env(ENV, **PICTURES), make_policy(ENV, "expert")

        def play_scene(seed: int) -> list[Outcome]:
            shown = run_episode(env, expert, make_judge(ENV), seed, make_policy(ENV, "expert"), linger=LINGER)
            outcomes = [measure("expert", shown)]
            for who, (label, shut_m) in PLAYED.items():
                policy = Playback(find_targets(shown, label, shut_m))
                outcomes.append(measure(who, run_episode(env, policy, make_judge(ENV), seed)))
            return outcomes

        return play_scene


def find_targets(episode: Episode, label: str, shut_m: float) -> NDArray[np.float32]:
    """The label of every tick of an episode that the expert labelled, (ticks, 8)."""
    assert label in LABELS
    plans = [step.label.plan for step in episode.steps if step.label is not None and step.label.plan is not None]
    observed = [step.observation for step in episode.steps]
    pose, state = (np.array([row[f"observation.{name}"] for row in observed]) for name in ("hand_pose", "state"))
    frames = Frames(np.arange(len(plans)), (len(plans),))
    targets: NDArray[np.float32] = make_labels(Columns(np.array(plans), pose, state), frames, label, shut_m)[:, 0]
    return targets


def measure(who: str, episode: Episode) -> Outcome:
    """Success and distances with the fingertips', our wrist's and the report's wrist's origin."""
    facts = [step.facts for step in episode.steps]
    brick = np.array([fact.positions[fact.target] for fact in facts])
    tip = np.array([fact.hand_pose[:3] for fact in facts])
    wrist = np.array([fact.wrist_position for fact in facts])
    upwards = (wrist - tip) / np.linalg.norm(wrist - tip, axis=1, keepdims=True)
    tips, ours, theirs = (
        np.linalg.norm(point - brick, axis=1) for point in (tip, wrist, tip + THEIR_WRIST_M * upwards)
    )
    distances = (tips[-1], ours[-1], ours.min(), theirs[-1], theirs.min())
    return Outcome(who, episode.verdict.success, *map(float, distances))


def summarise(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """A row for the expert and each label: successes, mean distances in mm, and how often a wrist was near enough."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.who, []).append(outcome)
    return [
        {
            "who": who,
            "episodes": len(group),
            "successes": (successes := sum(outcome.success for outcome in group)),
            "interval": list(wilson(successes, len(group))),
            **{
                f"{name}_mm": round(1e3 * float(np.mean([getattr(outcome, name) for outcome in group])), 1)
                for name in Outcome._fields[2:]
            },
            "wrist_within_100_mm": sum(1e3 * outcome.nearest_wrist < CLAIMED_MM for outcome in group),
            "their_wrist_within_100_mm": sum(1e3 * outcome.nearest_their_wrist < CLAIMED_MM for outcome in group),
        }
        for who, group in groups.items()
    ]


def aim_expert(seeds: range) -> dict[str, Any]:
    """The two sensitivities of the expert, which goes to whatever it is asked for."""
    env = make_env(ENV, **PICTURES)
    view, expert = make_view(env), make_policy(ENV, "expert")
    assert isinstance(expert, Privileged)

    def plan(asked: Asked) -> NDArray[np.float32]:
        expert.reset(0)
        expert.see(asked.facts)
        expert.act(asked.observation)
        assert expert.plan is not None
        return expert.plan.actions

    try:
        return measure_aiming(plan, env, view, seeds).to_json()
    finally:
        view.close()
        env.close()
