"""The task of driving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millwright.catalog.options import make_with_options
from millwright.catalog.task import Task
from millwright.core.episode import Episode
from millwright.core.errors import import_extra
from millwright.core.judging import Judge
from millwright.core.policy import Policy

LAP_RULE = "over when every tile was visited: from the grid lap_complete_percent cannot fire (Gymnasium issue 1269)"


def _car_racing(**options: Any) -> Any:
    for module in ("Box2D", "pygame"):
        import_extra(module, "driving")
    from millwright.envs.car_racing import CarRacingEnv, CarRacingOptions

    return CarRacingEnv(make_with_options("car-racing", CarRacingOptions, options))


def _describe_driving_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    from millwright.envs.car_racing.lacks import describe_lacks

    return describe_lacks(recorded)


def _find_track_properties(env: Any, episode: Episode) -> Mapping[str, str | float]:
    from millwright.evaluation.driving import find_track_properties

    return find_track_properties(env.unwrapped.circuit.centre_line)


def _drives_lap() -> Judge:
    from millwright.judges import DrivesLap

    return DrivesLap()


def _racer(control_hz: float) -> Policy:
    from millwright.experts.racer import Racer

    return Racer()


def _random_driver(control_hz: float) -> Policy:
    from millwright.policies.driving import RandomDriver

    return RandomDriver(control_hz)


def _rule(control_hz: float) -> Policy:
    from millwright.policies.driving import Rule

    return Rule(control_hz)


def _unsteady_rule(control_hz: float) -> Policy:
    from millwright.policies.driving import NoisyDriver, Rule

    return NoisyDriver(Rule(control_hz), control_hz)


def _document_rule(control_hz: float) -> Policy:
    from millwright.policies.driving import DocumentRule

    return DocumentRule()


def _coast(control_hz: float) -> Policy:
    from millwright.policies.baselines import NoChange

    return NoChange(3)


DRIVING: dict[str, Task] = {
    "car-racing": Task(
        "gymnasium's CarRacing-v3: drive a lap, seen from above, with the instruments read from the picture's bar",
        _car_racing,
        _drives_lap,
        control_hz=12.5,
        experts={"expert": _racer},
        rules={"rule": _rule, "rule-perturbed": _unsteady_rule, "rule-document": _document_rule},
        labeller="rule",
        perturbed="rule-perturbed",
        baselines={"nothing": _coast, "random": _random_driver},
        properties=_find_track_properties,
        lacks=_describe_driving_lacks,
        driven=True,
        stated={"lap_rule": LAP_RULE},
    ),
}
