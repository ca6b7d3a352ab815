"""Perturbations of the brick table: each changes what it says and nothing else, and none outlives its episode."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from millwright.core.errors import OptionError
from millwright.core.loop import run_episode
from millwright.envs.brick_table import BrickTableEnv, BrickTableOptions, BrickTableViewer, bricks
from millwright.envs.brick_table.layout import HALF_SIZES, NAMES
from millwright.envs.brick_table.options import CONTROL_HZ
from millwright.envs.brick_table.scene import make_model
from millwright.envs.brick_table.variation import ORDINARY, RANDOMISED, draw_variation
from millwright.envs.brick_table.viewer import find_camera_pose
from millwright.envs.mujoco.rendering import FAST, CameraRenderer
from millwright.experts.brick_picker import BrickPicker
from millwright.geometry.cameras import Pinhole
from millwright.geometry.poses import invert_matrix
from millwright.geometry.solids import Box
from millwright.judges import SustainedLift

IMAGE, BOX = "observation.images.wrist", "observation.environment_state"
SEED = 7000
RED = {"target": "red"}


@pytest.fixture(scope="module")
def plain():
    env = BrickTableEnv(image_size=64)
    yield env
    env.close()


@pytest.fixture(scope="module")
def envs():
    """An environment for each perturbation."""
    envs = {name: BrickTableEnv(image_size=64, **{name: True}) for name in (*RANDOMISED, "shapes", "randomise")}
    yield envs
    for env in envs.values():
        env.close()


def trace(env, seed=SEED, ticks=3):
    """What an episode's first ticks look like, and their facts, with the red brick to be picked and the arm at rest."""
    observation, info = env.reset(seed=seed, options=RED)
    rows = [(observation, info["facts"])]
    for _ in range(ticks):
        observation, *_, info = env.step(rows[0][0]["observation.state"])
        rows.append((observation, info["facts"]))
    return rows


def difference(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean()


@pytest.mark.parametrize("name", RANDOMISED)
def test_a_visual_perturbation_changes_the_picture_and_nothing_else(name, envs, plain):
    for (seen, facts), (expected, true) in zip(trace(envs[name]), trace(plain), strict=True):
        assert difference(seen[IMAGE], expected[IMAGE]) > 0.3
        assert facts == true
        for part in ("observation.state", "observation.hand_pose", "observation.wrench"):
            assert np.array_equal(seen[part], expected[part])
        np.testing.assert_allclose(seen[BOX], expected[BOX], atol=1e-6)  # also where the camera is not where one thinks


@pytest.mark.parametrize("name", [*RANDOMISED, "shapes", "randomise"])
def test_the_same_seed_gives_the_same_episode_whatever_was_played_before(name, envs):
    first = trace(envs[name])
    trace(envs[name], SEED + 1)
    for (seen, facts), (again, true) in zip(first, trace(envs[name]), strict=True):
        assert np.array_equal(seen[IMAGE], again[IMAGE])
        assert facts == true


@pytest.mark.parametrize("name", [*RANDOMISED, "shapes"])
def test_every_seed_gives_another_one(name, envs):
    one, other = (draw_variation(np.random.default_rng(seed), envs[name].options) for seed in (1, 2))
    target = 0
    told = [
        repr((v.color(v.bricks, target).to_numbers(), v.lighting, v.tabletop, v.camera_moved, v.sensor))
        for v in (one, other)
    ]
    assert told[0] != told[1]


def test_nothing_is_left_when_a_table_is_ordinary_again(plain):
    before = trace(plain)
    pictures = [plain.render()]
    everything = BrickTableOptions(**dict.fromkeys((*RANDOMISED, "shapes"), True))
    varied = draw_variation(np.random.default_rng(0), everything)
    plain.cell.vary(varied)
    plain.cell.reset(np.random.default_rng(0), plain.cell.bricks)
    assert difference(plain.render(), pictures[0]) > 3
    plain.cell.vary(ORDINARY)
    after = trace(plain)
    pictures.append(plain.render())
    assert np.array_equal(*pictures)
    for (seen, facts), (expected, true) in zip(after, before, strict=True):
        assert np.array_equal(seen[IMAGE], expected[IMAGE])
        assert facts == true


def test_a_model_that_takes_over_other_bricks_is_as_if_compiled_with_them(envs):
    env = envs["shapes"]
    env.reset(seed=SEED)
    mine, fresh = env.cell.model, make_model(env.lens.fov_y_deg, env.cell.bricks_made)
    for name in dir(fresh):
        value = getattr(fresh, name)
        if isinstance(value, np.ndarray) and not name.startswith(("_", "cam_")):
            assert np.array_equal(getattr(mine, name), value), name
    assert mine.stat.meaninertia == fresh.stat.meaninertia


def test_perturbations_do_not_change_each_other():
    rng = np.random.default_rng
    alone = draw_variation(rng(5), BrickTableOptions(texture=True))
    among = draw_variation(rng(5), BrickTableOptions(texture=True, lighting=True, shapes=True))
    assert np.array_equal(alone.tabletop, among.tabletop)
    assert alone.lighting is None
    assert among.lighting is not None


def test_randomise_draws_each_but_shapes_in_three_episodes_of_four():
    drawn: Counter[str] = Counter()
    for seed in range(120):
        variation = draw_variation(np.random.default_rng(seed), BrickTableOptions(randomise=True))
        assert variation.bricks is bricks.ORDINARY_BRICKS
        drawn["lighting"] += variation.lighting is not None
        drawn["texture"] += variation.tabletop is not None
        drawn["camera_moved"] += not np.array_equal(variation.camera_moved, np.eye(4))
        drawn["sensor_noise"] += variation.sensor is not None
        drawn["twins"] += variation.color is not ORDINARY.color
    assert set(drawn) == set(RANDOMISED)
    assert all(75 < count < 105 for count in drawn.values())


def test_what_is_wanted_is_always_there_however_the_rest_is_randomised():
    options = BrickTableOptions(randomise=True, lighting=True, shapes=True)
    for seed in range(8):
        variation = draw_variation(np.random.default_rng(seed), options)
        assert variation.lighting is not None
        assert variation.bricks is not bricks.ORDINARY_BRICKS


def test_light_is_between_dusk_and_glare_and_the_lamp_never_below_thirty_degrees():
    for seed in range(100):
        light = draw_variation(np.random.default_rng(seed), BrickTableOptions(lighting=True)).lighting
        assert -light.direction[2] >= math.sin(math.radians(30)) - 1e-9
        assert np.linalg.norm(light.direction) == pytest.approx(1)
        level = (light.ambient + light.headlight - light.lamp * light.direction[2]).mean()
        assert 0.45 * 0.75 < level < 1.6 * 1.25


def test_the_camera_that_moved_is_off_by_one_to_two_centimetres_and_nobody_knows(envs, plain):
    env = envs["camera_moved"]
    for seed in range(SEED, SEED + 3):
        env.reset(seed=seed)
        plain.reset(seed=seed)
        true, calibrated = find_camera_pose(env.cell.data, "wrist"), find_camera_pose(plain.cell.data, "wrist")
        moved = invert_matrix(calibrated) @ true
        assert 0.01 <= np.linalg.norm(moved[:3, 3]) <= 0.02
        assert 0.999 <= math.degrees(math.acos((np.trace(moved[:3, :3]) - 1) / 2)) <= 3.001
        np.testing.assert_allclose(env.cell.pose_camera, true, atol=1e-9)
        np.testing.assert_allclose(env.cell.pose_camera @ env._pointing.camera_error, calibrated, atol=1e-9)


def test_one_to_three_others_have_the_target_s_colour(envs):
    env = envs["twins"]
    for seed in range(SEED, SEED + 8):
        env.reset(seed=seed)
        target = env.cell.report(env._target, 0.0).target
        colors = env.cell.model.geom_rgba[[env.cell.model.geom(name).id for name in NAMES], :3]
        like = (colors == colors[target]).all(axis=1)
        assert 2 <= like.sum() <= 4
        ours = bricks.ORDINARY_BRICKS.colors.astype(np.float32)
        assert np.array_equal(colors[~like], ours[~like])
        assert np.array_equal(colors[target], ours[target])


@pytest.mark.parametrize("draw", [bricks.draw_sizes, bricks.draw_shapes])
def test_other_bricks_fit_the_jaws_and_lie_clear_wherever_ordinary_ones_would(draw):
    for seed in range(100):
        made = draw(np.random.default_rng(seed), bricks.ORDINARY_BRICKS)
        size = 2 * made.half_sizes
        assert size[:, 0].max() <= 0.034
        assert (size[:, :2] - 2 * HALF_SIZES[:2]).max() <= 0.004 + 1e-9
        assert np.array_equal(bricks.Bricks.from_numbers(made.to_numbers()).half_sizes, made.half_sizes)
        assert np.array_equal(made.colors, bricks.ORDINARY_BRICKS.colors)


def test_no_shape_is_one_that_sizes_have():
    low, high = np.array(bricks.RECORDED_M)
    for seed in range(100):
        trained, unseen = (
            draw(np.random.default_rng(seed), bricks.ORDINARY_BRICKS)
            for draw in (bricks.draw_sizes, bricks.draw_shapes)
        )
        assert (trained.kinds == bricks.BLOCK).all()
        assert ((2 * trained.half_sizes >= low) & (2 * trained.half_sizes <= high)).all()
        blocks = 2 * unseen.half_sizes[unseen.kinds == bricks.BLOCK]
        assert ((blocks < low - 0.001) | (blocks > high + 0.001)).any(axis=1).all()


def test_other_bricks_lie_still_and_facts_tell_their_sizes(envs):
    env = envs["shapes"]
    for seed in range(SEED, SEED + 3):
        rows = trace(env, seed, ticks=15)
        (_, start), (_, end) = rows[0], rows[-1]
        assert np.abs(end.positions - start.positions).max() < 1e-4
        assert np.array_equal(start.half_sizes[:, 2], start.positions[:, 2])
        assert end.max_contact_force_n == 0


@pytest.mark.parametrize(
    "options", [{"sizes": True}, {"shapes": True}, {"shapes": True, "hard": True}, {"shapes": True, "bump": True}]
)
def test_the_expert_picks_every_brick(options):
    env = BrickTableEnv(image_size=16, **options)
    for seed in range(SEED, SEED + 5):
        episode = run_episode(env, BrickPicker(CONTROL_HZ), SustainedLift(), seed)
        assert episode.verdict.success, episode.verdict
    env.close()


@pytest.mark.parametrize("name", ["twins", "shapes", "glow"])
def test_the_viewer_shows_the_bricks_as_they_are(name):
    env = BrickTableEnv(image_size=16, **{name: True})
    viewer = BrickTableViewer(overhead=Pinhole(320, 240, 38.0))
    for seed in (SEED, SEED + 1):
        env.reset(seed=seed)
        assert np.mean(np.abs(viewer.render(env.scene_state(), "overhead").astype(int) - env.render()) > 8) < 0.001
    viewer.close()
    env.close()


def test_a_scene_is_drawn_with_its_sizes_from_its_facts_alone(envs):
    env = envs["shapes"]
    viewer = env.viewer_factory()()
    _, info = env.reset(seed=SEED)
    state = viewer.state_of(info["facts"])
    told = bricks.Bricks.from_numbers(state[-7 * len(NAMES) :])
    assert np.array_equal(told.half_sizes, env.cell.half_sizes)
    boxes = {solid.frame: solid.half_sizes for solid in viewer.find_solids(state) if isinstance(solid, Box)}
    assert np.allclose([boxes[name] for name in NAMES], env.cell.half_sizes)
    viewer.close()


def test_a_noisy_picture_is_another_one_every_time_and_still_of_the_same_scene(envs):
    env = envs["sensor_noise"]
    pictures = [seen[IMAGE] for seen, _ in trace(env)]
    assert all(difference(a, b) > 0.5 for a, b in itertools.pairwise(pictures))
    assert difference(np.mean(pictures, axis=0), pictures[0]) < 12


@pytest.mark.parametrize("pair", [("glow", "twins"), ("glow", "randomise"), ("sizes", "shapes")])
def test_what_contradicts_each_other_is_refused(pair):
    with pytest.raises(OptionError, match=pair[0]):
        BrickTableOptions(**dict.fromkeys(pair, True))


def test_a_renderer_at_work_draws_the_table_as_a_new_one_would(envs):
    env = envs["texture"]
    for seed in (SEED, SEED + 1):
        env.reset(seed=seed)
        fresh = CameraRenderer(env.cell.model, 320, 240, FAST)
        assert np.array_equal(env.render(), fresh.render(env.cell.data, "overhead"))
        fresh.close()
