"""The expert picks, from wherever it is put, and what it plans is what it does."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.loop import play, run_episode
from millwright.envs.brick_table import BrickTableEnv
from millwright.envs.brick_table.options import CONTROL_HZ
from millwright.experts.brick_picker import BrickPicker
from millwright.experts.perturbed import Disturbance, Perturbed
from millwright.judges import SustainedLift
from millwright.policies.baselines import Nothing, Random


@pytest.fixture(scope="module")
def env():
    env = BrickTableEnv(image_size=32)
    yield env
    env.close()


@pytest.fixture(scope="module")
def hard():
    env = BrickTableEnv(hard=True, image_size=32)
    yield env
    env.close()


@pytest.fixture(scope="module")
def clutter():
    env = BrickTableEnv(clutter=True, image_size=32)
    yield env
    env.close()


@pytest.mark.parametrize("seed", range(7000, 7004))
def test_expert_picks_on_the_grid(env, seed):
    assert run_episode(env, BrickPicker(CONTROL_HZ), SustainedLift(), seed).verdict.success


@pytest.mark.parametrize("seed", range(7000, 7004))
def test_expert_picks_on_the_hard_layout(hard, seed):
    assert run_episode(hard, BrickPicker(CONTROL_HZ), SustainedLift(), seed).verdict.success


@pytest.mark.parametrize("seed", range(7100, 7106))
def test_expert_picks_in_clutter(clutter, seed):
    assert run_episode(clutter, BrickPicker(CONTROL_HZ), SustainedLift(), seed).verdict.success


@pytest.mark.parametrize("seed", range(7010, 7013))
def test_expert_recovers_from_where_a_wandering_arm_left_it(env, seed):
    observation, info = env.reset(seed=seed)
    wander, expert, judge = Random(step=0.05), BrickPicker(CONTROL_HZ), SustainedLift()
    wander.reset(seed)
    expert.reset(seed)
    for _ in range(15):
        action = wander.act(observation)
        action[1] = min(action[1], observation["observation.state"][1])  # not into the table
        observation, *_, info = env.step(action)
    judge.see(info["facts"])
    while not judge.decided:
        expert.see(info["facts"])
        observation, _, _, truncated, info = env.step(expert.act(observation))
        judge.see(info["facts"])
        assert not truncated
    assert judge.verdict().success


def test_plan_has_sixteen_steps_that_the_hand_can_follow(env):
    expert = BrickPicker(CONTROL_HZ)
    for step in play(env, expert, SustainedLift(), 7001):
        plan = step.plan.actions
        assert plan.shape == (16, 8)
        way = np.linalg.norm(np.diff(np.vstack([step.facts.hand_pose[:3], plan[:, :3]]), axis=0), axis=1)
        assert way.max() <= 2**0.5 * expert.style.travel_speed / CONTROL_HZ + 1e-6
        assert np.abs(np.diff(plan[:, 7])).max() <= expert.style.open_width + 1e-6


def test_plan_never_lifts_before_the_fingers_had_time_to_close(env):
    expert = BrickPicker(CONTROL_HZ)
    for step in play(env, expert, SustainedLift(), 7002):
        closing = np.flatnonzero(step.plan.actions[:, 7] == 0)
        if len(closing) and not step.facts.pad_contacts[step.facts.target].any() and step.facts.opening_m > 0.04:
            first = closing[0]
            after = step.plan.actions[first : first + expert.style.closing_ticks, 2]
            assert np.ptp(after) < 1e-3


def test_disturbed_expert_is_the_expert_in_quiet_episodes_and_not_in_others(env):
    quiet = Perturbed(BrickPicker(CONTROL_HZ), Disturbance(share_of_episodes=0))
    loud = Perturbed(BrickPicker(CONTROL_HZ), Disturbance(share_of_episodes=1))
    expert = BrickPicker(CONTROL_HZ)
    for policy, same in ((quiet, True), (loud, False)):
        steps = list(play(env, policy, SustainedLift(), 7003, labeller=expert))
        assert all(step.label is not None and step.label.plan.shape == (16, 8) for step in steps)
        assert same == all(np.array_equal(step.action, step.label.action) for step in steps)


@pytest.mark.parametrize("policy", [Nothing(), Random()], ids=lambda policy: policy.name)
@pytest.mark.parametrize("seed", [7020, 7021])
def test_policies_that_do_not_try_pick_nothing(env, policy, seed):
    assert not run_episode(env, policy, SustainedLift(), seed).verdict.success
