"""Tasks: for each environment a row with its judge, experts, cheats and what else belongs to it, all made late."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np

from millwright.catalog.options import make_with_options
from millwright.core.episode import Episode
from millwright.core.errors import import_extra
from millwright.core.judging import Judge
from millwright.core.policy import Policy
from millwright.policies.playing import Playing
from millwright.robots.limits import Envelope, Workspace

USUAL = Playing()
"""How chunks are played where nothing else is asked for."""

MakePolicy = Callable[[float], Policy]
"""Ticks a second -> a policy for them."""


@dataclass(frozen=True)
class Task:
    """An environment with what belongs to it. Everything is made late, so that a look at the table is cheap."""

    about: str
    env: Callable[..., Any]
    judge: Callable[[], Judge]
    control_hz: float = 15
    """Unless an option changes it."""
    experts: Mapping[str, MakePolicy] = field(default_factory=dict)
    baselines: Mapping[str, MakePolicy] = field(default_factory=dict)
    rules: Mapping[str, MakePolicy] = field(default_factory=dict)
    """Written by hand like the baselines, but to do the task, from observations alone."""
    labeller: str = "expert"
    perturbed: str = "expert-perturbed"
    properties: Callable[[Any, Episode], Mapping[str, str | float]] | None = None
    """What an episode's start was like, by name (see `Episode.properties`), asked while the environment holds it."""
    gamers: Mapping[str, MakePolicy] = field(default_factory=dict)
    """Cheats that see the truth; the judge must give them nothing."""
    starts: tuple[str, ...] = ()
    """Adversarial starts, for `reset(options={"start": NAME})`, from which no cheat and no baseline may succeed."""
    counter_examples: Mapping[str, Callable[[], Judge]] = field(default_factory=dict)
    """Flawed judges: some cheat or start has to fool each."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options that make scenes of another kind, by name: there too the judge must give cheats nothing."""
    playing: Playing = USUAL
    """How chunks are played in it unless somebody asks for another way."""
    by_words: bool = False
    """What is to be done is said in words, to be typed; else it is pointed at."""
    small_pictures: Mapping[str, Any] = field(default_factory=dict)
    """Options that make episodes cheaper and change nothing for those who do not look."""
    lacks: Callable[[Sequence[Mapping[str, Any]]], tuple[str, ...]] | None = None
    """Options of recordings -> what none of them shows, in words, for the cards of policies that learned from them."""
    limits: Mapping[str, Callable[[], Envelope]] = field(default_factory=dict)
    """What an arm in this cell may be asked for, by name, for a limiter around those who see observations alone."""

    shown: bool = True
    """The dashboard shows it: it lends a viewer, and something that can be asked for."""
    stated: Mapping[str, str] = field(default_factory=dict)
    """What results have to say of the environment besides its versions."""

    @property
    def policies(self) -> Mapping[str, MakePolicy]:
        """All that are made here, rather than loaded from a bundle."""
        return {**self.experts, **self.rules, **self.baselines, **self.gamers}


def _brick_table(**options: Any) -> Any:
    from millwright.envs.brick_table import BrickTableEnv, BrickTableOptions

    return BrickTableEnv(**asdict(make_with_options("brick-table", BrickTableOptions, options)))


def _brick_clear(**options: Any) -> Any:
    from millwright.envs.brick_table import BrickTableEnv, BrickTableOptions

    return BrickTableEnv(**asdict(make_with_options("brick-clear", BrickTableOptions, {"tray": True, **options})))


def _lift(**options: Any) -> Any:
    from millwright.envs.lift import LiftEnv, LiftOptions

    return LiftEnv(make_with_options("lift", LiftOptions, options))


def _lift_choice(**options: Any) -> Any:
    from millwright.envs.lift import LiftChoiceOptions, LiftEnv

    return LiftEnv(make_with_options("lift-choice", LiftChoiceOptions, options))


def _car_racing(**options: Any) -> Any:
    for module in ("Box2D", "pygame"):
        import_extra(module, "driving")
    from millwright.envs.car_racing import CarRacingEnv, CarRacingOptions

    return CarRacingEnv(make_with_options("car-racing", CarRacingOptions, options))


def _find_brick_properties(env: Any, episode: Episode) -> Mapping[str, str | float]:
    from millwright.evaluation.properties import find_click_properties, find_grasp_properties, find_pile_properties

    facts, clicked = episode.steps[0].facts, env.unwrapped.clicked
    properties = find_grasp_properties(facts)
    if env.unwrapped.options.clutter:
        properties |= find_pile_properties(facts)
    if env.unwrapped.options.bump:
        properties["bumped_m"] = round(env.unwrapped.bumped_m, 4)
    if clicked is None:
        return properties
    camera, anchor = clicked
    return properties | find_click_properties(facts, camera, anchor.x, anchor.y)


def _describe_brick_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    from millwright.envs.brick_table.lacks import describe_lacks

    return describe_lacks(recorded)


def _describe_tray_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return _describe_brick_lacks([{"tray": True, **options} for options in recorded])


def _describe_lift_lacks(recorded: Sequence[Mapping[str, Any]], several: bool) -> tuple[str, ...]:
    from millwright.envs.lift.lacks import describe_lacks

    return describe_lacks(recorded, several)


def _describe_driving_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    from millwright.envs.car_racing.lacks import describe_lacks

    return describe_lacks(recorded)


def _find_lift_properties(env: Any, episode: Episode) -> Mapping[str, str | float]:
    from millwright.evaluation.properties import find_lift_properties

    return find_lift_properties(episode.steps[0].facts, env.unwrapped.target_name)


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


def _sustained_lift() -> Judge:
    from millwright.judges import SustainedLift

    return SustainedLift()


def _height_alone() -> Judge:
    from millwright.judges import HeightAlone

    return HeightAlone()


def _height_from_floor() -> Judge:
    from millwright.judges import HeightAlone

    return HeightAlone(floor_m=-0.8)


def _placed_in_tray() -> Judge:
    from millwright.judges import PlacedInTray

    return PlacedInTray()


def _over_tray_alone() -> Judge:
    from millwright.judges import OverTrayAlone

    return OverTrayAlone()


def _brick_picker(control_hz: float) -> Policy:
    from millwright.experts.brick_picker import BrickPicker

    return BrickPicker(control_hz)


def _perturbed_brick_picker(control_hz: float) -> Policy:
    from millwright.experts.brick_picker import BrickPicker
    from millwright.experts.perturbed import Perturbed

    return Perturbed(BrickPicker(control_hz))


def _nudged_brick_picker(control_hz: float) -> Policy:
    from millwright.experts.brick_picker import BrickPicker
    from millwright.experts.perturbed import CROWDED, Perturbed

    return Perturbed(BrickPicker(control_hz), CROWDED)


def _brick_placer(control_hz: float) -> Policy:
    from millwright.experts.brick_placer import BrickPlacer

    return BrickPlacer(control_hz)


def _perturbed_brick_placer(control_hz: float) -> Policy:
    from millwright.experts.brick_placer import BrickPlacer
    from millwright.experts.perturbed import HEAVY_ARM, Perturbed

    return Perturbed(BrickPlacer(control_hz), HEAVY_ARM)


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


def _gamer(control_hz: float, name: str) -> Policy:
    from millwright.experts.gamers import GAMERS
    from millwright.experts.place_gamers import PLACE_GAMERS

    return {**GAMERS, **PLACE_GAMERS}[name](control_hz)


def _nothing(control_hz: float) -> Policy:
    from millwright.policies.baselines import Nothing

    return Nothing()


def _random(control_hz: float) -> Policy:
    from millwright.policies.baselines import Random

    return Random()


def _no_change(control_hz: float) -> Policy:
    from millwright.policies.baselines import NoChange

    return NoChange(7)


def _random_change(control_hz: float) -> Policy:
    from millwright.policies.baselines import RandomChange

    return RandomChange(7)


def _ur5e_at_bricks() -> Envelope:
    from millwright.robots import jaws, ur5e

    chain = ur5e.make_chain()
    # as far as the arm reaches in front of it, and fingertips above the table
    low, high = np.array([(0.2, -0.6, jaws.TIP_M), (0.95, 0.6, 0.7)])
    box = Workspace(low, high, lambda joints: chain.compute_pose(joints)[:3, 3])
    return Envelope(ur5e.make_limits(), np.array([[0.0, ur5e.MAX_OPENING_M]]), box, MAX_BRICK_FORCE_N)


MAX_BRICK_FORCE_N = 40.0
"""At the wrist, the hand's own weight included, which is 6 N of it; a pick needs less than 10."""
GAMERS_OF_ONE = ("hover", "push", "press-and-drag", "fling", "drop", "low-lift", "catch")
GRASP_GAMERS = (*GAMERS_OF_ONE, "scoop", "rake", "second-guess")
PLACE_GAMERS = ("hold", "keep", "put-beside", "put-on-rim", "toss", "drop-in", "place-another")
BRICK_STARTS = (
    "in-air", "on-brick", "on-tower", "in-hand", "in-brick", "in-table", "thrown", "thrown-into-hand", "another-thrown",
)  # fmt: skip
LIFT_STARTS = ("in-air", "in-hand", "in-table", "thrown", "thrown-into-hand")
LIFTED: Mapping[str, Any] = {
    "control_hz": 20,
    "experts": {"expert": _lifter, "expert-perturbed": _perturbed_lifter},
    "baselines": {"nothing": _no_change, "random": _random_change},
    "properties": _find_lift_properties,
    "counter_examples": {"height-alone": _height_alone, "height-from-floor": _height_from_floor},
    "playing": Playing(execute=1, blend=0),
    "by_words": True,
    "small_pictures": {"image_size": 32},
}
"""What lifting one object and lifting one of several have in common."""

LAP_RULE = "over when every tile was visited: from the grid lap_complete_percent cannot fire (Gymnasium issue 1269)"

TASKS: dict[str, Task] = {
    "brick-table": Task(
        "twelve coloured bricks in front of a UR5e: pick the one pointed at",
        _brick_table,
        _sustained_lift,
        experts={
            "expert": _brick_picker,
            "expert-perturbed": _perturbed_brick_picker,
            "expert-nudged": _nudged_brick_picker,
        },
        baselines={"nothing": _nothing, "random": _random},
        properties=_find_brick_properties,
        gamers={name: partial(_gamer, name=name) for name in GRASP_GAMERS},
        starts=BRICK_STARTS,
        counter_examples={"height-alone": _height_alone},
        variants={"clutter": {"clutter": True}},
        small_pictures={"image_size": 32},
        lacks=_describe_brick_lacks,
        limits={"ur5e": _ur5e_at_bricks},
    ),
    "brick-clear": Task(
        "clear the brick table: put the brick pointed at into a tray, within the joints' limits",
        _brick_clear,
        _placed_in_tray,
        experts={"expert": _brick_placer, "expert-perturbed": _perturbed_brick_placer},
        baselines={"nothing": _nothing, "random": _random},
        properties=_find_brick_properties,
        gamers={name: partial(_gamer, name=name) for name in (*PLACE_GAMERS, "fling", "drop", "catch")},
        starts=("in-hand", "thrown-into-hand", "over-tray", "in-tray"),
        counter_examples={"over-tray-alone": _over_tray_alone},
        playing=Playing(execute=1, blend=0),
        small_pictures={"image_size": 32},
        lacks=_describe_tray_lacks,
    ),
    "lift": Task(
        "robosuite's Lift: a Panda lifts the one cube there is; the words carry nothing",
        _lift,
        _sustained_lift,
        gamers={name: partial(_lift_gamer, name=name) for name in GAMERS_OF_ONE},
        starts=LIFT_STARTS,
        lacks=partial(_describe_lift_lacks, several=False),
        **LIFTED,
    ),
    "lift-choice": Task(
        "two to four objects of different colours and shapes before a Panda: lift the one that the words name",
        _lift_choice,
        _sustained_lift,
        gamers={name: partial(_lift_gamer, name=name) for name in GRASP_GAMERS},
        starts=(*LIFT_STARTS, "on-another", "on-tower", "in-another", "another-thrown"),
        lacks=partial(_describe_lift_lacks, several=True),
        **LIFTED,
    ),
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
        shown=False,
        stated={"lap_rule": LAP_RULE},
    ),
}
