"""Augmentations change together what belongs together, and a mirror's image is a world that could be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.core.errors import FeatureError, OptionError
from millwright.core.features import Feature, Features
from millwright.datasets.augment import DepthNoise, Mirror, PairedCrop, make_mirror
from millwright.datasets.mirroring import find_reflection, swap_sides
from millwright.envs.brick_table.interface import ACTION, OBSERVATION
from millwright.envs.brick_table.scene import POSE_WRIST_CAMERA_IN_HAND
from millwright.geometry.cameras import Pinhole
from millwright.geometry.poses import invert_matrix, matrix_from_pose, quaternion_of_hand
from millwright.recipes.brick_pick import HAND_TARGET

PICTURE = Feature("observation.images.wrist", (12, 16, 3), dtype="uint8")
DEPTH = Feature("observation.images.wrist_depth", (12, 16, 1), unit="m")
TABLE = {feature.name: feature for feature in OBSERVATION}
POSE, WRENCH, BOX, TASK = (
    TABLE[name] for name in ("observation.hand_pose", "observation.wrench", "observation.environment_state", "task")
)
angle, metres = st.floats(-3, 3), st.floats(-0.8, 0.8)


def make_batch(count=6):
    rng = np.random.default_rng(3)
    return {
        PICTURE.name: rng.integers(0, 256, (count, 12, 16, 3), dtype=np.uint8),
        DEPTH.name: rng.random((count, 12, 16, 1), dtype=np.float32) + np.float32(0.3),
        POSE.name: rng.standard_normal((count, 7), dtype=np.float32),
        BOX.name: np.tile(np.array([0.1, 0.2, 0.4, 0.5, 1.0, 0.3], np.float32), (count, 1)),
        TASK.name: ["pick the LEFT one, turn it clockwise"] * count,
    }


def mirror_all(batch):
    return make_mirror(Features(PICTURE, DEPTH, POSE, BOX, TASK), share=1.0)(batch, np.random.default_rng(0))


def test_mirrored_twice_is_as_it_was():
    batch = make_batch()
    again = mirror_all(mirror_all(batch))
    for name, values in batch.items():
        if name == TASK.name:
            assert again[name] == ["pick the LEFT one, turn it clockwise"] * 6
        else:
            assert again[name].dtype == values.dtype
            assert np.allclose(again[name], values, atol=1e-6)


def test_mirror_changes_whole_samples_and_leaves_the_others_alone():
    batch = make_batch(40)
    changed = make_mirror(Features(PICTURE, POSE, TASK))(batch, np.random.default_rng(5))
    flipped = [not np.array_equal(a, b) for a, b in zip(changed[PICTURE.name], batch[PICTURE.name], strict=True)]
    turned = [bool(a[1] == -b[1]) for a, b in zip(changed[POSE.name], batch[POSE.name], strict=True)]
    told = ["RIGHT" in text and "anticlockwise" in text for text in changed[TASK.name]]
    assert flipped == turned == told
    assert 5 < sum(flipped) < 35
    assert changed[BOX.name] is batch[BOX.name]


def test_same_seed_draws_the_same():
    made = []
    for _ in range(2):
        rng = np.random.default_rng(11)
        made.append(make_mirror(Features(POSE))(PairedCrop((PICTURE.name,))(make_batch(), rng), rng))
    assert np.array_equal(made[0][POSE.name], made[1][POSE.name])
    assert np.array_equal(made[0][PICTURE.name], made[1][PICTURE.name])


@settings(max_examples=60, deadline=None)
@given(metres, metres, st.floats(0.2, 0.5), angle, metres, metres)
def test_camera_in_the_mirrored_hand_sees_the_mirrored_point_where_the_flipped_picture_has_it(x, y, z, yaw, px, py):
    pose = np.array([[x, y, z, *quaternion_of_hand(yaw)]])
    point = np.array([px, py, 0.0])
    lens = Pinhole(64, 64, 85.0)
    mirrored = find_reflection(POSE)(pose)
    seen, turned = (
        lens.project((invert_matrix(matrix_from_pose(row[0]) @ POSE_WRIST_CAMERA_IN_HAND) @ [*where, 1.0])[None, :3])
        for row, where in ((pose, point), (mirrored, point * [1, -1, 1]))
    )
    if np.isfinite(seen).all():
        assert turned[0] == pytest.approx([1 - seen[0][0], seen[0][1]], abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_mirrored_box_holds_the_mirrored_point(u, v, a, b):
    box = np.array([[min(u, a), min(v, b), max(u, a), max(v, b), 1.0, 0.2]])
    x0, y0, x1, y1, visible, age = find_reflection(BOX)(box)[0].tolist()
    assert x0 - 1e-6 <= 1 - u <= x1 + 1e-6
    assert (y0, y1) == pytest.approx((min(v, b), max(v, b)))
    assert (visible, age) == pytest.approx((1.0, 0.2))


def test_forces_turn_round_as_arrows_do_and_torques_as_screws_do():
    wrench = find_reflection(WRENCH)(np.arange(1.0, 7.0)[None])[0].tolist()
    assert wrench == [1, -2, 3, -4, 5, -6]


def test_plans_and_hand_targets_are_mirrored_with_their_length():
    plan = np.random.default_rng(1).standard_normal((2, 16, 8))
    mirrored = find_reflection(HAND_TARGET)(plan)
    assert np.array_equal(mirrored[..., 1], -plan[..., 1])
    assert np.array_equal(mirrored[..., 7], plan[..., 7])


def test_joints_are_mirrored_only_by_who_knows_the_arm():
    with pytest.raises(FeatureError, match="give 7 signs"):
        make_mirror(Features(ACTION))
    mirror = make_mirror(Features(ACTION), {"action": (-1, 1, 1, -1, -1, 1, 1)}, share=1.0)
    assert mirror({"action": np.ones((1, 7))}, np.random.default_rng(0))["action"][0].tolist() == [
        -1,
        1,
        1,
        -1,
        -1,
        1,
        1,
    ]
    with pytest.raises(FeatureError, match=r"signs for actions, which is none of action"):
        make_mirror(Features(ACTION), {"actions": (1,)})


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (Feature("observation.effort", (3,)), "without a name"),
        (Feature("observation.goal", (2,), frame="base", names=("x", "up")), "a mirror knows"),
        (Feature("observation.point", (2,), names=("x", "y")), "in frame ''"),
    ],
)
def test_what_nobody_can_mirror_is_refused_by_name(feature, message):
    with pytest.raises(FeatureError, match=message) as caught:
        make_mirror(Features(feature))
    assert feature.name in str(caught.value)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("pick up the red bottle on the left", "pick up the red bottle on the right"),
        ("Left of the rightmost", "Right of the leftmost"),
        ("an upright leftover", "an upright leftover"),
    ],
)
def test_words_change_sides_whole(text, other):
    assert swap_sides(text) == other


def draw_scene(u, v, size=32):
    """A picture with one bright pixel block around a point, its depth alike, and a box around it."""
    picture, depth = np.zeros((1, size, size, 3), np.uint8), np.ones((1, size, size, 1), np.float32)
    column, row = int(u * size), int(v * size)
    picture[0, row - 2 : row + 3, column - 2 : column + 3] = 255
    depth[0, row - 2 : row + 3, column - 2 : column + 3] = 0.5
    edges = np.array([column - 2, row - 2, column + 3, row + 3]) / size
    return {"picture": picture, "depth": depth, "box": np.array([[*edges, 1.0, 0.0]])}


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 0.85), st.floats(0.1, 0.85), st.integers(0, 10_000))
def test_after_a_crop_the_box_still_holds_all_that_is_seen_of_its_object(u, v, seed):
    scene = draw_scene(u, v)
    cut = PairedCrop(("picture", "depth"), ("box",), (0.5, 1.0))(scene, np.random.default_rng(seed))
    assert cut["picture"].shape == scene["picture"].shape
    assert cut["picture"].dtype == np.uint8
    near = cut["depth"][0, ..., 0] < 0.75
    bright = cut["picture"][0, ..., 0] > 127
    assert (near ^ bright).mean() < 0.06  # colour is blended at its edges, depth is not
    rows, columns = np.nonzero(near)
    if not len(rows):
        return
    x0, y0, x1, y1 = (cut["box"][0, :4] * 32).tolist()
    pixel = 1.0
    assert x0 - pixel <= columns.min()
    assert columns.max() + 1 <= x1 + pixel
    assert y0 - pixel <= rows.min()
    assert rows.max() + 1 <= y1 + pixel
    middle = (cut["box"][0, :2] + cut["box"][0, 2:4]) / 2
    assert cut["box"][0, 4:].tolist() == [float(((middle >= 0) & (middle <= 1)).all()), 0.0]


def test_a_box_that_leaves_the_part_is_visible_no_more_and_one_that_stands_for_none_stays():
    boxes = np.array([[0.6, 0.6, 0.7, 0.7, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]] * 20)
    pictures = np.zeros((40, 8, 8, 3), np.uint8)
    cut = PairedCrop(("p",), ("box",), (0.5, 0.5))({"p": pictures, "box": boxes}, np.random.default_rng(0))["box"]
    assert np.array_equal(cut[1::2], boxes[1::2])
    assert 0 < cut[::2, 4].sum() < 20
    assert ((cut[::2, :2].max(axis=1) <= 0.9) & (cut[::2, :2].min(axis=1) >= -0.1) == (cut[::2, 4] == 1)).all()


def test_a_crop_of_everything_changes_nothing():
    batch = make_batch()
    cut = PairedCrop((PICTURE.name, DEPTH.name), (BOX.name,), (1.0, 1.0))(batch, np.random.default_rng(0))
    for name in (PICTURE.name, DEPTH.name, BOX.name):
        assert np.allclose(cut[name], batch[name], atol=1e-6)


def test_depth_noise_grows_with_distance_and_never_invents_a_value():
    depth = np.concatenate((np.full((1, 60, 60, 1), 0.4), np.full((1, 60, 60, 1), 2.4)))
    depth[:, :10] = 0
    noisy = DepthNoise(("depth",), holes=0.1)({"depth": depth}, np.random.default_rng(2))["depth"]
    assert (noisy[:, :10] == 0).all()
    there = noisy[:, 10:]
    assert 0.05 < (there == 0).mean() < 0.16
    near, far = ((row[row > 0] - middle).std() for row, middle in zip(there, (0.4, 2.4), strict=True))
    assert near == pytest.approx(0.0012, rel=0.1)
    assert far == pytest.approx(0.0012 + 0.0019 * 4, rel=0.1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: PairedCrop(("a",), (), (0.0, 1.0)),
        lambda: PairedCrop(("a",), (), (0.9, 0.8)),
        lambda: PairedCrop(()),
        lambda: DepthNoise(("a",), strength=-1),
        lambda: DepthNoise(("a",), holes=1.0),
        lambda: Mirror((), {}, share=1.5),
    ],
)
def test_options_out_of_range_are_refused(make):
    with pytest.raises(OptionError):
        make()
