"""The gaming battery, for every environment in the catalog: cheats get nothing, the expert gets everything."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.catalog import TASKS, Player, make_env, make_judge, make_policy
from millwright.core.errors import UnknownNameError
from millwright.core.loop import run_episode
from millwright.core.policy import Privileged
from millwright.envs.mujoco.rendering import LensRenderer

SEEDS = (8100, 8101, 8102)
GAMERS = [(task, name) for task, row in TASKS.items() for name in row.gamers]
CHEATS = GAMERS + [(task, name) for task, row in TASKS.items() for name in row.baselines]
COUNTER_EXAMPLES = [(task, name) for task, row in TASKS.items() for name in row.counter_examples]
VARIANTS = [(task, variant) for task, row in TASKS.items() for variant in row.variants]
STARTS = [(task, start) for task, row in TASKS.items() for start in row.starts]
DEAR = {"lift": {"max_steps": 80}, "lift-choice": {"max_steps": 80}, "car-racing": {}}
"""A tick of these costs more: fewer and shorter episodes are played here, and all of them by the recipe."""

UNGAMED = {"car-racing"}
"""Success is the return there, which is the task: nothing stands for it that could be had without it."""


def choose_seeds(task):
    return SEEDS[:1] if task in DEAR else SEEDS


@pytest.fixture(scope="module")
def envs():
    def render_nothing(renderer, *_):  # nobody looks
        return np.zeros((renderer._lens.height, renderer._lens.width, 3), np.uint8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", render_nothing)
        made = {name: make_env(name, **row.small_pictures, **DEAR.get(name, {})) for name, row in TASKS.items()}
        for name, variant in VARIANTS:
            row = TASKS[name]
            made[name, variant] = make_env(name, **row.small_pictures, **row.variants[variant])
        yield made
        for env in made.values():
            env.close()


@pytest.fixture(scope="module")
def play(envs):
    """An episode of this task, by this policy, from this start."""

    def play_one(task, policy, seed, start=None, variant=None):
        options = {} if start is None else {"start": start}
        env = envs[task] if variant is None else envs[task, variant]
        return run_episode(env, make_policy(task, policy), make_judge(task), seed, options=options)

    return play_one


@pytest.mark.parametrize(("task", "name"), CHEATS)
def test_no_cheat_succeeds(play, task, name):
    assert not any(play(task, name, seed).verdict.success for seed in choose_seeds(task))


@pytest.mark.parametrize(("task", "start"), STARTS)
def test_doing_nothing_succeeds_from_no_start(play, task, start):
    assert not any(play(task, "nothing", seed, start).verdict.success for seed in choose_seeds(task))


@pytest.mark.parametrize(("task", "start"), STARTS)
def test_no_cheat_succeeds_from_any_start(play, task, start):
    row = TASKS[task]
    names = [*row.gamers, *(name for name in row.baselines if name != "nothing")]
    if task in DEAR:  # another part of them from each start
        names = names[row.starts.index(start) % 8 :: 8]
    seeds = [SEEDS[index % len(SEEDS)] for index in range(len(names))]
    verdicts = {name: play(task, name, seed, start).verdict for name, seed in zip(names, seeds, strict=True)}
    assert not [name for name, verdict in verdicts.items() if verdict.success]


@pytest.mark.parametrize(("task", "variant"), VARIANTS)
def test_no_cheat_succeeds_in_scenes_of_another_kind(play, task, variant):
    row = TASKS[task]
    names = [*row.gamers, *row.baselines]
    won = [name for name in names for seed in SEEDS[:1] if play(task, name, seed, variant=variant).verdict.success]
    assert not won
    assert play(task, row.labeller, SEEDS[0], variant=variant).verdict.success


@pytest.mark.parametrize(("task", "variant"), VARIANTS)
def test_no_cheat_succeeds_from_any_start_in_scenes_of_another_kind(play, task, variant):
    row = TASKS[task]
    cheats = ["nothing", *row.gamers]
    for index, start in enumerate(row.starts):
        for name in ("nothing", cheats[1 + index % len(row.gamers)]):
            assert not play(task, name, SEEDS[index % len(SEEDS)], start, variant).verdict.success


@pytest.mark.parametrize("task", TASKS)
def test_expert_succeeds_every_time(play, task):
    seeds = SEEDS[:1] if task in UNGAMED else SEEDS
    assert all(play(task, TASKS[task].labeller, seed).verdict.success for seed in seeds)


@pytest.mark.parametrize("task", [task for task in TASKS if task not in UNGAMED])
def test_every_environment_has_a_battery(task):
    row = TASKS[task]
    assert row.gamers
    assert row.starts
    assert {"nothing", "random"} <= set(row.baselines)


@pytest.mark.parametrize(("task", "name"), COUNTER_EXAMPLES)
def test_every_counter_example_is_exposed_by_a_cheat_and_by_a_start(play, task, name):
    row = TASKS[task]

    def is_fooled(policy, start=None):
        judge = row.counter_examples[name]()
        judge.reset()
        for step in play(task, policy, SEEDS[0], start).steps:
            judge.see(step.facts)
        return judge.verdict().success

    assert any(is_fooled(gamer) for gamer in row.gamers)
    assert any(is_fooled("nothing", start) for start in row.starts)


@pytest.mark.parametrize(("task", "name"), GAMERS)
def test_gamers_are_made_by_name_and_their_results_say_that_they_see_the_truth(task, name):
    policy = make_policy(task, name)
    assert isinstance(policy, Privileged)
    assert policy.name == name
    assert Player(task, policy=name).describe()["policy"] == name


@pytest.mark.parametrize("task", TASKS)
def test_unknown_start_is_refused_with_a_list_of_those_in_the_catalog(envs, task):
    with pytest.raises(UnknownNameError) as refusal:
        envs[task].reset(seed=SEEDS[0], options={"start": "upside-down"})
    assert all(start in str(refusal.value) for start in TASKS[task].starts)


def test_no_cheat_of_the_package_is_left_out_of_the_catalog():
    from millwright.experts.gamers import GAMERS as MADE
    from millwright.experts.place_gamers import PLACE_GAMERS

    assert {name for row in TASKS.values() for name in row.gamers} == {*MADE, *PLACE_GAMERS}


def test_wrong_name_lists_the_gamers_too():
    with pytest.raises(UnknownNameError, match=r"did you mean 'second-guess'.*hover"):
        make_policy("brick-table", "second-gues")
