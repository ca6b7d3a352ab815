"""The one loop: what it promises to policies, judges and records."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.errors import ActionError
from millwright.core.loop import check_action, play, run_episode
from millwright.core.policy import Policy
from tests.toys import Constant, ReachEnv, ReachJudge, Scripted, Seeing

NAN = float("nan")


class Counted(ReachJudge):
    """Remembers what it was called with."""

    resets = 0

    def reset(self) -> None:
        super().reset()
        self.resets += 1


class Reusing(Policy):
    """Returns the same buffer every tick, changed in place."""

    def reset(self, seed: int) -> None:
        self.buffer = np.zeros(2, np.float32)

    def act(self, observation: object) -> np.ndarray:
        self.buffer += 0.01
        return self.buffer


class Dice(Policy):
    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def act(self, observation: object) -> np.ndarray:
        return self.rng.uniform(-1, 1, 2).astype(np.float32)


def same(a: object, b: object) -> bool:
    for one, other in zip(a.steps, b.steps, strict=True):
        assert all(np.array_equal(one.observation[name], other.observation[name]) for name in one.observation)
        np.testing.assert_array_equal(one.action, other.action)
        assert one.verdict == other.verdict
    return a.verdict == b.verdict


@pytest.mark.parametrize("policy", [Scripted(), Seeing(), Dice()])
def test_same_seed_gives_the_same_episode_also_after_another_one(policy):
    env, judge = ReachEnv(), ReachJudge()
    first = run_episode(env, policy, judge, 3)
    run_episode(env, policy, judge, 4)
    assert same(first, run_episode(env, policy, judge, 3))


def test_another_seed_gives_another_episode():
    first, second = (run_episode(ReachEnv(), Scripted(), ReachJudge(), seed) for seed in (3, 4))
    assert not np.array_equal(first.steps[0].facts.positions, second.steps[0].facts.positions)


@pytest.mark.parametrize("policy", [Scripted(), Constant(0, 0), Constant(1, 0)])
def test_the_judge_sees_exactly_the_facts_in_the_steps(policy):
    judge = ReachJudge()
    episode = run_episode(ReachEnv(), policy, judge, 5)
    assert len(judge.seen) == len(episode)
    assert all(seen is step.facts for seen, step in zip(judge.seen, episode.steps, strict=True))


def test_judging_the_recorded_facts_again_gives_every_verdict_again():
    episode = run_episode(ReachEnv(), Scripted(), ReachJudge(), 5)
    judge = ReachJudge()
    judge.reset()
    for step in episode.steps:
        judge.see(step.facts)
        assert judge.verdict() == step.verdict
    assert judge.verdict() == episode.verdict


@pytest.mark.parametrize("action", [(NAN, 0.0), (0.0, float("inf")), (1.0, 2.0, 3.0), ()])
def test_an_action_that_is_not_finite_or_of_another_shape_is_never_executed(action):
    env = ReachEnv()
    with pytest.raises(ActionError):
        run_episode(env, Constant(*action), ReachJudge(), 0)
    assert env.executed == []


def test_a_labellers_bad_action_stops_the_episode_before_anything_is_executed():
    env = ReachEnv()
    with pytest.raises(ActionError):
        run_episode(env, Scripted(), ReachJudge(), 0, labeller=Constant(NAN, 0.0))
    assert env.executed == []


def test_steps_hold_what_was_executed_even_if_the_policy_reuses_its_buffer():
    env = ReachEnv(max_steps=5)
    episode = run_episode(env, Reusing(), ReachJudge(), 0)
    np.testing.assert_array_equal([step.action for step in episode.steps], env.executed)
    np.testing.assert_allclose([step.action[0] for step in episode.steps], 0.01 * np.arange(1, 6), rtol=1e-5)


def test_checked_actions_are_float32_copies():
    action = np.array([0.5, -0.5])
    checked = check_action(action, ReachEnv())
    assert checked.dtype == np.float32
    assert not np.shares_memory(checked, action)


def test_a_labeller_labels_every_step_with_its_plan_and_is_not_obeyed():
    episode = run_episode(ReachEnv(max_steps=8), Constant(0, 0), ReachJudge(), 2, labeller=Scripted())
    assert all(np.array_equal(step.action, [0, 0]) for step in episode.steps)
    assert all(step.label is not None and step.label.plan.shape == (16, 2) for step in episode.steps)
    assert np.linalg.norm(episode.steps[0].label.action) > 0.5


def test_only_privileged_policies_receive_facts():
    class Curious(Seeing):
        def see(self, facts: object) -> None:
            raise AssertionError("a policy that is not privileged was shown the facts")

    assert run_episode(ReachEnv(), Curious(), ReachJudge(), 1).verdict.success


def test_results_say_that_a_policy_was_privileged_whatever_the_provenance_claims():
    lie = {"privileged": False, "env": "reach"}
    assert run_episode(ReachEnv(), Scripted(), ReachJudge(), 1, provenance=lie).provenance["privileged"] is True
    assert run_episode(ReachEnv(), Seeing(), ReachJudge(), 1).provenance == {"policy": "seeing", "privileged": False}


def test_an_episode_ends_when_the_judge_has_decided_and_lingers_as_long_as_asked():
    short = run_episode(ReachEnv(), Scripted(), ReachJudge(), 1)
    assert short.verdict.success
    assert [step.verdict.success for step in short.steps].index(True) == len(short) - 1
    long = run_episode(ReachEnv(), Scripted(), ReachJudge(), 1, linger=4)
    assert len(long) == len(short) + 4


def test_an_episode_that_is_never_decided_ends_when_the_environment_truncates():
    episode = run_episode(ReachEnv(max_steps=20), Constant(0, 0), ReachJudge(), 1)
    assert (len(episode), episode.verdict.failure) == (20, "timeout")


def test_stopping_to_listen_stops_the_environment():
    env = ReachEnv()
    steps = play(env, Constant(0, 0), ReachJudge(), 1)
    for _ in range(3):
        next(steps)
    steps.close()
    assert len(env.executed) == 3


def test_the_judge_is_reset_once_an_episode():
    judge = Counted()
    for seed in (1, 2):
        run_episode(ReachEnv(), Scripted(), judge, seed)
    assert judge.resets == 2


def test_steps_are_timed_on_the_clock_of_the_control_rate():
    episode = run_episode(ReachEnv(max_steps=16), Constant(0, 0), ReachJudge(), 1)
    assert episode.duration_s == pytest.approx(1.0)
    assert [step.index for step in episode.steps] == list(range(16))
    assert set(episode.steps[0].timings) == {"policy_s", "env_s"}


def test_an_episode_carries_the_task_and_the_judges_metrics():
    episode = run_episode(ReachEnv(), Scripted(), ReachJudge(), 1)
    assert episode.task == "reach the red square"
    assert episode.metrics["cycle_time_s"] == pytest.approx(episode.duration_s)
