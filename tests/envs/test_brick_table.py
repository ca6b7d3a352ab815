"""The brick table: scenes, pointing, acting, facts."""

from __future__ import annotations

import gymnasium
import mujoco
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from millwright.catalog import make_policy
from millwright.core.errors import ActionError, OptionError, PromptError, UnknownNameError
from millwright.core.loop import run_episode
from millwright.envs.brick_table import BrickTableEnv, layout
from millwright.envs.brick_table.scene import OVERHEAD
from millwright.envs.brick_table.viewer import find_camera_pose
from millwright.envs.mujoco.rendering import PLAIN, CameraRenderer
from millwright.geometry.boxes import compute_clearance
from millwright.geometry.poses import invert_matrix
from millwright.judges import SustainedLift

SEED = 7000


@pytest.fixture(scope="module")
def env():
    env = BrickTableEnv()
    yield env
    env.close()


def hold(env, observation, ticks=1, opening=None):
    action = observation["observation.state"].copy()
    if opening is not None:
        action[6] = opening
    for _ in range(ticks):
        observation, *_, info = env.step(action)
    return observation, info["facts"]


def test_gymnasium_makes_it_and_finds_nothing_wrong():
    env = gymnasium.make("millwright/BrickTable-v0", image_size=64)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()
    env = gymnasium.make("millwright/BrickTable-v0", image_size=64, depth=True)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_observation_is_what_the_features_declare(env):
    observation, _ = env.reset(seed=SEED)
    env.features.check(observation)


@pytest.mark.parametrize("fisheye", [False, True])
def test_depth_puts_every_pixel_where_the_scene_is(fisheye):
    env = BrickTableEnv(depth=True, fisheye=fisheye, image_size=64)
    observation, _ = env.reset(seed=SEED)
    env.features.check(observation)
    depth = observation["observation.images.wrist_depth"]
    rows, columns = np.nonzero(depth[..., 0])
    rays = np.array([env.lens.ray((c + 0.5) / 64, (r + 0.5) / 64) for r, c in zip(rows, columns, strict=True)])
    points = rays / rays[:, 2:] * depth[rows, columns]  # in the camera's frame
    pose = find_camera_pose(env.cell.data, "wrist")
    height = (points @ pose[:3, :3].T + pose[:3, 3])[:, 2]
    top = 2 * layout.HALF_SIZES[2]
    on_table, on_bricks = np.abs(height) < 0.003, np.abs(height - top) < 0.003
    assert len(rows) > (0.4 if fisheye else 0.99) * 64 * 64
    assert on_table.mean() > 0.3
    assert on_bricks.sum() > 20
    plain = BrickTableEnv(fisheye=fisheye, image_size=64)
    seen, _ = plain.reset(seed=SEED)
    assert set(observation) - set(seen) == {"observation.images.wrist_depth"}
    for name, value in seen.items():
        np.testing.assert_array_equal(observation[name], value)
    plain.close()
    env.close()


def test_same_seed_gives_the_same_scene_and_the_same_steps_bit_for_bit(env):
    def trace():
        observation, info = env.reset(seed=SEED)
        rows = [observation["observation.images.wrist"], info["facts"].positions]
        for _ in range(5):
            observation, *_, info = env.step(observation["observation.state"] + np.float32(0.02))
            rows += [observation["observation.images.wrist"], observation["observation.state"], info["facts"].positions]
        return rows

    for first, second in zip(trace(), trace(), strict=True):
        assert np.array_equal(first, second)


def test_bricks_lie_still_until_they_are_touched(env):
    observation, info = env.reset(seed=SEED)
    start = info["facts"].positions
    _, facts = hold(env, observation, 30)
    assert np.abs(facts.positions - start).max() < 5e-4
    assert facts.max_contact_force_n == 0


@pytest.mark.parametrize("hard", [False, True])
def test_layouts_keep_their_promises(hard):
    for seed in range(5):
        places = layout.draw_layout(np.random.default_rng(seed), hard)
        pairs = [(a, b) for i, a in enumerate(places) for b in places[:i]]
        assert len(places) == 12
        assert all(compute_clearance(a, b, layout.HALF_SIZES[:2]) > 0 for a, b in pairs)
        if hard:
            assert min(compute_clearance(a, b, layout.HALF_SIZES[:2]) for a, b in pairs) >= layout.HARD_CLEARANCE_M
        else:
            assert np.abs(places[:, 2]).max() <= layout.GRID_JITTER_RAD


def test_jaws_open_less_than_a_brick_is_long_and_more_than_it_is_wide(env):
    observation, _ = env.reset(seed=SEED)
    _, facts = hold(env, observation, 10, opening=1.0)
    assert 2 * layout.HALF_SIZES[0] < facts.opening_m < 2 * layout.HALF_SIZES[1]


def test_fingers_close_no_faster_than_a_tenth_of_a_metre_a_second_each(env):
    observation, info = env.reset(seed=SEED)
    before = info["facts"].opening_m
    _, facts = hold(env, observation, 1, opening=0.0)
    assert before - 0.2 / 15 - 1e-3 < facts.opening_m < before - 0.005


def test_joints_move_no_faster_than_the_arm_can(env):
    observation, _ = env.reset(seed=SEED)
    start = observation["observation.state"][:6].copy()
    after, *_ = env.step(np.array([*(start + 1.0), 0.05], dtype=np.float32))
    assert np.abs(after["observation.state"][:6] - start).max() <= np.pi / 15 + 0.01


@pytest.mark.parametrize("bad", [np.full(7, np.nan), np.zeros(6), np.array([np.inf, 0, 0, 0, 0, 0, 0])])
def test_bad_action_is_refused_and_nothing_moves(env, bad):
    env.reset(seed=SEED)
    before = env.scene_state()
    with pytest.raises(ActionError, match="7"):
        env.step(bad)
    assert np.array_equal(env.scene_state(), before)


def locate_in(env, camera, point):
    """Image fractions at which a camera sees a point of the base frame."""
    lens = {"wrist": env.lens, "overhead": OVERHEAD}[camera]
    return lens.project((invert_matrix(find_camera_pose(env.cell.data, camera)) @ [*point, 1.0])[:3])[0]


def locate(env, point):
    return locate_in(env, "wrist", point)


def test_click_in_the_wrist_view_means_the_brick_under_the_pixel(env):
    for target in ("green", "sky"):
        env.reset(seed=SEED)
        u, v = locate(env, env.cell.data.body(target).xpos)
        _, info = env.reset(seed=SEED, options={"click": {"camera": "wrist", "u": u, "v": v}})
        assert info["facts"].target_name == target


def test_drawn_clicks_reach_all_bricks_from_both_cameras(env):
    names = set()
    for seed in range(60):
        observation, info = env.reset(seed=seed)
        names.add(info["facts"].target_name)
        box = observation["observation.environment_state"]
        seen = locate(env, info["facts"].positions[info["facts"].target])
        assert np.abs((box[:2] + box[2:4]) / 2 - seen).max() < 0.1
    assert names == set(layout.NAMES)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"target": "gren"}, UnknownNameError, "did you mean 'green'"),
        ({"click": {"camera": "wrist", "u": 0.99, "v": 0.99}}, PromptError, "no brick within 3 cm"),
        ({"click": {"camera": "wrist", "u": 1.5, "v": 0.5}}, PromptError, "outside the image"),
        ({"click": {"camera": "ceiling", "u": 0.5, "v": 0.5}}, UnknownNameError, "wrist, overhead"),
        ({"click": {"camera": "wrist"}}, PromptError, "needs camera, u and v"),
        ({"goal": "red"}, UnknownNameError, "target, click"),
        ({"target": "red", "click": {"camera": "wrist", "u": 0.5, "v": 0.5}}, PromptError, "not both"),
    ],
)
def test_bad_prompt_is_refused_with_what_would_have_worked(env, options, error, says):
    with pytest.raises(error, match=says):
        env.reset(seed=SEED, options=options)
    observation, _ = env.reset(seed=SEED)  # and the environment is unharmed
    env.features.check(observation)


def test_box_follows_the_click_and_not_the_brick(env):
    observation, _ = env.reset(seed=SEED, options={"target": "red"})
    before = observation["observation.environment_state"]
    address = env.cell.model.joint("red").qposadr[0]
    env.cell.data.qpos[address] += 0.05
    after, _ = hold(env, observation)
    assert np.abs(after["observation.environment_state"][:4] - before[:4]).max() < 0.01
    assert after["observation.environment_state"][5] == pytest.approx(1 / 15)


@pytest.mark.parametrize("camera", ["wrist", "overhead"])
def test_nothing_observed_depends_on_which_brick_a_click_hit(env, camera, monkeypatch):
    env.reset(seed=SEED)
    click = {"camera": camera, **dict(zip("uv", locate_in(env, camera, env.cell.data.body("green").xpos), strict=True))}
    seen, info = env.reset(seed=SEED, options={"click": click})
    assert info["facts"].target_name == "green"
    following, *_ = env.step(seen["observation.state"])
    monkeypatch.setattr(env._pointing, "find_brick", lambda _: layout.NAMES.index("red"))
    misled, info = env.reset(seed=SEED, options={"click": click})
    assert info["facts"].target_name == "red"
    misled_following, *_ = env.step(misled["observation.state"])
    for ours, theirs in ((seen, misled), (following, misled_following)):
        assert all(np.array_equal(ours[name], theirs[name]) for name in env.features)


def test_tracked_box_follows_the_brick():
    env = BrickTableEnv(tracked=True)
    observation, _ = env.reset(seed=SEED, options={"target": "red"})
    before = observation["observation.environment_state"]
    env.cell.data.qpos[env.cell.model.joint("red").qposadr[0]] += 0.05
    after, _ = hold(env, observation)
    assert np.abs(after["observation.environment_state"][:4] - before[:4]).max() > 0.03
    assert after["observation.environment_state"][5] == 0
    env.close()


def test_a_restless_click_moves_about_on_the_brick_and_changes_nothing_else(env):
    restless = BrickTableEnv(restless=True)
    seen, info = env.reset(seed=SEED)
    theirs, their_info = restless.reset(seed=SEED)
    assert all(np.array_equal(seen[name], theirs[name]) for name in env.features)
    boxes = []
    for _ in range(20):
        theirs, _, _, _, their_info = restless.step(theirs["observation.state"])
        seen, _, _, _, info = env.step(seen["observation.state"])
        boxes.append(theirs["observation.environment_state"] - seen["observation.environment_state"])
    assert their_info["facts"] == info["facts"]
    assert np.array_equal(theirs["observation.images.wrist"], seen["observation.images.wrist"])
    assert len({tuple(box[:2]) for box in boxes}) > 10
    assert np.abs(boxes)[:, :4].max() < 0.2  # never another brick
    restless.close()


def test_a_brick_that_the_wrist_camera_does_not_see_is_clicked_in_the_overhead_view():
    env = BrickTableEnv(hard=True, restless=True, image_size=16)
    env.reset(seed=2882)  # drawn clicks in the wrist view would lie outside of it
    env.close()


def test_wrist_image_is_what_a_fresh_renderer_sees(env):
    observation, _ = env.reset(seed=SEED)
    observation, _ = hold(env, observation, 3)
    fresh = CameraRenderer(env.cell.model, 128, 128, PLAIN)
    assert np.array_equal(observation["observation.images.wrist"], fresh.render(env.cell.data, "wrist"))
    fresh.close()


def test_fisheye_sees_bricks_where_its_lens_projects_them():
    env = BrickTableEnv(fisheye=True)
    observation, info = env.reset(seed=SEED, options={"target": "red"})
    image = observation["observation.images.wrist"]
    u, v = locate(env, info["facts"].positions[info["facts"].target] + [0, 0, 0.012])
    red, green, blue = image[int(v * 128), int(u * 128)].astype(int)
    assert red > 2 * green
    assert red > 2 * blue
    env.close()


def test_pushing_into_the_table_is_reported_as_force(env):
    observation, _ = env.reset(seed=SEED)
    down = observation["observation.state"].copy()
    down[1] += 0.9
    worst = 0.0
    for _ in range(20):
        *_, info = env.step(down)
        worst = max(worst, info["facts"].max_contact_force_n)
    assert worst > 50


def test_viewer_draws_a_state_from_another_process_like_the_environment(env):
    env.reset(seed=SEED)
    viewer = env.viewer_factory()()
    image = viewer.render(env.scene_state(), "overhead")
    assert image.shape == (480, 640, 3)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 50
    u, v = viewer.project(env.scene_state(), "overhead", env.cell.data.body("red").xpos + np.array([0, 0, 0.012]))[0]
    red, green, blue = image[int(v * 480), int(u * 640)].astype(int)
    assert red > 2 * green
    assert red > 2 * blue
    viewer.close()


def test_episode_is_truncated_after_max_steps():
    env = BrickTableEnv(max_steps=3, image_size=32)
    observation, _ = env.reset(seed=SEED)
    ends = [env.step(observation["observation.state"])[3] for _ in range(3)]
    assert ends == [False, False, True]
    env.close()


def test_physics_sleeps_so_that_idle_bricks_cost_nothing(env):
    assert env.cell.model.opt.enableflags & int(mujoco.mjtEnableBit.mjENBL_SLEEP)


def test_the_control_rate_is_an_option_and_the_expert_picks_at_it():
    for hz in (12, 30):
        env = BrickTableEnv(image_size=32, control_hz=hz, max_steps=8 * hz)
        episode = run_episode(env, make_policy("brick-table", "expert", control_hz=hz), SustainedLift(), 5000)
        assert episode.verdict.success
        assert episode.steps[1].facts.time_s == pytest.approx(1 / hz)


def test_a_rate_that_does_not_divide_the_physics_is_refused_with_those_that_do():
    with pytest.raises(OptionError, match=r"as 5, 6, 8, 10, 12, 15, 16, 20, 24, 30, 40, 48, 60 do; got 25"):
        BrickTableEnv(control_hz=25)


def test_tracked_and_restless_cannot_be_had_together():
    with pytest.raises(OptionError, match="choose one"):
        BrickTableEnv(tracked=True, restless=True)


def test_a_target_that_glows_has_a_colour_of_its_own_and_the_next_scene_another_one():
    env = BrickTableEnv(image_size=64, glow=True)
    for seed, target in enumerate(("red", "white")):
        env.reset(seed=seed, options={"target": target})
        painted = {name: tuple(env.cell.model.geom(name).rgba[:3]) for name in layout.NAMES}
        assert [name for name, color in painted.items() if color == (1, 0, 1)] == [target]
