"""Bumped bricks, a camera that is off and clicks that miss: drawn from the seed, and nothing but what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from millwright.core.errors import OptionError
from millwright.core.loop import run_episode
from millwright.envs.brick_table import BrickTableEnv
from millwright.envs.brick_table.options import CONTROL_HZ
from millwright.envs.brick_table.troubles import draw_camera_error
from millwright.experts.brick_picker import BrickPicker
from millwright.geometry.poses import wrap_angle, yaw_from_quaternion
from millwright.judges import SustainedLift

BOX = "observation.environment_state"


def make(**options):
    return BrickTableEnv(image_size=16, **options)


def play(env, seed):
    return run_episode(env, BrickPicker(CONTROL_HZ), SustainedLift(), seed)


@pytest.mark.parametrize("hard", [False, True])
def test_a_bumped_brick_jumps_once_by_two_to_six_centimetres_and_is_picked_all_the_same(hard):
    env = make(bump=True, hard=hard)
    for seed in range(7000, 7004):
        episode = play(env, seed)
        facts = [step.facts for step in episode.steps]
        target = facts[0].target
        still = [f for f in facts if f.positions[target, 2] < 0.013]
        places = np.array([f.positions[target, :2] for f in still])
        jumps = np.linalg.norm(np.diff(places, axis=0), axis=1)
        assert (jumps > 0.015).sum() == 1
        assert 0.019 < jumps.max() < 0.061
        assert env.bumped_m == pytest.approx(jumps.max(), abs=0.002)
        at = int(np.argmax(jumps))
        turn = wrap_angle(*np.diff([yaw_from_quaternion(f.orientations[target]) for f in still[at : at + 2]]), math.pi)
        assert abs(turn) < math.radians(46)
        assert still[at].hand_pose[2] > 0.033  # the fingertips are above the brick
        others = np.delete(facts[-1].positions - facts[0].positions, target, axis=0)
        assert np.abs(others).max() < 0.001
        assert episode.verdict.success
    env.close()


def test_the_prompt_does_not_follow_a_bumped_brick():
    env, calm = make(bump=True), make()
    bumped, plain = play(env, 7000), play(calm, 7000)
    assert np.array_equal(bumped.steps[0].observation[BOX], plain.steps[0].observation[BOX])
    anchor = env._prompt
    assert (anchor.x, anchor.y) == (calm._prompt.x, calm._prompt.y)
    env.close()
    calm.close()


def test_a_camera_error_is_one_to_two_centimetres_and_one_to_three_degrees():
    rng = np.random.default_rng(0)
    for _ in range(200):
        error = draw_camera_error(rng)
        assert 0.01 <= np.linalg.norm(error[:3, 3]) <= 0.02
        angle = math.degrees(math.acos((np.trace(error[:3, :3]) - 1) / 2))
        assert 0.999 <= angle <= 3.001


def test_a_camera_that_is_off_moves_the_box_and_neither_the_scene_nor_the_target():
    off, right = make(miscalibrated=True), make()
    options = {"target": "red"}
    shifts = []
    for seed in range(7000, 7010):
        seen, info = off.reset(seed=seed, options=options)
        expected, plain = right.reset(seed=seed, options=options)
        shifts.append(np.abs(seen[BOX][:2] - expected[BOX][:2]).max())
        assert info["facts"] == plain["facts"]
    assert 0.01 < np.median(shifts) < 0.2
    off.close()
    right.close()


def test_a_click_in_the_camera_that_is_off_is_where_it_was_clicked():
    env = make(miscalibrated=True)
    seen, _ = env.reset(seed=7000, options={"click": {"camera": "wrist", "u": 0.5, "v": 0.4}})
    np.testing.assert_allclose(seen[BOX][[0, 1]] + seen[BOX][[2, 3]], (1.0, 0.8), atol=0.02)
    env.close()


def test_noisy_clicks_miss_and_still_mean_the_brick_they_were_meant_for():
    noisy = make(click_noise=0.4, hard=True)
    misses = []
    for seed in range(7000, 7040):
        _, info = noisy.reset(seed=seed)
        facts = info["facts"]
        misses.append(np.hypot(*(facts.positions[facts.target, :2] - [noisy._prompt.x, noisy._prompt.y])))
    assert 0.01 < np.median(misses) < 0.03
    assert max(misses) > 0.025
    noisy.close()


@pytest.mark.parametrize("noise", [-0.1, 1.5])
def test_click_noise_beyond_a_box_is_refused(noise):
    with pytest.raises(OptionError, match=r"0 to 0\.5"):
        make(click_noise=noise)
