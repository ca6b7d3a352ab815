"""The tasks of lifting with robosuite's Panda."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from millwright.catalog.options import make_with_options
from millwright.catalog.task import GAMERS_OF_ONE, GRASP_GAMERS, Task, height_alone, sustained_lift
from millwright.core.episode import Episode
from millwright.core.judging import Judge
from millwright.core.policy import Policy
from millwright.policies.playing import Playing

LIFT_STARTS = ("in-air", "in-hand", "in-table", "thrown", "thrown-into-hand")


def _lift(**options: Any) -> Any:
    from millwright.envs.lift import LiftEnv, LiftOptions

    return LiftEnv(make_with_options("lift", LiftOptions, options))


def _lift_choice(**options: Any) -> Any:
    from millwright.envs.lift import LiftChoiceOptions, LiftEnv

    return LiftEnv(make_with_options("lift-choice", LiftChoiceOptions, options))


def _describe_lift_lacks(recorded: Sequence[Mapping[str, Any]], several: bool) -> tuple[str, ...]:
    from millwright.envs.lift.lacks import describe_lacks

    return describe_lacks(recorded, several)


def _find_lift_properties(env: Any, episode: Episode) -> Mapping[str, str | float]:
    from millwright.evaluation.properties import find_lift_properties

    return find_lift_properties(episode.steps[0].facts, env.unwrapped.target_name)


def _height_from_floor() -> Judge:
    from millwright.judges import HeightAlone

    return HeightAlone(floor_m=-0.8)


def _lifter(control_hz: float) -> Policy:
    from millwright.experts.lifter import Lifter

    return Lifter(control_hz)


def _perturbed_lifter(control_hz: float) -> Policy:
    from millwright.experts.lifter import Lifter
    from millwright.experts.perturbed import PerturbedLifter

    return PerturbedLifter(Lifter(control_hz))


def _lift_gamer(control_hz: float, name: str) -> Policy:
    from millwright.experts.gamers import GAMERS
    from millwright.experts.lifter import LiftHands

    return GAMERS[name](control_hz, LiftHands)


def _no_change(control_hz: float) -> Policy:
    from millwright.policies.baselines import NoChange

    return NoChange(7)


def _random_change(control_hz: float) -> Policy:
    from millwright.policies.baselines import RandomChange

    return RandomChange(7)


LIFTED: Mapping[str, Any] = {
    "control_hz": 20,
    "experts": {"expert": _lifter, "expert-perturbed": _perturbed_lifter},
    "baselines": {"nothing": _no_change, "random": _random_change},
    "properties": _find_lift_properties,
    "counter_examples": {"height-alone": height_alone, "height-from-floor": _height_from_floor},
    "playing": Playing(execute=1, blend=0),
    "by_words": True,
    "small_pictures": {"image_size": 32},
}
"""What lifting one object and lifting one of several have in common."""

LIFTING: dict[str, Task] = {
    "lift": Task(
        "robosuite's Lift: a Panda lifts the one cube there is; the words carry nothing",
        _lift,
        sustained_lift,
        gamers={name: partial(_lift_gamer, name=name) for name in GAMERS_OF_ONE},
        starts=LIFT_STARTS,
        lacks=partial(_describe_lift_lacks, several=False),
        **LIFTED,
    ),
    "lift-choice": Task(
        "two to four objects of different colours and shapes before a Panda: lift the one that the words name",
        _lift_choice,
        sustained_lift,
        gamers={name: partial(_lift_gamer, name=name) for name in GRASP_GAMERS},
        starts=(*LIFT_STARTS, "on-another", "on-tower", "in-another", "another-thrown"),
        lacks=partial(_describe_lift_lacks, several=True),
        **LIFTED,
    ),
}
