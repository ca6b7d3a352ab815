"""Driving: the pictures and rewards are gymnasium's, the instruments are read from pixels, every step is counted."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.envs.box2d.car_racing import CarRacing

from millwright.catalog import make_env
from millwright.core.errors import BudgetError, OptionError, UnknownNameError
from millwright.core.step_ledger import open_ledger
from millwright.envs.car_racing.circuit import MAX_OFFSET_M, MAX_TURN_RAD, Circuit

SEED = 8000


@pytest.fixture
def unseen(monkeypatch):
    """Pictures cost more than anything else; these tests look at none."""
    monkeypatch.setattr(Circuit, "draw", lambda self: np.zeros((96, 96, 3), np.uint8))


def wander(rng, wishes):
    for _ in range(wishes):
        brakes = rng.random() < 0.2
        action = [rng.uniform(-0.3, 0.3), 0 if brakes else rng.uniform(0, 1), rng.uniform(0, 0.8) if brakes else 0]
        yield from [np.array(action, np.float32)] * 5


def hide_score(picture):
    shown = picture.copy()
    shown[84:, :12] = 0
    return shown


def test_every_picture_and_reward_is_gymnasiums():
    theirs, ours = CarRacing(render_mode="rgb_array"), make_env("car-racing", repeat=1, image_size=96, bar=True)
    picture, _ = theirs.reset(seed=SEED)
    observation, _ = ours.reset(seed=SEED)
    assert np.array_equal(observation["observation.images.front"], hide_score(picture))
    for action in wander(np.random.default_rng(0), 8):
        picture, reward, *_ = theirs.step(action)
        observation, ours_reward, *_ = ours.step(action)
        assert np.array_equal(observation["observation.images.front"], hide_score(picture))
        assert ours_reward == pytest.approx(reward)


def test_what_is_read_from_the_bar_is_the_true_state():
    env = make_env("car-racing", repeat=5)
    env.reset(seed=SEED)
    read, true = [], []
    for action in wander(np.random.default_rng(1), 24):
        observation, *_, info = env.step(action)
        facts = info["facts"]
        read.append(observation["observation.state"])
        true.append([facts.speed_m_s, *facts.wheel_speeds, -facts.steering_rad, -facts.yaw_rate])
    found, wanted = np.array(read).T, np.array(true).T
    for ours, theirs in zip(found, wanted, strict=True):
        assert np.corrcoef(ours, theirs)[0, 1] > 0.997
    worst = np.abs(found - wanted).max(axis=1)
    assert (worst < [2.6, 5.2, 5.2, 5.2, 5.2, 0.01, 0.12]).all()


def test_an_action_is_held_for_as_many_raw_steps_and_rewards_add_up(unseen):
    once, held = make_env("car-racing", repeat=1), make_env("car-racing", repeat=4)
    assert held.metadata["control_hz"] == 12.5
    for env in (once, held):
        env.reset(seed=SEED)
    action = np.array([0, 1, 0], np.float32)
    rewards = [once.step(action)[1] for _ in range(40)]
    total = sum(held.step(action)[1] for _ in range(10))
    assert total == pytest.approx(sum(rewards))
    assert np.array_equal(once.unwrapped.scene_state(), held.unwrapped.scene_state())
    facts = held.step(action)[-1]["facts"]
    assert facts.raw_steps == 44
    assert facts.time_s == pytest.approx(0.88)


def test_a_seed_is_the_same_track_and_start_whatever_was_driven_before(unseen):
    env, other = make_env("car-racing", start="random"), make_env("car-racing", start="random")
    env.reset(seed=SEED + 1)
    for action in wander(np.random.default_rng(2), 4):
        env.step(action)
    for made in (env, other):
        _, info = made.reset(seed=SEED)
        made.last = info["facts"]
    assert env.last == other.last
    for action in wander(np.random.default_rng(3), 10):
        env.last, other.last = (made.step(action)[-1]["facts"] for made in (env, other))
        assert env.last == other.last


def test_the_episode_ends_in_facts_and_a_tick_later_for_gymnasium(unseen):
    env = make_env("car-racing", max_steps=10)
    env.reset(seed=SEED)
    action = np.array([0, 1, 0], np.float32)
    seen = [env.step(action) for _ in range(4)]
    assert [step[-1]["facts"].raw_steps for step in seen] == [4, 8, 10, 10]
    assert [step[-1]["facts"].out_of_time for step in seen] == [False, False, True, True]
    assert [step[3] for step in seen] == [False, False, False, True]
    assert seen[3][1] == 0.0


def test_who_leaves_the_field_pays_for_it(unseen):
    env = make_env("car-racing")
    env.reset(seed=SEED)
    action = np.array([0, 1, 0], np.float32)
    env.step(action)
    env.circuit.car.hull.position = (400.0, 0.0)
    *_, info = env.step(action)
    assert info["facts"].left_field
    assert info["facts"].reward < -90
    _, reward, terminated, truncated, _ = env.step(action)
    assert (reward, terminated, truncated) == (0.0, True, False)


def test_random_starts_are_anywhere_on_the_road_and_never_far_from_it(unseen):
    env = make_env("car-racing", start="random")
    beginnings = []
    for seed in range(SEED, SEED + 12):
        _, info = env.reset(seed=seed)
        facts = info["facts"]
        (_, aside), after = facts.line[0], facts.line[1] - facts.line[0]
        assert abs(aside) <= MAX_OFFSET_M + 0.5
        assert abs(np.arctan2(after[1], after[0])) <= MAX_TURN_RAD + 0.35  # the road bends on to the next tile
        assert facts.on_road
        beginnings.append(np.append(facts.position, aside))
    grid = make_env("car-racing").reset(seed=SEED)[1]["facts"]
    assert np.abs(grid.line[0]).max() < 0.5
    assert np.ptp(beginnings, axis=0).min() > 2.0


def test_the_lap_rule_counts_from_a_random_start(unseen):
    env = make_env("car-racing", start="random")
    env.reset(seed=SEED)
    first = {tile.idx for wheel in env.circuit.car.wheels for tile in wheel.tiles}
    last = len(env.circuit.road) - 1
    assert first <= {0, 1, 2, last, last - 1}


def test_every_raw_step_is_on_the_ledger_and_a_reset_is_one(tmp_path, unseen):
    file = tmp_path / "steps.txt"
    ledger = open_ledger(file, 20)
    env = make_env("car-racing", ledger=str(file), purpose="training")
    action = np.zeros(3, np.float32)
    env.reset(seed=SEED)
    env.step(action)
    assert ledger.count() == {"training": 5, "selection": 0, "evaluation": 0}
    another = make_env("car-racing", ledger=str(file), purpose="selection")
    another.reset(seed=SEED)
    for _ in range(3):
        another.step(action)
    assert ledger.left == 2
    for made in (env, another):
        state = made.unwrapped.scene_state()
        with pytest.raises(BudgetError, match="beyond the cap of 20 real steps: 18 are taken"):
            made.step(action)
        assert np.array_equal(made.unwrapped.scene_state(), state)
    env.reset(seed=SEED)
    env.reset(seed=SEED)
    with pytest.raises(BudgetError):
        make_env("car-racing", ledger=str(file), purpose="training").reset(seed=SEED)
    assert ledger.left == 0
    freely = make_env("car-racing", ledger=str(file), purpose="evaluation")
    freely.reset(seed=SEED)
    freely.step(action)
    assert ledger.count()["evaluation"] == 5


def test_a_tick_that_ends_early_is_charged_for_what_was_driven(tmp_path, unseen):
    file = tmp_path / "steps.txt"
    ledger = open_ledger(file, 100)
    env = make_env("car-racing", ledger=str(file), purpose="training", max_steps=6)
    env.reset(seed=SEED)
    for _ in range(5):
        env.step(np.zeros(3, np.float32))
    assert ledger.count()["training"] == 7


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"image_size": 8}, OptionError, "16 to 96"),
        ({"repeat": 0}, OptionError, "repeat 1 to 50"),
        ({"start": "upside-down"}, UnknownNameError, "grid, random"),
        ({"purpose": "training"}, OptionError, "a ledger needs a purpose"),
        ({"ledger": "x", "purpose": "fun"}, UnknownNameError, "training, selection, evaluation"),
        ({"ledger": "nowhere", "purpose": "training"}, BudgetError, "open_ledger makes one"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(options, error, told):
    with pytest.raises(error, match=told):
        make_env("car-racing", **options)
