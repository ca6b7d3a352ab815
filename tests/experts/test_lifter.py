"""The lifting expert decides from the present alone, foresees its own motion, and lifts from wherever the hand is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.loop import run_episode
from millwright.envs.lift import LiftChoiceOptions, LiftEnv
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.experts.lifter import CLOSED, OPEN, Lifter, LiftStyle, find_grasp, find_side
from millwright.experts.perturbed import DELTAS, PerturbedLifter
from millwright.geometry.poses import compose_quaternions, quaternion_from_yaw, yaw_from_quaternion
from millwright.judges import SustainedLift

SEED = 7500
STYLE = LiftStyle()


@pytest.fixture(scope="module")
def env():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", lambda *_: np.zeros((96, 96, 3), np.uint8))  # nobody looks
        env = LiftEnv(LiftChoiceOptions())
        yield env
        env.close()


@pytest.fixture(scope="module")
def steps(env):
    return run_episode(env, Lifter(20), SustainedLift(), SEED).steps


@pytest.fixture(scope="module")
def start(steps):
    return steps[0].facts


def find_target(env, shape):
    """Facts of a start at which a thing of this shape is wanted."""
    for seed in range(SEED, SEED + 50):
        _, info = env.reset(seed=seed)
        if env.target_name.endswith(shape):
            return info["facts"]
    raise AssertionError(shape)


def decide(facts) -> np.ndarray:
    return Lifter(20).make_plan(facts)[0]


def put_hand(facts, offset, opening_m=0.08, touching=False):
    """The same facts with the hand above the target's middle by `offset`, squarely turned."""
    grasp = find_grasp(facts, STYLE)
    contacts = np.zeros_like(facts.pad_contacts)
    contacts[facts.target] = touching
    pose = np.array([*(grasp.place + offset), 0, np.cos(grasp.yaw / 2), np.sin(grasp.yaw / 2), 0])
    return replace(
        facts, hand_pose=pose, hand_velocity=np.zeros(3), opening_m=opening_m, opening_speed=0.0, pad_contacts=contacts
    )


def test_the_decision_depends_on_the_present_alone(steps):
    expert = Lifter(20)
    for step in steps[:: len(steps) // 6]:
        expert.see(step.facts)
        assert np.array_equal(expert.act(step.observation), step.action)


@pytest.mark.parametrize(("shape", "higher"), [("cylinder", True), ("ball", False), ("cube", False)])
def test_standing_cylinders_are_held_so_high_that_none_reaches_the_palm(env, shape, higher):
    facts = find_target(env, shape)
    middle_m = facts.positions[facts.target, 2]
    assert find_grasp(facts, STYLE).place[2] == pytest.approx(STYLE.upright_m if higher else middle_m)
    up = facts.positions.copy()
    up[facts.target, 2] += 0.1
    assert find_grasp(replace(facts, positions=up), STYLE).place[2] == pytest.approx(middle_m + 0.1)


def test_a_plan_of_ten_begins_with_what_is_done_and_foresees_the_rest(steps):
    assert all(step.plan.actions.shape == (10, 7) for step in steps)
    assert all(np.array_equal(step.plan.actions[0], step.action) for step in steps)
    done = np.array([step.action for step in steps])
    gaps = [np.abs(steps[i].plan.actions - done[i : i + 10]) for i in range(len(steps) - 10)]
    assert np.mean(gaps, axis=(0, 1))[:6].max() < 0.12
    assert np.mean(gaps, axis=0)[5, 6] / 2 < 0.1  # gripper: seldom wrong


def test_a_plan_tells_nothing_that_no_picture_shows(steps):
    facts = steps[8].facts
    faster = replace(facts, hand_velocity=facts.hand_velocity + 0.1, velocities=facts.velocities + 0.1, time_s=9.0)
    assert np.array_equal(Lifter(20).make_plan(faster), Lifter(20).make_plan(facts))


def test_actions_are_what_the_controller_takes(steps):
    plans = np.array([step.plan.actions for step in steps])
    assert np.abs(plans).max() <= 1
    assert set(plans[..., 6].ravel()) == {OPEN, CLOSED}


def test_open_fingers_come_down_only_where_they_are_above_the_object(start):
    assert decide(put_hand(start, [0, 0, 0.06]))[2] < -0.5
    beside = decide(put_hand(start, [0.05, 0, 0.04]))
    assert beside[2] > 0
    assert beside[0] < 0
    low = decide(put_hand(start, [0.05, 0, 0.01]))
    assert low[2] == 1
    assert low[0] == 0  # up, before all else


def test_fingers_that_are_too_narrow_stay_above(start):
    assert decide(put_hand(start, [0, 0, 0.07], opening_m=0.03))[2] > 0


def test_fingers_close_within_12_mm_and_not_beyond(start):
    assert decide(put_hand(start, [0.011, 0, 0]))[6] == CLOSED
    assert decide(put_hand(start, [0.013, 0, 0]))[6] == OPEN
    assert decide(put_hand(start, [0, 0, 0.013]))[6] == OPEN
    assert decide(put_hand(start, [0.016, 0, 0], opening_m=0.06))[6] == CLOSED  # once begun
    assert decide(put_hand(start, [0.018, 0, 0], opening_m=0.06))[6] == OPEN


def test_the_hand_rises_only_once_both_pads_touch_and_the_fingers_rest(start):
    width = 2 * start.half_sizes[start.target, 0]
    held = put_hand(start, [0, 0, 0], opening_m=width, touching=True)
    assert decide(held)[2] == 1
    assert abs(decide(replace(held, opening_speed=-0.1))[2]) < 0.1
    one = held.pad_contacts.copy()
    one[held.target, 0] = False
    assert abs(decide(replace(held, pad_contacts=one))[2]) < 0.1


def test_a_cube_is_grasped_across_a_side_however_it_was_rolled(env):
    facts = find_target(env, "cube")
    yaw = find_side(facts)
    turned = facts.orientations.copy()
    turned[facts.target] = compose_quaternions(turned[facts.target], [np.sqrt(0.5), np.sqrt(0.5), 0, 0])
    rolled = find_side(replace(facts, orientations=turned))
    assert (rolled - yaw) / (np.pi / 2) == pytest.approx(round((rolled - yaw) / (np.pi / 2)), abs=1e-3)


def turn_hand(facts, beside_grasp_rad):
    """The same facts with the hand above a cube, turned away from where it would grasp it while it heads straight."""
    side = find_side(facts)
    yaw = side % (np.pi / 2) - np.pi / 2 * (side % (np.pi / 2) > np.pi / 4) - beside_grasp_rad
    pose = np.array([*(facts.positions[facts.target] + [0, 0, 0.07]), 0, np.cos(yaw / 2), np.sin(yaw / 2), 0])
    return replace(facts, hand_pose=pose, opening_m=0.08, opening_speed=0.0)


def test_where_two_turns_are_equally_good_the_hand_hardly_turns_and_away_from_there_faster_and_faster(env):
    facts = find_target(env, "cube")
    turns = [decide(turn_hand(facts, np.radians(degrees)))[5] for degrees in range(10, 81)]
    jumps = np.abs(np.diff(turns))
    assert jumps.max() <= 2 * STYLE.least_pace + 0.06
    assert 0 < np.min(np.abs(turns)) <= STYLE.least_pace + 1e-6
    assert max(turns) > 0.9
    assert min(turns) < -0.9


def test_neither_height_nor_fingers_wait_for_a_turn(env):
    facts = find_target(env, "cube")
    for height_m, gripper in ((0.07, OPEN), (0.0, CLOSED)):
        square = decide(put_hand(facts, [0, 0, height_m]))
        pose = put_hand(facts, [0, 0, height_m]).hand_pose.copy()
        pose[3:] = compose_quaternions(quaternion_from_yaw(0.6), pose[3:])
        askew = decide(replace(put_hand(facts, [0, 0, height_m]), hand_pose=pose))
        assert askew[2] == square[2]
        assert askew[6] == square[6] == gripper
        assert askew[5] < -0.4  # it turns on the way


def test_how_a_ball_or_a_standing_cylinder_is_turned_changes_nothing(env):
    for shape in ("ball", "cylinder"):
        facts = find_target(env, shape)
        turned = facts.orientations.copy()
        turned[facts.target] = compose_quaternions(quaternion_from_yaw(0.7), turned[facts.target])
        assert np.array_equal(decide(replace(facts, orientations=turned)), decide(facts))


def test_a_cylinder_that_lies_is_grasped_along_or_across(env):
    facts = find_target(env, "cylinder")
    turned = facts.orientations.copy()
    turned[facts.target] = compose_quaternions(quaternion_from_yaw(0.3), [np.sqrt(0.5), 0, np.sqrt(0.5), 0])
    assert find_side(replace(facts, orientations=turned)) % (np.pi / 2) == pytest.approx(0.3)


def test_it_lifts_from_where_somebody_else_has_brought_the_hand(env):
    observation, info = env.reset(seed=SEED + 1)
    rng, expert, judge = np.random.default_rng(2), Lifter(20), SustainedLift()
    judge.reset()
    for tick in range(110):
        judge.see(info["facts"])
        expert.see(info["facts"])
        action = expert.act(observation)
        if tick < 20:
            action = np.clip(rng.normal(0, 0.6, 7), -1, 1) * [1, 1, 0.5, 0.3, 0.3, 0.6, 1]
        observation, _, _, _, info = env.step(action)
    assert judge.verdict().success
    assert abs(yaw_from_quaternion(info["facts"].hand_pose[3:])) < 1.5


def test_disturbed_it_wanders_and_is_labelled_by_what_it_would_do(env):
    disturbed = run_episode(env, PerturbedLifter(Lifter(20)), SustainedLift(), SEED + 3, Lifter(20))
    gaps = np.array([np.abs(step.action - step.label.action) for step in disturbed.steps])
    assert gaps[:, :3].mean() > 0.05
    assert gaps[:, 3:5].max() == 0  # it is pushed and turned, not tilted
    assert all(np.array_equal(step.label.plan[0], step.label.action) for step in disturbed.steps)
    assert np.abs([step.action for step in disturbed.steps]).max() <= 1


def test_a_stiff_hand_goes_where_it_should_turned_as_it_comes_and_its_label_turns(env):
    observation, _ = env.reset(seed=SEED + 3)
    still = replace(DELTAS, share_of_episodes=1, noise_m=0, noise_rad=0, bias_probability=0, shut_probability=0)
    for share, turns in ((1.0, False), (0.0, True)):
        driver = PerturbedLifter(Lifter(20), replace(still, stiff_share=share))
        driver.reset(0)
        facts = turn_hand(find_target(env, "cube"), 0.5)
        driver.see(facts)
        action = driver.act(observation)
        wanted = decide(facts)
        np.testing.assert_allclose(np.delete(action, 5), np.delete(wanted, 5), atol=1e-6)
        assert wanted[5] == 1
        assert action[5] == (wanted[5] if turns else 0)
