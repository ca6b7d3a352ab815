"""What every environment, judge, expert and baseline in the catalog promises."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.catalog import TASKS, Player, make_env, make_judge, make_policy
from millwright.core.errors import ActionError, OptionError, UnknownNameError
from millwright.core.loop import play, run_episode
from millwright.core.policy import Privileged

SEED = 8000
EXPERTS = [(task, name) for task, row in TASKS.items() for name in row.experts]
BASELINES = [(task, name) for task, row in TASKS.items() for name in row.baselines]
RULES = [(task, name) for task, row in TASKS.items() for name in row.rules]
FROM_TICK_TO_TICK = {"car-racing"}
"""Whoever labels there has no plan."""
WITHOUT_VIEWER = {"car-racing"}


@pytest.fixture(scope="module")
def envs():
    made = {name: make_env(name) for name in TASKS}
    yield made
    for env in made.values():
        env.close()


@pytest.mark.parametrize("task", TASKS)
def test_observations_are_what_the_features_declare(envs, task):
    env = envs[task]
    observation, _ = env.reset(seed=SEED)
    env.unwrapped.features.check(observation)
    policy = make_policy(task, "nothing")
    policy.reset(SEED)
    following, *_ = env.step(policy.act(observation))
    env.unwrapped.features.check(following)
    assert env.action_space.shape == env.unwrapped.action.shape
    assert env.metadata["control_hz"] > 0


@pytest.mark.parametrize("task", TASKS)
def test_same_seed_is_the_same_episode_bit_for_bit(envs, task):
    first, second = (run_episode(envs[task], make_policy(task, "expert"), make_judge(task), SEED) for _ in range(2))
    assert first.verdict == second.verdict
    assert len(first) == len(second)
    for one, other in zip(first.steps, second.steps, strict=True):
        assert one.facts == other.facts
        assert np.array_equal(one.action, other.action)
        for name, value in one.observation.items():
            assert np.array_equal(value, other.observation[name])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "make",
    [
        lambda shape: np.full(shape, np.nan),
        lambda _: np.zeros(5),
        lambda _: "ahead",
        list,
        lambda shape: ["1"] * shape[0],
        lambda shape: [10**400] * shape[0],
        lambda shape: np.zeros(shape, complex),
        lambda shape: np.ma.masked_all(shape),
    ],
)
def test_action_of_anything_but_finite_numbers_is_refused_before_anything_moves(envs, task, make):
    env = envs[task]
    env.reset(seed=SEED)
    state = env.unwrapped.scene_state()
    with pytest.raises(ActionError, match=str(env.action_space.shape[0])):
        env.step(make(env.action_space.shape))
    assert np.array_equal(env.unwrapped.scene_state(), state)


@pytest.mark.parametrize("task", TASKS)
def test_unknown_option_is_refused_by_name(task):
    with pytest.raises(UnknownNameError, match="colour_of_the_sky"):
        make_env(task, colour_of_the_sky="blue")


@pytest.mark.parametrize(("task", "name"), EXPERTS)
def test_experts_are_privileged_and_succeed(envs, task, name):
    policy = make_policy(task, name)
    assert isinstance(policy, Privileged)
    episode = run_episode(envs[task], policy, make_judge(task), SEED)
    assert episode.verdict.success
    assert episode.provenance["privileged"] is True


@pytest.mark.parametrize(("task", "name"), RULES)
def test_rules_see_no_facts_and_ask_for_what_the_action_declares(envs, task, name):
    policy = make_policy(task, name)
    assert not isinstance(policy, Privileged)
    observation, _ = envs[task].reset(seed=SEED)
    policy.reset(SEED)
    assert envs[task].action_space.contains(policy.act(observation))


@pytest.mark.parametrize(("task", "name"), BASELINES)
def test_baselines_see_no_facts_and_get_nothing(envs, task, name):
    policy = make_policy(task, name)
    assert not isinstance(policy, Privileged)
    verdict = run_episode(envs[task], policy, make_judge(task), SEED).verdict
    assert not verdict.success
    assert verdict.failure in make_judge(task).failures


@pytest.mark.parametrize("task", TASKS)
def test_labels_and_plans_fit_the_action(envs, task):
    env = envs[task]
    steps = play(env, make_policy(task, "nothing"), make_judge(task), SEED, make_policy(task, TASKS[task].labeller))
    step = next(iter(steps))
    assert step.label is not None
    assert step.label.action.shape == env.action_space.shape
    if task not in FROM_TICK_TO_TICK:
        assert step.label.plan is not None
        assert len(step.label.plan) >= 1


@pytest.mark.parametrize("task", [task for task in TASKS if task not in WITHOUT_VIEWER])
def test_viewer_draws_every_camera_and_projects_into_it(envs, task):
    env = envs[task].unwrapped
    env.reset(seed=SEED)
    viewer = env.viewer_factory()()
    for camera in viewer.cameras:
        width, height = viewer.size(camera)
        assert viewer.render(env.scene_state(), camera).shape == (height, width, 3)
        assert viewer.project(env.scene_state(), camera, [[0.5, 0.0, 0.0]]).shape == (1, 2)
    viewer.close()


def test_player_says_what_decides_an_episode_and_names_no_folder():
    about = Player("brick-table", {"hard": True}, "expert").describe()
    assert about == {"env": "brick-table", "policy": "expert", "env_options": {"hard": True}, "reset_options": {}}


def test_wrong_policy_name_lists_those_there_are():
    with pytest.raises(UnknownNameError, match="did you mean 'expert'"):
        make_policy("brick-table", "exprt")


@pytest.mark.parametrize(
    "change",
    [
        {"env_options": {"hard": True}},
        {"policy": "nothing"},
        {"linger": 8},
        {"reset_options": {"target": "red"}},
        {"eyes": "grey"},
        {"execute": 16},
        {"blend": 0},
        {"latency_s": (0.1, 0.25)},
        {"latency_s": (0.1, 0.25), "stale": True},
    ],
)
def test_players_of_different_episodes_make_different_claims(change):
    assert Player("brick-table", **change).describe() != Player("brick-table").describe()


@pytest.mark.parametrize("task", TASKS)
def test_who_plays_no_chunks_cannot_play_them_in_another_way(task):
    with pytest.raises(OptionError, match=r"nothing plays no chunks, so latency_s=\(0.1, 0.25\) means nothing"):
        Player(task, policy="nothing", latency_s=(0.1, 0.25))()


def test_a_bundle_waits_for_its_first_plan_and_then_drives():
    steps = Player("brick-table", {"max_steps": 5}, "brick-pick", latency_s=(0.1, 0.1))()(SEED).steps
    assert [step.plan is None for step in steps] == [True, True, False, False, False]
    heights = [step.facts.hand_pose[2] for step in steps]
    assert abs(heights[2] - heights[0]) < 1e-3  # the first two actions kept the hand where it was
    assert heights[2] - heights[4] > 0.01
