"""Who plays for dream-truth: a run's last driver, the same one altered, and the drives that they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from millwright.catalog import TASKS, make_env, make_judge, make_policy
from millwright.core.episode import Episode
from millwright.core.loop import run_episode
from millwright.core.policy import Policy
from millwright.policies.altered import Alteration, alter
from millwright.policies.bundle import Bundle, load_bundle
from millwright.policies.driving import NoisyDriver
from millwright.policies.driving_pipeline import COST_A_RAW_STEP
from millwright.policies.playing import Playing
from millwright.recipes.dream_drives import OPENING_TICKS, need_network
from millwright.training.drives import Drive, make_drive

ENV = "car-racing"


@dataclass(frozen=True)
class Altered:
    """Picklable: called once a worker, gives what plays a track with each altered driver and tells their returns.

    Args:
        bundles: of a run's rounds; the last one is altered, the controllers of the others take its place.
        baselines: names of policies that drive the track, too.
        env_options: of the environment.
    """

    bundles: tuple[Path, ...]
    alterations: tuple[Alteration, ...]
    baselines: tuple[str, ...] = ()
    env_options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> Callable[[int], list[dict[str, Any]]]:
        env, judge = make_env(ENV, **self.env_options), make_judge(ENV)
        *earlier, last = (load_bundle(bundle) for bundle in self.bundles)
        controllers = [need_network(bundle).controller for bundle in earlier]
        policies: dict[str, Policy] = {}
        for alteration in self.alterations:
            network = alter(need_network(last), alteration, controllers)
            policy = _play(replace(last, network=network), alteration.name)
            if alteration.unsteady:
                policy = NoisyDriver(policy, env.metadata["control_hz"], alteration.unsteady)
            policies[alteration.name] = policy
        policies |= {name: make_policy(ENV, name) for name in self.baselines}
        return lambda seed: [
            {"policy": name, **tell(run_episode(env, policy, judge, seed))} for name, policy in policies.items()
        ]


@dataclass(frozen=True)
class Driver:
    """Picklable: called once a worker, gives what drives a track with a bundle: the drive, and what it came to."""

    bundle: Path
    env_options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> Callable[[int], tuple[Drive, dict[str, float]]]:
        env, judge = make_env(ENV, **self.env_options), make_judge(ENV)
        bundle = load_bundle(self.bundle)
        policy, cost = _play(bundle, self.bundle.name), COST_A_RAW_STEP * env.unwrapped.options.repeat

        def drive(seed: int) -> tuple[Drive, dict[str, float]]:
            episode = run_episode(env, policy, judge, seed)
            return _keep(episode, bundle, cost), tell(episode)

        return drive


def _keep(episode: Episode, bundle: Bundle, cost: float) -> Drive:
    """An episode as world models learn from it: not of the camera's coming down, nor of the last tick, that is none."""
    steps = episode.steps
    done, rewards = [step.action for step in steps[:-1]], [step.reward for step in steps[:-1]]
    return make_drive([step.observation for step in steps], done, rewards, bundle.pipeline, cost).skip(OPENING_TICKS)


def tell(episode: Episode) -> dict[str, float]:
    """Its return, and the real steps that it took."""
    return {name: float(episode.metrics[name]) for name in ("return", "raw_steps")}


def _play(bundle: Bundle, name: str) -> Policy:
    return Playing().within(TASKS[ENV].playing).make_policy(bundle.planner(), name)
