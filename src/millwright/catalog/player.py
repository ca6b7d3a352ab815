"""Player: who plays in what, as one picklable record that workers make the cast of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.catalog.making import (
    connect,
    find_bundle,
    is_remote,
    list_policies,
    make_env,
    make_judge,
    make_policy,
    make_witness,
)
from millwright.catalog.task import USUAL
from millwright.catalog.tasks import TASKS
from millwright.core.clock import TickClock
from millwright.core.episode import Episode
from millwright.core.errors import OptionError, UnknownNameError, choose
from millwright.core.judging import Judge
from millwright.core.loop import run_episode
from millwright.core.policy import Policy
from millwright.policies.answers import Latency
from millwright.policies.playing import Playing

if TYPE_CHECKING:
    from millwright.evaluation.naming import Named
    from millwright.serving.robot_metrics import RobotMetrics

SEEDS_OF_OTHER_SCENES = range(9000, 9012)
"""Scenes whose pictures are shown to a policy instead of its own, to see whether it looks."""

TO_THE_END = 1_000_000
"""Steps to play on after a verdict: whoever looks at what a flawed judge said is to see whole episodes."""


def cover_eyes(policy: Policy, eyes: str, env: str, env_options: Mapping[str, Any]) -> Policy:
    """A control arm: the policy, seeing `other-scene` (what the expert saw elsewhere, tick by tick) or `grey`."""
    from millwright.evaluation.eyes import GreyEyes, OtherEyes, collect_films

    def show_other_scene() -> Policy:
        return OtherEyes(policy, collect_films(Player(env, env_options)(), SEEDS_OF_OTHER_SCENES))

    arms: dict[str, Callable[[], Policy]] = {"other-scene": show_other_scene, "grey": lambda: GreyEyes(policy)}
    return choose("arm", eyes, arms)()


def limit_motion(policy: Policy, limits: str, env: str, control_hz: float) -> Policy:
    """The policy within the limits of that name, which belong to the environment's arm and cell.

    Raises:
        UnknownNameError: the environment has no limits of that name; lists those it has, or who has any.
        OptionError: the policy sees the truth.
    """
    from millwright.serving.limiter import Limiter

    table = TASKS[env].limits
    if not table:
        having = ", ".join(f"{name} ({', '.join(task.limits)})" for name, task in TASKS.items() if task.limits)
        raise UnknownNameError(f"{env} has no limits, so none called {limits!r}; environments that have: {having}")
    return Limiter(policy, choose("limit", limits, table)(), control_hz)


def command(policy: Policy, limits: str, env: str, control_hz: float, metrics: RobotMetrics | None = None) -> Policy:
    """The policy, in real time, with a command loop between it and the simulated arm, within the limits of that name.

    Raises:
        UnknownNameError: as `limit_motion`.
        OptionError: the policy sees the truth, or its ticks are too rare for the loop's heartbeat.
    """
    from millwright.serving.command_loop import CommandLoop
    from millwright.serving.commanded import Commanded
    from millwright.serving.simulated_arm import SimulatedArm
    from millwright.serving.watchdog import Beat

    make_envelope = choose("limit", limits, TASKS[env].limits)
    arm, beat = SimulatedArm(make_envelope().motion.dof), Beat(setpoint_hz=control_hz)
    told: dict[str, Any] = {} if metrics is None else {"count_halt": metrics.count_halt}
    return Commanded(policy, lambda: CommandLoop(arm, make_envelope, beat), control_hz, arm, **told)


def fall_back(
    policy: Policy, fallback: str, env: str, control_hz: float, digest: str = "", min_confidence: float = 0.0
) -> Policy:
    """The policy, with that of another name, and digest where there is one, to fall back on while it does not answer.

    Args:
        min_confidence: below that an answer is none, where it tells its confidence.

    Raises:
        OptionError: one of them sees the truth, or `min_confidence` does not lie in 0 to 1.
        MillwrightError: as `make_policy`.
    """
    from millwright.serving.fallback import Fallback, Patience

    patience = Patience(min_confidence=min_confidence)
    task, is_path = TASKS[env], Path(fallback).name != fallback or Path(fallback).is_dir()
    if not (is_remote(fallback) or is_path or find_bundle(fallback) or fallback in task.policies):
        choose("fallback", fallback, {name: 0 for name in list_policies(env) if name not in task.experts})
    other = make_policy(env, fallback, control_hz=control_hz, digest=digest)
    nothing = make_policy(env, "nothing", control_hz=control_hz)
    return Fallback(policy, other, TickClock(control_hz), patience, nothing)


def meter(policy: Policy, metrics: RobotMetrics, control_hz: float, in_real_time: bool = False) -> Policy:
    """The policy, with what it does counted in `metrics`.

    Raises:
        OptionError: the policy sees the truth.
    """
    from millwright.serving.metered import Metered

    return Metered(policy, metrics, TickClock(control_hz), control_hz if in_real_time else None)


def mix_in_expert(policy: Policy, beta: float, env: str, control_hz: float) -> Policy:
    """The policy, with the task's expert driving `beta` of the ticks."""
    from millwright.policies.mixture import Mixture

    expert = make_policy(env, TASKS[env].labeller, control_hz=control_hz)
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
        judge: empty for the task's own, or the name of one of its counter-examples: then episodes are played to their
            end, to see what those do that it calls successful.
        beta: share of the ticks, 0 to 1, that the task's expert drives instead, as DAgger mixes them.
        execute, blend, latency_s, stale, waits, tempo: how a bundle's chunks are played, see `Playing`.
        fallback: empty, or who drives while the policy does not answer, as for `make_policy`.
        min_confidence: with a fallback, below what confidence the policy's plans are not played.
        limits: empty, or the name of limits within which the policy is kept (`ur5e`).
        commanded: a command loop is between the limiter and the arm, and the episode is played in real time.
        patience_s: how long a server that went away is waited for; its episode is played again from the beginning,
            which the metric `replays` tells.
        digests: `policy` or `fallback` -> digest of the bundle that a server is meant to have; see `pin`.
        metrics: where what the policy does is counted; with these it cannot be pickled, and plays in this process.

    Raises:
        OptionError: a confidence is asked for, and nobody drives where it is not there.
    """

    env: str
    env_options: Mapping[str, Any] = field(default_factory=dict)
    policy: str = "expert"
    labelled: bool = False
    linger: int = 0
    reset_options: Mapping[str, Any] = field(default_factory=dict)
    eyes: str = ""
    judge: str = ""
    beta: float = 0.0
    execute: int | None = USUAL.execute
    blend: int | None = USUAL.blend
    latency_s: Latency = USUAL.latency_s
    stale: bool = USUAL.stale
    waits: bool = USUAL.waits
    tempo: float | None = USUAL.tempo
    fallback: str = ""
    min_confidence: float = 0.0
    limits: str = ""
    commanded: bool = False
    patience_s: float = 0.0
    digests: Mapping[str, str] = field(default_factory=dict)
    metrics: RobotMetrics | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.min_confidence and not self.fallback:
            raise OptionError(
                f"--min-confidence {self.min_confidence:g} says when somebody else is to drive: say who, with "
                "--fallback NAME"
            )
        if self.commanded and not self.limits:
            raise OptionError("a command loop takes what a limiter gives: give limits beside it (--limits ur5e)")

    @property
    def playing(self) -> Playing:
        """How chunks are played."""
        return Playing(self.execute, self.blend, self.latency_s, self.stale, self.waits, self.tempo)

    def describe(self) -> dict[str, Any]:
        """What decides an episode besides its seed."""
        options = {"env_options": dict(self.env_options), "reset_options": dict(self.reset_options)}
        extra: dict[str, Any] = {"eyes": self.eyes, "judge": self.judge, "linger": self.linger, "beta": self.beta}
        extra |= {"limits": self.limits, "commanded": self.commanded, "min_confidence": self.min_confidence}
        extra |= choose("environment", self.env, TASKS).stated
        about = {"env": self.env, **self._identify("policy", self.policy), **options}
        about |= {k: v for k, v in extra.items() if v}
        if self.fallback:
            about |= self._identify("fallback", self.fallback)
        return {**about, **self.playing.describe()}

    def pin(self) -> Player:
        """The same, for whom a server's bundle is the one that it has now, whoever plays and whenever that connects.

        Raises:
            RemoteError: a server does not answer.
        """
        roles = {"policy": self.policy, "fallback": self.fallback}
        return replace(self, digests={role: connect(name).digest for role, name in roles.items() if is_remote(name)})

    def _identify(self, role: str, name: str) -> dict[str, str]:
        """The name of who has that role, and the digest of a bundle."""
        if is_remote(name):
            return {role: name, f"{role}_digest": self.digests.get(role) or connect(name).digest}
        folder = None if name in choose("environment", self.env, TASKS).policies else find_bundle(name)
        if folder is None:
            return {role: name}
        from millwright.policies.folder import load_manifest

        return {role: folder.name, f"{role}_digest": load_manifest(folder).id}

    def make_cast(self) -> tuple[Any, Policy, Judge]:
        """The environment, who drives in it, and who judges."""
        env = make_env(self.env, **self.env_options)
        control_hz = env.metadata["control_hz"]
        answer_s = self._answer_s if self.fallback else None
        digest = self.digests.get("policy", "")
        policy = make_policy(self.env, self.policy, self.playing, control_hz, answer_s, digest)
        if self.eyes:
            policy = cover_eyes(policy, self.eyes, self.env, self.env_options)
        if self.beta:
            policy = mix_in_expert(policy, self.beta, self.env, control_hz)
        if self.fallback:
            digest = self.digests.get("fallback", "")
            policy = fall_back(policy, self.fallback, self.env, control_hz, digest, self.min_confidence)
        if self.limits:
            policy = limit_motion(policy, self.limits, self.env, control_hz)
        if self.metrics is not None:
            policy = meter(policy, self.metrics, control_hz)
        if self.commanded:  # outermost: a tick that is waited for is not the policy's time
            policy = command(policy, self.limits, self.env, control_hz, self.metrics)
        return env, policy, self.make_judge()

    @property
    def _answer_s(self) -> float:
        """How long a server is waited for where somebody else can drive: simulated time stands still meanwhile."""
        from millwright.serving.fallback import Patience

        return Patience().deadline_s

    def make_judge(self) -> Judge:
        """Who judges.

        Raises:
            UnknownNameError: the task has no flawed judge of that name; lists those there are.
        """
        if not self.judge:
            return make_judge(self.env)
        return choose("flawed judge", self.judge, TASKS[self.env].counter_examples)()

    def __call__(self) -> Callable[[int], Episode]:
        from millwright.evaluation.outlasting import outlast
        from millwright.judges.stages import find_limits, find_stages

        if is_remote(self.policy):  # before there is anything that would be made again
            outlast(lambda: connect(self.policy).close(), self.patience_s, f"connecting to {self.policy}")
        task = choose("environment", self.env, TASKS)
        env, policy, judge = self.make_cast()
        control_hz = env.metadata["control_hz"]
        labeller = make_policy(self.env, task.labeller, control_hz=control_hz) if self.labelled else None
        limits, linger = find_limits(task.judge()), TO_THE_END if self.judge else self.linger
        witness = make_witness(self.env, self.policy)
        provenance = self.describe()

        def play_seed(seed: int) -> Episode:
            def play() -> Episode:
                return run_episode(
                    env, policy, judge, seed, labeller,
                    options=self.reset_options, linger=linger, provenance=provenance,
                )  # fmt: skip

            episode, replays = outlast(play, self.patience_s, f"the episode of seed {seed}")
            if replays:
                episode = replace(episode, metrics={**episode.metrics, "replays": float(replays)})
            properties = task.properties(env, episode) if task.properties else {}
            stages = find_stages([step.facts for step in episode.steps], limits) if limits else ()
            surprises = witness(episode) if witness else ()
            return replace(episode, properties=properties, stages=stages, surprises=surprises)

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


@dataclass(frozen=True)
class Namer:
    """Picklable: called once a worker, gives the function that plays a seed's scene once for each object in it.

    Args:
        player: who drives, and in what; its `labelled` and `linger` are not used.
    """

    player: Player

    def __call__(self) -> Callable[[int], list[Named]]:
        from millwright.evaluation.naming import name_each

        env, policy, judge = self.player.make_cast()
        return lambda seed: name_each(env, policy, judge, seed, options=self.player.reset_options)
