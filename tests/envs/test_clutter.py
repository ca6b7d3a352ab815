"""Clutter: piles that rest, targets that jaws can get at, clicks that hit them."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.errors import OptionError
from millwright.core.loop import run_episode
from millwright.envs.brick_table import BrickTableEnv, clutter, layout
from millwright.geometry.poses import quaternion_from_yaw
from millwright.geometry.separation import Boxes, compute_separations
from millwright.judges import SustainedLift
from millwright.policies.baselines import Nothing

SEEDS = range(7100, 7112)


@pytest.fixture(scope="module")
def env():
    env = BrickTableEnv(clutter=True, image_size=32)
    yield env
    env.close()


@pytest.fixture(scope="module")
def starts(env):
    """Facts of the first tick of some scenes."""
    return [env.reset(seed=seed)[1]["facts"] for seed in SEEDS]


def find_touching(facts):
    bricks = Boxes.at(facts.positions, facts.orientations, layout.HALF_SIZES)
    gaps = compute_separations(bricks, bricks) + np.eye(len(facts.names))
    return gaps < 0.001


def test_bricks_rest_and_stay_where_they_are(env):
    for seed in SEEDS[:4]:
        env.reset(seed=seed)
        before = env.scene_state()
        run = run_episode(env, Nothing(), SustainedLift(), seed)
        assert np.abs(run.steps[-1].facts.positions - run.steps[0].facts.positions).max() < 1e-3
        assert np.array_equal(run.steps[0].facts.joint_positions, before[:6])


def test_the_same_seed_piles_up_the_same_scene(env, starts):
    for seed, first in zip(SEEDS, starts, strict=True):
        assert env.reset(seed=seed)[1]["facts"] == first


def test_bricks_touch_lie_on_others_and_lean(starts):
    assert all(find_touching(facts)[facts.target].any() for facts in starts)
    assert np.mean([find_touching(facts).any(axis=1).mean() for facts in starts]) > 0.9
    heights = np.array([facts.positions[:, 2] for facts in starts])
    assert (heights > 0.03).any(axis=1).mean() > 0.5
    tilts = [Boxes.at(facts.positions, facts.orientations, layout.HALF_SIZES).axes[:, 2, 2] for facts in starts]
    assert (np.abs(np.array(tilts)) < 0.95).any()


def test_bricks_share_no_space_and_stay_on_the_table(starts):
    for facts in starts:
        bricks = Boxes.at(facts.positions, facts.orientations, layout.HALF_SIZES)
        gaps = compute_separations(bricks, bricks)[np.triu_indices(len(facts.names), 1)]
        assert gaps.min() > -0.0015
        assert (np.abs(facts.positions[:, :2] - layout.GRID_CENTER) < (0.25, 0.32)).all()


def test_targets_are_pickable_and_of_every_kind(env):
    kinds = set()
    for seed in range(7100, 7125):
        facts = env.reset(seed=seed)[1]["facts"]
        poses = np.hstack([facts.positions, facts.orientations])
        assert facts.target in clutter.find_pickable(poses)
        kinds.add("on others" if facts.positions[facts.target, 2] > 0.02 else "on the table")
    assert kinds == {"on others", "on the table"}


def lie(*places):
    return np.array([[*place[:3], *quaternion_from_yaw(place[3])] for place in places])


WALL = [(0.5, 0.0, 0.012, 0), (0.5325, 0.0, 0.012, 0), (0.565, 0.0, 0.012, 0)]


@pytest.mark.parametrize(
    ("more", "pickable"),
    [
        ([], {0, 2}),  # who is free on neither side cannot be had
        ([(0.5325, 0.0645, 0.012, 0), (0.565, 0.0645, 0.012, 0)], {0, 2, 3, 4}),
        ([(0.5, 0.0645, 0.012, 0), (0.5, -0.0645, 0.012, 0)], {2, 3, 4}),  # no end to push the first one from
        ([(0.5, 0.0, 0.0363, 0.3)], {2, 3}),  # one lies on the first
        ([(0.7, 0.2, 0.012, 0)], {0, 2}),  # who touches nobody is no clutter
    ],
)
def test_pickable_is_who_touches_others_and_is_on_top_or_free_on_a_side(more, pickable):
    assert set(clutter.find_pickable(lie(*WALL, *more))) == pickable


def test_a_drawn_click_is_on_what_is_seen_of_the_target(env):
    for seed in SEEDS:
        facts = env.reset(seed=seed)[1]["facts"]
        click = env._draw_click(facts.target)
        assert env._pointing.find_brick(click) == facts.target


def test_a_click_is_anchored_at_the_height_of_what_it_hits(env):
    for seed in range(7100, 7125):
        facts = env.reset(seed=seed)[1]["facts"]
        bricks = Boxes.at(facts.positions, facts.orientations, layout.HALF_SIZES)
        _, anchor = env.clicked
        top = Boxes.at([[anchor.x, anchor.y, anchor.z + 0.012]], [layout.lay_flat([[0, 0, 0]], [0])[0, 3:]], 1e-6)
        assert compute_separations(top, bricks)[0, facts.target] < 0.001


def test_the_box_of_a_named_brick_that_lies_on_others_is_as_high_as_it():
    env = BrickTableEnv(clutter=True, image_size=32)
    facts = env.reset(seed=SEEDS[0])[1]["facts"]
    high = int(np.argmax(facts.positions[:, 2]))
    env.reset(seed=SEEDS[0], options={"target": facts.names[high]})
    assert env._prompt.z == pytest.approx(facts.positions[high, 2])
    env.close()


@pytest.mark.parametrize("other", ["hard", "bump", "sizes", "shapes"])
def test_clutter_goes_without_what_needs_room_of_its_own(other):
    with pytest.raises(OptionError, match="clutter"):
        BrickTableEnv(clutter=True, **{other: True})
