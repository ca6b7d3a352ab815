"""play: the only loop that steps an environment. run_episode collects it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from millwright.core.episode import Episode, Label, Step
from millwright.core.errors import ActionError
from millwright.core.judging import Judge
from millwright.core.policy import Action, Policy, Privileged


def play(
    env: Any,
    policy: Policy,
    judge: Judge,
    seed: int,
    labeller: Policy | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    linger: int = 0,
) -> Iterator[Step]:
    """Play one episode, step by step.

    The judge sees exactly the facts that the steps hold, so judging a recording again gives the same verdict.
    The episode ends when the judge has decided (and `linger` more steps were played) or the environment truncates.

    Args:
        env: a `gymnasium.Env` whose `info` holds `facts` and whose metadata holds `control_hz`.
        seed: of the scene and of all randomness in policy and labeller.
        labeller: acts on every observation too, without being obeyed.
        options: handed to `env.reset` (a target, a click).
        linger: steps to go on after the judge has decided.

    Raises:
        ActionError: an action is not finite or not of the declared shape; nothing was executed.
    """
    observation, info = env.reset(seed=seed, options=dict(options or {}))
    actors = [policy] if labeller is None else [policy, labeller]
    for actor in actors:
        actor.reset(seed)
    judge.reset()
    period_s = 1.0 / env.metadata["control_hz"]
    left, index, over = linger, 0, False
    while not over:
        facts = info["facts"]
        judge.see(facts)
        over = judge.decided and left == 0
        left -= judge.decided
        for actor in actors:
            if isinstance(actor, Privileged):
                actor.see(facts)
        started = time.perf_counter()
        action = check_action(policy.act(observation), env)
        decided = time.perf_counter()
        label = _label(labeller, observation, env)
        stepping = time.perf_counter()
        following, reward, terminated, truncated, info = env.step(action)
        timings = {"policy_s": decided - started, "env_s": time.perf_counter() - stepping}
        yield Step(
            index, index * period_s, observation, facts, action, label, float(reward), policy.plan, judge.verdict(),
            timings,
        )  # fmt: skip
        observation, index = following, index + 1
        over = over or terminated or truncated


def run_episode(
    env: Any,
    policy: Policy,
    judge: Judge,
    seed: int,
    labeller: Policy | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    linger: int = 0,
    provenance: Mapping[str, Any] | None = None,
) -> Episode:
    """Play one episode to its end and return it. Arguments as for `play`."""
    steps = play(env, policy, judge, seed, labeller, options=options, linger=linger)
    return make_episode(tuple(steps), policy, judge, seed, provenance or {})


def make_episode(
    steps: tuple[Step, ...], policy: Policy, judge: Judge, seed: int, provenance: Mapping[str, Any]
) -> Episode:
    """The record of steps that were just played, one at least; policy and judge are asked for their metrics."""
    facts = {"policy": policy.name, **provenance, "privileged": isinstance(policy, Privileged)}
    task = cast(str, steps[0].observation.get("task", ""))
    metrics = {**policy.metrics(), **judge.metrics()}
    return Episode(steps, steps[-1].verdict, seed, task, metrics, facts, events=policy.events)


def check_action(action: Any, env: Any) -> Action:
    """A copy of `action` as float32 (policies may reuse theirs), or an error before anything is executed.

    Raises:
        ActionError: wrong shape, or values that are not finite.
    """
    array = np.array(action, dtype=np.float32)
    if array.shape != env.action_space.shape:
        raise ActionError(f"action has shape {array.shape}; the environment takes {env.action_space.shape}")
    if not np.isfinite(array).all():
        raise ActionError(f"action is not finite: {array}; nothing was executed")
    return array


def _label(labeller: Policy | None, observation: Any, env: Any) -> Label | None:
    if labeller is None:
        return None
    action = check_action(labeller.act(observation), env)
    return Label(action, None if labeller.plan is None else labeller.plan.actions)
