"""Lifting: pictures are those of the moment, the words fit the target and nothing else, scenes are made up in place."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from millwright.catalog import make_env
from millwright.core.errors import ActionError, MissingExtraError, OptionError, UnknownNameError
from millwright.core.facts import LiftFacts, restore_facts
from millwright.envs.lift import LiftChoiceOptions, LiftEnv, LiftOptions
from millwright.envs.lift.cell import load_table
from millwright.envs.lift.instructions import DOCUMENT, HELD_OUT_PAIRS
from millwright.envs.lift.interface import CAMERAS
from millwright.envs.lift.looks import CHEAP
from millwright.envs.lift.objects import APART_M, UNLIKE
from millwright.envs.lift.pictures import Cameras
from millwright.envs.lift.starts import STARTS_OF_SEVERAL
from millwright.envs.lift.words import COLOURS, SHAPES, find_fitting
from millwright.experts.lifter import Lifter

SEEDS = range(7400, 7412)


@pytest.fixture(scope="module")
def lift():
    env = LiftEnv()
    yield env
    env.close()


@pytest.fixture(scope="module")
def choice():
    env = LiftEnv(LiftChoiceOptions())
    yield env
    env.close()


@pytest.mark.parametrize("name", ["lift", "choice"])
def test_pictures_after_several_resets_are_those_of_a_renderer_made_just_now(name, request):
    env = request.getfixturevalue(name)
    for seed in SEEDS[:3]:
        observation, _ = env.reset(seed=seed)
        for _ in range(2):
            observation, *_ = env.step(np.array([0.5, -0.5, -1, 0, 0, 0.5, -1], np.float32))
    fresh = Cameras(env.cell.model, env.options.image_size, CHEAP)
    pictures = fresh.render_all(env.cell.data)
    fresh.close()
    for camera, picture in pictures.items():
        shown = observation[f"observation.images.{camera}"]
        assert np.array_equal(shown, picture)
        assert np.ptp(shown) > 100


def test_every_scene_looks_different(choice):
    pictures = [choice.reset(seed=seed)[0]["observation.images.agentview"].astype(int) for seed in SEEDS[:4]]
    gaps = [np.abs(one - other).max() for index, one in enumerate(pictures) for other in pictures[:index]]
    assert min(gaps) > 100


def test_an_episode_leaves_nothing_behind_for_the_next(lift):
    first, about = lift.reset(seed=SEEDS[0])
    lift.reset(seed=SEEDS[1])
    for _ in range(6):
        lift.step(np.array([1, 1, -1, 0.5, 0, 1, 1], np.float32))
    again, told = lift.reset(seed=SEEDS[0])
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert about["facts"] == told["facts"]


def test_the_documents_sentences_are_all_that_is_said_where_there_is_one_cube(lift):
    said = {lift.reset(seed=seed)[0]["task"] for seed in SEEDS}
    assert said <= set(DOCUMENT)
    assert len(said) > 3


@pytest.mark.parametrize("words", ["train", "unseen"])
def test_the_words_fit_the_target_and_nothing_else(choice, words):
    env = choice
    for seed in SEEDS:
        env.options = LiftChoiceOptions(words=words)
        observation, info = env.reset(seed=seed)
        (fits,) = find_fitting(env._scene.items, observation["task"])
        assert env.object_names[fits] == env.target_name
        assert env._scene.bodies[fits] == info["facts"].target
    env.options = LiftChoiceOptions()


def test_who_names_a_target_gets_it_in_the_same_scene(choice):
    _, drawn = choice.reset(seed=SEEDS[0])
    for name in choice.object_names:
        observation, info = choice.reset(seed=SEEDS[0], options={"target": name})
        assert choice.target_name == name
        assert np.array_equal(info["facts"].positions, drawn["facts"].positions)
        assert choice.object_names[find_fitting(choice._scene.items, observation["task"])[0]] == name
    with pytest.raises(UnknownNameError, match=choice.object_names[0]):
        choice.reset(seed=SEEDS[0], options={"target": "black swan"})


@pytest.mark.parametrize("wish", [{"target": "black swan"}, {"start": "upside-down"}, {"instruction": 5}, {"tray": 1}])
def test_a_reset_that_is_refused_leaves_the_scene_as_it_was(choice, wish):
    choice.reset(seed=SEEDS[0])
    state, names = choice.scene_state(), choice.object_names
    with pytest.raises((UnknownNameError, OptionError)):
        choice.reset(seed=SEEDS[1], options=wish)
    assert np.array_equal(choice.scene_state(), state)
    assert choice.object_names == names


def test_the_policy_is_told_what_was_typed_as_it_is(lift):
    assert lift.reset(seed=SEEDS[0], options={"instruction": "Up!"})[0]["task"] == "Up!"
    with pytest.raises(OptionError, match="an instruction is a text, got 5"):
        lift.reset(seed=SEEDS[0], options={"instruction": 5})


def test_what_is_suggested_means_each_object_in_turn(choice, lift):
    for seed in SEEDS[:4]:
        facts = choice.reset(seed=seed)[1]["facts"]
        assert tuple(map(choice.find_meant, choice.suggest_instructions())) == choice.object_names
        assert choice.object_rows[choice.object_names.index(choice.target_name)] == facts.target
    lift.reset(seed=SEEDS[0])
    assert {lift.find_meant(said) for said in lift.suggest_instructions()} == {"red cube"}


def test_objects_lie_apart_differ_and_are_never_of_a_pair_that_is_held_out(choice):
    for seed in SEEDS:
        _, info = choice.reset(seed=seed)
        there = info["facts"].positions[info["facts"].positions[:, 2] > 0]
        assert 2 <= len(there) == len(set(choice.object_names)) <= 4
        gaps = np.linalg.norm(there[:, None] - there[None], axis=2) + np.eye(len(there))
        assert gaps.min() > APART_M - 0.01  # of unequal height
        assert not {tuple(name.split()) for name in choice.object_names} & set(HELD_OUT_PAIRS)


def test_unseen_pairs_are_asked_for_by_name_of_the_option():
    env = make_env("lift-choice", pairs="unseen", image_size=32)
    for seed in range(5000, 5030):
        env.reset(seed=seed)
        assert tuple(env.target_name.split()) in HELD_OUT_PAIRS
    env.close()


def test_what_is_aside_is_beneath_the_table_and_stays_there(choice):
    _, info = choice.reset(seed=SEEDS[0])
    aside = info["facts"].positions[:, 2] < -0.02
    assert aside.sum() == len(choice.cell.parts) - len(choice.object_names)
    for _ in range(10):
        *_, after = choice.step(np.zeros(7, np.float32))
    assert np.allclose(after["facts"].positions[aside], info["facts"].positions[aside], atol=1e-6)


def test_an_action_moves_the_hand_along_the_axes_that_its_names_say(lift):
    for axis in range(3):
        _, info = lift.reset(seed=SEEDS[0])
        action = np.zeros(7, np.float32)
        action[axis] = 0.5
        for _ in range(5):
            *_, after = lift.step(action)
        moved = after["facts"].hand_pose[:3] - info["facts"].hand_pose[:3]
        assert np.argmax(np.abs(moved)) == axis
        assert 0.01 < moved[axis] < 0.05


def test_gripper_opens_at_minus_one_and_closes_at_one(lift):
    openings = {}
    for gripper in (-1, 1):
        lift.reset(seed=SEEDS[0])
        for _ in range(12):
            *_, info = lift.step(np.array([0, 0, 0, 0, 0, 0, gripper], np.float32))
        openings[gripper] = info["facts"].opening_m
    assert openings[-1] > 0.075
    assert openings[1] < 0.005


def test_an_action_of_another_shape_is_refused(lift):
    lift.reset(seed=SEEDS[0])
    with pytest.raises(ActionError, match="gripper"):
        lift.step(np.zeros(6, np.float32))


def test_made_up_scenes_show_every_object_as_meant_beneath_the_same_arm(choice):
    choice.reset(seed=SEEDS[0])
    for _ in range(3):
        choice.step(np.array([0, 0.5, -1, 0, 0, 0, -1], np.float32))
    arm = choice.cell.arm
    shown = list(choice.imagine(arm, seed=SEEDS[1]))
    assert [scene.name for scene in shown] == list(choice.object_names)
    first = shown[0]
    expert = Lifter(20)
    actions, pointed = [], 0
    for index, scene in enumerate(shown):
        choice.features.check(scene.observation)
        assert np.allclose(scene.observation["observation.state"], [*arm.joints, arm.opening_m])
        assert np.array_equal(scene.facts.positions, first.facts.positions)
        (fits,) = find_fitting(choice._scene.items, scene.observation["task"])
        assert fits == index
        expert.see(scene.facts)
        actions.append(expert.act(scene.observation))
        np.testing.assert_allclose(scene.points, choice.point_out(scene.facts), atol=1e-6)
        for camera, point in zip(CAMERAS, scene.points, strict=True):
            if (np.abs(point - 0.5) < 0.5).all():
                picture = scene.observation[f"observation.images.{camera}"]
                pixel = picture[tuple((point[::-1] * len(picture)).astype(int))].astype(float)
                paint = choice._scene.paints[index]
                assert pixel @ paint > 0.9 * np.linalg.norm(pixel) * np.linalg.norm(paint), (scene.name, camera)
                pointed += 1
    assert len({action.tobytes() for action in actions}) == len(shown)
    assert pointed >= len(shown)
    again = list(choice.imagine(arm, seed=SEEDS[1]))
    assert all(
        np.array_equal(one.observation["observation.images.wrist"], other.observation["observation.images.wrist"])
        for one, other in zip(shown, again, strict=True)
    )


def test_some_made_up_objects_have_a_colour_without_a_name_and_are_told_by_shape_or_place(choice):
    choice.reset(seed=SEEDS[0])
    arm = choice.cell.arm
    nameless = 0
    for seed in range(6):
        for scene in choice.imagine(arm, seed):
            (fits,) = find_fitting(choice._scene.items, scene.observation["task"])
            assert choice._scene.names[fits] == scene.name
            paint = choice._scene.paints[fits]
            if scene.name in SHAPES:
                nameless += 1
                assert not any(colour in scene.observation["task"] for colour in COLOURS)
                assert min(np.linalg.norm(paint - named) for named in COLOURS.values()) > UNLIKE
            else:
                assert tuple(paint) == COLOURS[scene.name.split()[0]]
                assert tuple(scene.name.split()) not in HELD_OUT_PAIRS
    assert nameless
    choice.reset(seed=SEEDS[0])
    assert not set(choice.object_names) & set(SHAPES)


def test_a_made_up_scene_looks_as_one_that_is_played_does(choice):
    observation, _ = choice.reset(seed=SEEDS[0])
    qpos = choice.cell.data.qpos.copy()
    scene, arm = choice._scene, choice.cell.arm
    choice.cell.show(arm, scene.bodies, scene.poses)
    assert np.allclose(choice.cell.data.qpos, qpos, atol=1e-9)
    assert np.array_equal(choice._cameras.render(choice.cell.data, "wrist"), observation["observation.images.wrist"])


def test_facts_come_back_from_a_recording(choice):
    _, info = choice.reset(seed=SEEDS[0])
    facts = info["facts"]
    back = restore_facts(facts.to_arrays(), facts.names)
    assert isinstance(back, LiftFacts)
    assert back == facts


@pytest.mark.parametrize("option", [{"image_size": 8}, {"max_steps": 0}])
def test_an_option_out_of_its_range_is_refused(option):
    with pytest.raises(OptionError, match="image_size must be"):
        LiftOptions(**option)


def test_a_split_of_another_name_is_refused():
    with pytest.raises(UnknownNameError, match="train, unseen"):
        LiftChoiceOptions(words="evaluation")


def test_without_robosuite_the_error_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "robosuite", None)
    monkeypatch.delitem(sys.modules, "millwright.envs.lift.table", raising=False)
    for name in [name for name in sys.modules if name.startswith("robosuite.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"pip install 'millwright\[lift\]' && pip install --no-deps robosuite"):
        load_table()


@pytest.mark.parametrize("name", ["lift", "choice"])
def test_what_is_let_go_in_the_air_falls_onto_the_table(name, request):
    env = request.getfixturevalue(name)
    _, info = env.reset(seed=SEEDS[0], options={"start": "in-air"})
    facts = info["facts"]
    half = facts.half_sizes[facts.target, 2]
    assert facts.positions[facts.target, 2] > half + 0.14
    for _ in range(12):
        *_, info = env.step(np.zeros(7, np.float32))
    assert info["facts"].positions[facts.target, 2] == pytest.approx(half, abs=0.003)


@pytest.mark.parametrize("start", STARTS_OF_SEVERAL)
def test_a_start_changes_what_its_name_says(choice, start):
    _, plain = choice.reset(seed=SEEDS[2])
    _, info = choice.reset(seed=SEEDS[2], options={"start": start})
    facts, before = info["facts"], plain["facts"]
    moved = np.linalg.norm(facts.positions - before.positions, axis=1) > 1e-3
    flying = np.linalg.norm(facts.velocities, axis=1) > 1
    assert flying[facts.target] == (start in ("thrown", "thrown-into-hand"))
    assert (flying.sum() - flying[facts.target] == 1) == (start == "another-thrown")
    assert moved[facts.target] == (start not in ("thrown", "another-thrown"))
    assert moved.any() or flying.any()
    if start == "in-hand":
        assert facts.pad_contacts[facts.target].all()
