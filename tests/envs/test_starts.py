"""Adversarial starts are what their names say, and nobody has to do anything for the target to be high."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.errors import PromptError, UnknownNameError
from millwright.core.loop import run_episode
from millwright.envs.brick_table import BrickTableEnv
from millwright.envs.brick_table.layout import HALF_SIZES
from millwright.envs.brick_table.starts import STARTS
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.judges import HeightAlone, SustainedLift
from millwright.policies.baselines import Nothing

SEEDS = (7200, 7201)
LYING = HALF_SIZES[2]


@pytest.fixture(scope="module")
def env():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", lambda *_: np.zeros((32, 32, 3), np.uint8))  # nobody looks
        env = BrickTableEnv(image_size=32, max_steps=30)
        yield env
        env.close()


@pytest.fixture(scope="module")
def watch(env):
    """What happens, tick by tick, when nobody does anything."""
    return lambda start, seed: [
        step.facts for step in run_episode(env, Nothing(), HeightAlone(9.9), seed, options={"start": start}).steps
    ]


def heights(facts) -> np.ndarray:
    return np.array([row.positions[row.target, 2] for row in facts])


def nearest(facts) -> int:
    """The brick nearest to the target when seen from above."""
    away = np.linalg.norm(facts.positions[:, :2] - facts.positions[facts.target, :2], axis=1)
    away[facts.target] = np.inf
    return int(np.argmin(away))


@pytest.mark.parametrize("seed", SEEDS)
def test_target_in_air_falls_onto_the_table(watch, seed):
    z = heights(watch("in-air", seed))
    assert z[0] == pytest.approx(LYING + 0.15)
    assert z[-1] == pytest.approx(LYING, abs=1e-3)


@pytest.mark.parametrize(("start", "storeys"), [("on-brick", 1), ("on-tower", 5)])
@pytest.mark.parametrize("seed", SEEDS)
def test_target_on_bricks_stays_there(watch, start, storeys, seed):
    facts = watch(start, seed)
    z = heights(facts)
    assert z == pytest.approx(LYING + storeys * 2 * LYING, abs=3e-3)
    below = facts[-1].positions[nearest(facts[-1])]
    assert np.linalg.norm(below[:2] - facts[-1].positions[facts[-1].target, :2]) < 2e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_target_in_hand_is_held_high_up_from_the_start(watch, seed):
    facts = watch("in-hand", seed)
    assert heights(facts).min() > 0.25
    assert all(row.pad_contacts[row.target].all() for row in facts)


@pytest.mark.parametrize("start", ["in-brick", "in-table"])
@pytest.mark.parametrize("seed", SEEDS)
def test_target_that_shares_the_space_of_something_is_driven_out_of_it_and_up(watch, start, seed):
    facts = watch(start, seed)
    z = heights(facts)
    assert z.max() > 0.05
    assert z[-1] < 0.05
    neighbour = facts[0].positions[nearest(facts[0])]
    gap = np.abs(facts[0].positions[facts[0].target] - (neighbour if start == "in-brick" else [0, 0, -LYING]))
    assert gap[2] < 2 * LYING


@pytest.mark.parametrize("seed", SEEDS)
def test_thrown_target_flies_untouched_and_comes_down(watch, seed):
    facts = watch("thrown", seed)
    assert heights(facts).max() > 0.15
    assert heights(facts)[-1] < 0.05
    assert not any(row.pad_contacts.any() for row in facts)


@pytest.mark.parametrize("seed", SEEDS)
def test_target_thrown_into_the_hand_nearly_rests_between_the_fingers(watch, seed):
    facts = watch("thrown-into-hand", seed)
    away = [np.linalg.norm(row.positions[row.target] - row.hand_pose[:3]) for row in facts]
    near = int(np.argmin(away))
    assert away[0] > 0.1
    assert away[near] < 0.02
    assert np.linalg.norm(facts[near].velocities[facts[near].target]) < 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_when_another_is_thrown_the_target_lies_still(watch, seed):
    facts = watch("another-thrown", seed)
    assert heights(facts) == pytest.approx(LYING, abs=1e-3)
    assert max(row.positions[:, 2].max() for row in facts) > 0.15


@pytest.mark.parametrize("start", STARTS)
def test_every_start_is_the_same_scene_again_with_the_same_seed_and_goes_with_a_name_or_a_click(env, start):
    for wish in ({"target": "red"}, {"click": {"camera": "overhead", "u": 0.5, "v": 0.5}}):
        try:
            plain = env.reset(seed=7203, options=wish)[1]["facts"]
        except PromptError:
            continue
        first, again = (env.reset(seed=7203, options={**wish, "start": start})[1]["facts"] for _ in range(2))
        assert first == again
        assert first.target == plain.target
        assert first != plain or start in ("thrown", "another-thrown")


def test_unknown_start_lists_those_there_are(env):
    with pytest.raises(UnknownNameError, match=r"did you mean 'in-air'.*another-thrown"):
        env.reset(seed=7200, options={"start": "in-ear"})


def test_start_is_listed_among_the_options_of_a_reset(env):
    with pytest.raises(UnknownNameError, match="target, click, start"):
        env.reset(seed=7200, options={"strat": "in-air"})


def test_next_episode_is_an_ordinary_one(env):
    before = env.reset(seed=7204)[1]["facts"]
    env.reset(seed=7204, options={"start": "in-hand"})
    assert env.reset(seed=7204)[1]["facts"] == before


def test_most_starts_fool_a_judge_that_asks_for_height_alone_and_none_this_one(env):
    fooled = set()
    for start in STARTS:
        steps = run_episode(env, Nothing(), SustainedLift(), 7205, options={"start": start}, linger=99).steps
        assert not steps[-1].verdict.success
        judge = HeightAlone()
        for step in steps:
            judge.see(step.facts)
        fooled |= {start} if judge.verdict().success else set()
    assert fooled == set(STARTS) - {"on-brick", "another-thrown"}
