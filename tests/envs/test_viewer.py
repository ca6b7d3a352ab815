"""The brick table's viewer: it draws what facts tell of, through the policy's lens, and lends out the scene."""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest

from millwright.core.errors import UnknownNameError
from millwright.envs.brick_table import BrickTableEnv
from millwright.envs.brick_table.layout import COLORS, HALF_SIZES, NAMES
from millwright.geometry.cameras import Fisheye
from millwright.geometry.poses import matrix_from_pose
from millwright.geometry.solids import Box
from millwright.robots import ur5e

SEED = 8000


@pytest.fixture(scope="module")
def env():
    env = BrickTableEnv(image_size=64)
    yield env
    env.close()


@pytest.fixture(scope="module")
def viewer(env):
    viewer = env.viewer_factory()()
    yield viewer
    viewer.close()


def test_facts_are_enough_to_draw_the_scene(env, viewer):
    observation, info = env.reset(seed=SEED)
    for _ in range(3):
        *_, info = env.step(observation["observation.state"] + np.float32(0.03))
    told = viewer.state_of(info["facts"])
    assert np.allclose(told, env.scene_state(), atol=1e-3)
    picture, true = (viewer.render(state, "overhead").astype(int) for state in (told, env.scene_state()))
    assert np.mean(np.abs(picture - true) > 8) < 0.001


def test_every_brick_is_a_box_of_its_colour_in_its_own_frame(env, viewer):
    _, info = env.reset(seed=SEED)
    solids = viewer.find_solids(env.scene_state())
    bricks = {solid.frame: solid for solid in solids if isinstance(solid, Box) and solid.frame in NAMES}
    assert tuple(bricks) == NAMES
    assert all(np.array_equal(brick.half_sizes, HALF_SIZES) for brick in bricks.values())
    red = "#" + "".join(f"{round(255 * part):02x}" for part in bricks["red"].color)
    assert red == COLORS["red"]
    poses = viewer.find_poses(env.scene_state())
    assert np.allclose([poses[name][:3] for name in NAMES], info["facts"].positions)


def test_the_flange_frame_is_where_forward_kinematics_puts_it(env, viewer):
    observation, info = env.reset(seed=SEED)
    flange = matrix_from_pose(viewer.find_poses(env.scene_state())["flange"])
    tip = flange[:3, 3] + ur5e.FINGERTIP_OFFSET_M * flange[:3, 2]
    assert np.allclose(tip, info["facts"].hand_pose[:3], atol=1e-9)
    assert np.allclose(tip, observation["observation.hand_pose"][:3], atol=1e-6)


@pytest.mark.parametrize("fisheye", [False, True])
def test_the_wrist_view_shows_a_brick_where_the_policy_sees_it(fisheye):
    env = BrickTableEnv(fisheye=fisheye)
    observation, info = env.reset(seed=SEED, options={"target": "red"})
    factory = env.viewer_factory()
    assert len(ForkingPickler.dumps(factory))  # it travels to the process that draws the dashboard's views
    viewer = factory()
    assert isinstance(viewer.lens("wrist"), Fisheye) == fisheye
    top = info["facts"].positions[0] + [0, 0, HALF_SIZES[2]]
    (u, v), *_ = viewer.project(env.scene_state(), "wrist", top)
    for picture in (observation["observation.images.wrist"], viewer.render(env.scene_state(), "wrist")):
        red, green, blue = picture[int(v * len(picture)), int(u * len(picture))].astype(int)
        assert red > 2 * max(green, blue)
    viewer.close()
    env.close()


def test_a_plan_is_the_same_told_in_hand_targets_or_in_joints(env, viewer):
    observation, info = env.reset(seed=SEED)
    state, pose = observation["observation.state"], info["facts"].hand_pose
    joints, hand = (matrix_from_pose(viewer.find_hands([action])[0]) for action in (state, [*pose, 0.05]))
    assert np.allclose(joints, hand, atol=1e-6)


def test_a_camera_that_is_not_there_is_refused_by_name(env, viewer):
    with pytest.raises(UnknownNameError, match="overhead, wrist"):
        viewer.find_camera(env.scene_state(), "ceiling")
