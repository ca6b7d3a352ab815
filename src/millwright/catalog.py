"""The only place that joins environments, judges, experts and policies: names -> factories."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import repeat
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from millwright.core.episode import Episode
from millwright.core.errors import BundleError, OptionError, UnknownNameError, choose
from millwright.core.judging import Judge
from millwright.core.loop import run_episode
from millwright.core.policy import Policy, Privileged
from millwright.policies.answers import Latency
from millwright.policies.playing import Playing

SHIPPED = Path(__file__).parent / "shipped"
"""Bundles that come with the package; each bears its recipe's name."""

SEEDS_OF_OTHER_SCENES = range(9000, 9012)
"""Scenes whose pictures are shown to a policy instead of its own, to see whether it looks."""

USUAL = Playing()


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
    small_pictures: Mapping[str, Any] = field(default_factory=dict)
    """Options that make episodes cheaper and change nothing for those who do not look."""

    @property
    def policies(self) -> Mapping[str, MakePolicy]:
        """All that are made here, rather than loaded from a bundle."""
        return {**self.experts, **self.baselines, **self.gamers}


def _brick_table(**options: Any) -> Any:
    from millwright.envs.brick_table import BrickTableEnv, BrickTableOptions

    return BrickTableEnv(**asdict(make_with_options("brick-table", BrickTableOptions, options)))


def _brick_clear(**options: Any) -> Any:
    from millwright.envs.brick_table import BrickTableEnv, BrickTableOptions

    return BrickTableEnv(**asdict(make_with_options("brick-clear", BrickTableOptions, {"tray": True, **options})))


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


def _sustained_lift() -> Judge:
    from millwright.judges import SustainedLift

    return SustainedLift()


def _height_alone() -> Judge:
    from millwright.judges import HeightAlone

    return HeightAlone()


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


GRASP_GAMERS = (
    "hover", "push", "press-and-drag", "fling", "drop", "low-lift", "catch", "scoop", "rake", "second-guess",
)  # fmt: skip
PLACE_GAMERS = ("hold", "keep", "put-beside", "put-on-rim", "toss", "drop-in", "place-another")
BRICK_STARTS = (
    "in-air", "on-brick", "on-tower", "in-hand", "in-brick", "in-table", "thrown", "thrown-into-hand", "another-thrown",
)  # fmt: skip

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
    ),
}


def make_env(name: str, **options: Any) -> Any:
    """The environment of that name.

    Raises:
        UnknownNameError: no environment, or no option, of that name; lists those there are.
        OptionError: an option is of the wrong type or out of its range.
    """
    return make_with_options(name, choose("environment", name, TASKS).env, options)


def make_with_options(name: str, make: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """`make(**options)`, after comparing names and types with its parameters and their defaults.

    Raises:
        UnknownNameError: no option of that name.
        OptionError: an option is not of its default's type.
    """
    parameters = inspect.signature(make).parameters
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values()):
        for option, value in options.items():
            default = choose(f"{name} option", option, parameters).default
            known = default is not None and default is not inspect.Parameter.empty
            if known and not _is_alike(value, default):
                kind = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
                raise OptionError(f"{name}: {option} is {kind.get(type(default), default)}, got {value!r}")
    return make(**options)


def _is_alike(value: Any, default: Any) -> bool:
    kinds: dict[type, type] = {int: Integral, float: Real}
    return isinstance(value, bool) == isinstance(default, bool) and isinstance(
        value, kinds.get(type(default), type(default))
    )


def make_judge(env: str) -> Judge:
    """The judge of an environment's task."""
    return choose("environment", env, TASKS).judge()


def find_bundle(name: str) -> Path | None:
    """The folder of a bundle: a path, or the name of a shipped one; None when there is neither."""
    for folder in (Path(name), SHIPPED / name):
        if (folder / "manifest.json").is_file():
            return folder
    return None


def list_shipped() -> tuple[str, ...]:
    """Names of the bundles that come with the package."""
    return tuple(sorted(folder.parent.name for folder in SHIPPED.glob("*/manifest.json")))


def list_policies(env: str) -> tuple[str, ...]:
    """Names that `make_policy` takes for an environment, besides those of gamers and paths of bundles."""
    task = choose("environment", env, TASKS)
    manifests = {name: json.loads((SHIPPED / name / "manifest.json").read_text()) for name in list_shipped()}
    ours = [name for name, manifest in manifests.items() if manifest["env"] == env]
    return (*ours, *task.experts, *task.baselines)


def make_policy(env: str, name: str, playing: Playing = USUAL, control_hz: float | None = None) -> Policy:
    """A policy by name: an expert, a baseline, a gamer, a shipped bundle, or the path of a bundle.

    Args:
        playing: how a bundle's chunks are played; the others have none.
        control_hz: of the environment it is to act in, where an option has changed that.

    Raises:
        UnknownNameError: none of these.
        OptionError: another way to play chunks, for a policy that has none.
        BundleError: the bundle is damaged, or was made for another environment.
    """
    task = choose("environment", env, TASKS)
    if name in task.policies:
        if playing != USUAL:
            asked = ", ".join(f"{option}={value}" for option, value in playing.describe().items())
            raise OptionError(f"{name} plays no chunks, so {asked} means nothing; it is for bundles")
        return task.policies[name](control_hz or task.control_hz)
    folder = find_bundle(name)
    if folder is None and not Path(name).is_dir():
        if Path(name).name != name:
            names = ", ".join(list_policies(env))
            raise UnknownNameError(f"no bundle at {name}, which is no folder; policies by name: {names}")
        choose("policy", name, dict.fromkeys((*list_policies(env), *task.gamers)))
    return make_bundle_policy(env, folder or Path(name), playing)


def make_bundle_policy(env: str, folder: Path, playing: Playing = USUAL) -> Policy:
    """The policy that plays a bundle's chunks on the robot it was made for.

    Raises:
        BundleError: the bundle is damaged, or was made for another environment.
    """
    from millwright.policies.bundle import load_bundle
    from millwright.policies.hand_targets import HandTargets

    bundle = load_bundle(folder)
    if bundle.env != env:
        raise BundleError(f"bundle {folder} was made for {bundle.env!r}, not for {env!r}")
    planner = bundle.planner(threads=1)
    player = (TASKS[env].playing if playing == USUAL else playing).make_policy(planner, folder.name)
    return HandTargets(player) if planner.action.name == "hand_target" else player


def cover_eyes(policy: Policy, eyes: str, env: str, env_options: Mapping[str, Any]) -> Policy:
    """A control arm: the policy, seeing `other-scene` (what the expert saw elsewhere, tick by tick) or `grey`."""
    from millwright.evaluation.eyes import GreyEyes, OtherEyes, collect_films

    def show_other_scene() -> Policy:
        return OtherEyes(policy, collect_films(Player(env, env_options)(), SEEDS_OF_OTHER_SCENES))

    arms: dict[str, Callable[[], Policy]] = {"other-scene": show_other_scene, "grey": lambda: GreyEyes(policy)}
    return choose("arm", eyes, arms)()


def mix_in_expert(policy: Policy, beta: float, env: str, control_hz: float) -> Policy:
    """The policy, with the task's expert driving `beta` of the ticks."""
    from millwright.policies.mixture import Mixture

    expert = make_policy(env, TASKS[env].labeller, control_hz=control_hz)
    assert isinstance(expert, Privileged), "those who label see the truth"
    return Mixture(expert, policy, beta)


@dataclass(frozen=True)
class Player:
    """Picklable: called once a worker, gives the function that plays a seed.

    Args:
        env, env_options: what is played in.
        policy: who drives, as for `make_policy`.
        labelled: the task's expert says at every step what it would have done.
        linger: steps played on after the judge has decided.
        reset_options: handed to every `env.reset`.
        eyes: empty, or what the policy sees instead of its picture: `other-scene` or `grey`.
        beta: share of the ticks, 0 to 1, that the task's expert drives instead, as DAgger mixes them.
        execute, blend, latency_s, stale: how a bundle's chunks are played, see `Playing`.
    """

    env: str
    env_options: Mapping[str, Any] = field(default_factory=dict)
    policy: str = "expert"
    labelled: bool = False
    linger: int = 0
    reset_options: Mapping[str, Any] = field(default_factory=dict)
    eyes: str = ""
    beta: float = 0.0
    execute: int = USUAL.execute
    blend: int = USUAL.blend
    latency_s: Latency = USUAL.latency_s
    stale: bool = USUAL.stale

    @property
    def playing(self) -> Playing:
        """How chunks are played."""
        return Playing(self.execute, self.blend, self.latency_s, self.stale)

    def describe(self) -> dict[str, Any]:
        """What decides an episode besides its seed."""
        options = {"env_options": dict(self.env_options), "reset_options": dict(self.reset_options)}
        extra: dict[str, Any] = {"eyes": self.eyes, "linger": self.linger, "beta": self.beta}
        about = {"env": self.env, "policy": self.policy, **options, **{k: v for k, v in extra.items() if v}}
        about |= self.playing.describe()
        task = choose("environment", self.env, TASKS)
        folder = None if self.policy in task.policies else find_bundle(self.policy)
        if folder is None:
            return about
        from millwright.policies.bundle import load_manifest

        return {**about, "policy": folder.name, "policy_digest": load_manifest(folder).id}

    def make_cast(self) -> tuple[Any, Policy, Judge]:
        """The environment, who drives in it, and who judges."""
        env = make_env(self.env, **self.env_options)
        control_hz = env.metadata["control_hz"]
        policy = make_policy(self.env, self.policy, self.playing, control_hz)
        if self.eyes:
            policy = cover_eyes(policy, self.eyes, self.env, self.env_options)
        if self.beta:
            policy = mix_in_expert(policy, self.beta, self.env, control_hz)
        return env, policy, make_judge(self.env)

    def __call__(self) -> Callable[[int], Episode]:
        task = choose("environment", self.env, TASKS)
        env, policy, judge = self.make_cast()
        control_hz = env.metadata["control_hz"]
        labeller = make_policy(self.env, task.labeller, control_hz=control_hz) if self.labelled else None
        provenance = self.describe()

        def play_seed(seed: int) -> Episode:
            episode = run_episode(
                env, policy, judge, seed, labeller,
                options=self.reset_options, linger=self.linger, provenance=provenance,
            )  # fmt: skip
            return replace(episode, properties=task.properties(env, episode)) if task.properties else episode

        return play_seed


@dataclass(frozen=True)
class Clearer:
    """Picklable: called once a worker, gives the function that clears the table of a seed, an episode a pick.

    Args:
        player: who drives, and in what; its `reset_options`, `labelled` and `linger` are not used.
        num_picks: prompts, each drawn among what is left.
    """

    player: Player
    num_picks: int

    def __call__(self) -> Callable[[int], Iterator[Episode]]:
        from millwright.evaluation.clearing import clear_table

        env, policy, judge = self.player.make_cast()
        provenance = self.player.describe()

        def clear(seed: int) -> Iterator[Episode]:
            return clear_table(env, policy, judge, seed, repeat({}, self.num_picks), provenance=provenance)

        return clear
