"""The tray: its slots, what is refused, and a table that is cleared pick by pick."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.errors import OptionError, PromptError, UnknownNameError
from millwright.core.loop import run_episode
from millwright.envs.brick_table import BrickTableEnv, tray
from millwright.envs.brick_table.layout import HALF_SIZES, NAMES
from millwright.envs.brick_table.options import BrickTableOptions
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.experts.brick_placer import BrickPlacer
from millwright.judges import PlacedInTray
from millwright.robots import ur5e


@pytest.fixture(scope="module")
def env():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", lambda *_: np.zeros((32, 32, 3), np.uint8))  # nobody looks
        env = BrickTableEnv(image_size=32, tray=True)
        yield env
        env.close()


def lay(env, names) -> None:
    """Put these bricks into the tray."""
    for slot, name in enumerate(names):
        env.cell.put_brick(NAMES.index(name), *tray.SLOTS[slot], 0.0)


def test_slots_are_apart_within_the_walls_and_as_many_as_bricks():
    assert len(tray.SLOTS) == len(NAMES)
    assert (tray.SLOTS - HALF_SIZES[:2] > tray.INSIDE[0, :2]).all()
    assert (tray.SLOTS + HALF_SIZES[:2] < tray.INSIDE[1, :2]).all()
    away = np.abs(tray.SLOTS[:, None] - tray.SLOTS)[~np.eye(12, dtype=bool)]
    assert (away >= np.array(tray.PITCH_M) - 1e-9).any(axis=1).all()


def test_next_slot_is_the_first_that_is_free_and_the_roomiest_when_none_is():
    lying = np.column_stack([tray.SLOTS, np.full(12, tray.LYING_M)])
    assert np.array_equal(tray.find_free_slot(lying[:0]), tray.SLOTS[0])
    assert np.array_equal(tray.find_free_slot(lying[:5]), tray.SLOTS[5])
    assert np.array_equal(tray.find_free_slot(np.delete(lying, 3, axis=0)), tray.SLOTS[3])
    lying[7, 1] += 0.02
    assert np.array_equal(tray.find_free_slot(lying), tray.SLOTS[7])


def test_brick_beside_or_above_the_tray_is_not_in_it():
    x, y = tray.CENTER
    places = np.array([[x, y, 0.012], [x, y, 0.04], [x, y, 0.09], [x, y - 0.1, 0.012], [x, y, -3.0]])
    assert tray.is_in_tray(places).tolist() == [True, True, False, False, False]


def test_observation_tells_the_slot_and_the_anchor_only_where_there_is_a_tray(env):
    observation, info = env.reset(seed=7300)
    assert observation["observation.place"] == pytest.approx([*tray.SLOTS[0], tray.SLOT_YAW])
    env.features.check(observation)
    assert np.array_equal(info["facts"].tray, tray.INSIDE)
    assert not {"observation.place", "observation.anchor"} & set(BrickTableEnv(image_size=16).features)


def test_anchor_is_where_the_click_met_the_table_and_no_nearer_to_the_truth(env):
    for seed in range(7320, 7326):
        observation, info = env.reset(seed=seed)
        _, anchor = env.clicked
        assert observation["observation.anchor"] == pytest.approx([anchor.x, anchor.y])
        off = observation["observation.anchor"] - info["facts"].positions[info["facts"].target][:2]
        assert 0 < np.linalg.norm(off) < 0.04


def test_table_is_cleared_pick_by_pick_within_the_joints_limits(env):
    done, judge = [], PlacedInTray()
    for pick in range(3):
        options = {"continue": True} if pick else {"target": "red"}
        before = env.scene_state() if pick else None
        episode = run_episode(env, BrickPlacer(15), judge, 7301, options=options)
        assert episode.verdict.success
        assert 1.5 < episode.metrics["cycle_time_s"] < 5
        assert episode.metrics["max_joint_speed_rad_s"] <= ur5e.VELOCITY_LIMIT_RAD_S
        assert episode.metrics["max_joint_acceleration_rad_s2"] <= ur5e.ACCELERATION_LIMIT_RAD_S2 + 1e-6
        assert before is None or episode.steps[0].facts.joint_positions == pytest.approx(before[:6])
        done.append(episode.steps[0].facts.target_name)
    assert len(set(done)) == 3
    assert tray.is_in_tray(env.cell.bricks[:, :3]).sum() == 3


def test_reward_is_for_the_brick_in_the_tray(env):
    env.reset(seed=7302, options={"target": "blue"})
    action = np.array([*env.cell.joints, 0.05], np.float32)
    assert env.step(action)[1] == 0.0
    lay(env, ["blue"])
    assert env.step(action)[1] == 1.0


def test_continuing_leaves_the_scene_and_draws_among_what_is_left(env):
    env.reset(seed=7303)
    lay(env, [name for name in NAMES if name not in ("pink", "sky")])
    seen = set()
    for _ in range(8):
        before = env.scene_state()
        observation, info = env.reset(seed=1, options={"continue": True})
        assert np.array_equal(env.scene_state(), before)
        assert observation["observation.place"][:2] == pytest.approx(tray.SLOTS[10])
        seen.add(info["facts"].target_name)
    assert seen == {"pink", "sky"}


def test_brick_that_lies_in_the_tray_is_refused_and_nothing_is_lost(env):
    env.reset(seed=7304, options={"target": "red"})
    lay(env, ["teal", "lime"])
    before = env.scene_state()
    with pytest.raises(PromptError, match=r"'lime' does not lie on the table any more; on the table: red, orange"):
        env.reset(options={"continue": True, "target": "lime"})
    click = {"camera": "overhead", "u": 0.5, "v": 0.5}
    ((click["u"], click["v"]),) = env.viewer_factory()().project(before, "overhead", [*tray.SLOTS[0], 0.02])
    with pytest.raises(PromptError, match="'teal' does not lie on the table"):
        env.reset(options={"continue": True, "click": click})
    assert np.array_equal(env.scene_state(), before)
    assert env.reset(options={"continue": True, "target": "blue"})[1]["facts"].target_name == "blue"


def test_empty_table_says_so(env):
    env.reset(seed=7305)
    lay(env, NAMES)
    with pytest.raises(PromptError, match="no brick is left on the table"):
        env.reset(options={"continue": True})


def test_to_continue_needs_a_tray_and_a_scene():
    for options in ({"tray": True}, {}):
        fresh = BrickTableEnv(image_size=16, **options)
        if not options:
            fresh.reset(seed=7306)
        with pytest.raises(PromptError, match="needs a tray"):
            fresh.reset(options={"continue": True})
        fresh.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"continue": "no"}, "true or false, got 'no'"),
        ({"continue": 1}, "true or false"),
        ({"continue": True, "start": "in-tray"}, "not both"),
    ],
)
def test_continue_is_true_or_false_and_goes_with_no_start(env, options, said):
    env.reset(seed=7, options={"target": "red"})
    before = env.cell.bricks
    with pytest.raises(OptionError, match=said):
        env.reset(options=options)
    np.testing.assert_array_equal(env.cell.bricks, before)


def test_name_that_is_no_text_is_an_unknown_name(env):
    env.reset(seed=7, options={"target": "red"})
    with pytest.raises(UnknownNameError, match=r"unknown brick \['red'\].*lime"):
        env.reset(options={"target": ["red"], "continue": True})


def test_continue_is_listed_among_the_options_of_a_reset(env):
    with pytest.raises(UnknownNameError, match="did you mean 'continue'"):
        env.reset(seed=7307, options={"contineu": True})


def test_underway_begins_in_the_middle_of_clearing():
    env = BrickTableEnv(image_size=16, tray=True, underway=True)
    counts, above, openings = [], [], []
    for seed in range(4000, 4012):
        facts = env.reset(seed=seed)[1]["facts"]
        openings.append(round(facts.opening_m, 3))
        inside = tray.is_in_tray(facts.positions)
        assert not inside[facts.target]
        counts.append(int(inside.sum()))
        above.append(facts.hand_pose[1] > tray.INSIDE[0, 1])
    assert len(set(counts)) > 4
    assert max(counts) <= 11
    assert 0 < sum(above) < 12
    assert len(set(openings)) > 4
    assert min(openings) >= tray.LEFT_OPENING_M[0]
    env.close()


@pytest.mark.parametrize(("options", "message"), [({"tray": True, "bump": True}, "bump"), ({"underway": True}, "tray")])
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        BrickTableOptions(**options)
