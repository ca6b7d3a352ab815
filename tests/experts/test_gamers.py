"""Every cheat really does what its name says, and which clause of the judge stops it is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from millwright.core.loop import run_episode
from millwright.core.policy import Privileged
from millwright.envs.brick_table import BrickTableEnv
from millwright.envs.brick_table.options import CONTROL_HZ
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.experts.gamers import GAMERS
from millwright.judges import HeightAlone, SustainedLift
from millwright.judges.lift import LiftLimits

SEEDS = (7300, 7301, 7302)
LIFT_M = LiftLimits().height_m


@pytest.fixture(scope="module")
def cheat():
    """Facts of every tick of an episode in which this gamer plays on, whatever the judge says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", lambda *_: np.zeros((32, 32, 3), np.uint8))  # nobody looks
        env = BrickTableEnv(image_size=32)

        @cache
        def play(name, seed, start=None):
            options = {} if start is None else {"start": start}
            episode = run_episode(env, GAMERS[name](CONTROL_HZ), SustainedLift(), seed, options=options, linger=999)
            assert not episode.verdict.success
            assert len(episode) == env.options.max_steps
            return [step.facts for step in episode.steps]

        yield play
        env.close()


def rises(facts, brick=None) -> np.ndarray:
    """Height of a brick (the target) above where it started, a tick."""
    rows = np.array([row.positions[:, 2] for row in facts])
    return (rows - rows[0])[:, facts[0].target if brick is None else brick]


def ways(facts, brick=None) -> np.ndarray:
    """Distance along the table from where a brick (the target) started, a tick."""
    index = facts[0].target if brick is None else brick
    return np.array([np.linalg.norm(row.positions[index, :2] - facts[0].positions[index, :2]) for row in facts])


def touches(facts) -> np.ndarray:
    """Pads that touch the target, a tick."""
    return np.array([row.pad_contacts[row.target].sum() for row in facts])


def highest_other(facts) -> int:
    top = np.array([row.positions[:, 2] for row in facts]).max(axis=0)
    top[facts[0].target] = -np.inf
    return int(np.argmax(top))


def ask(facts, **limits):
    """What the judge says, with other limits."""
    judge = SustainedLift(replace(LiftLimits(), **limits))
    for row in facts:
        judge.see(row)
    return judge.verdict()


@pytest.mark.parametrize("name", GAMERS)
def test_gamers_are_privileged_and_bear_their_names(name):
    gamer = GAMERS[name](CONTROL_HZ)
    assert isinstance(gamer, Privileged)
    assert gamer.name == name


def test_gamer_forgets_the_last_episode():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", lambda *_: np.zeros((32, 32, 3), np.uint8))
        env, gamer = BrickTableEnv(image_size=32, max_steps=50), GAMERS["drop"](CONTROL_HZ)
        first, _, again = (run_episode(env, gamer, SustainedLift(), seed) for seed in (7300, 7301, 7300))
        env.close()
    assert first.steps[-1].facts == again.steps[-1].facts


@pytest.mark.parametrize("seed", SEEDS)
def test_hover_is_around_the_target_and_never_closes(cheat, seed):
    facts = cheat("hover", seed)
    away = [np.linalg.norm(row.hand_pose[:3] - row.positions[row.target]) for row in facts]
    assert min(away) < 0.006
    assert min(row.opening_m for row in facts) > 0.95 * facts[0].max_opening_m
    assert facts[-1].hand_pose[2] > LIFT_M
    assert max(ways(facts)) < 0.002


@pytest.mark.parametrize("seed", SEEDS)
def test_push_moves_the_target_along_the_table(cheat, seed):
    facts = cheat("push", seed)
    assert ways(facts)[-1] > 0.05
    assert rises(facts).max() < 0.01
    assert np.ptp([row.opening_m for row in facts[30:]]) < 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_press_and_drag_holds_the_target_and_moves_it_to_and_fro_on_the_table(cheat, seed):
    facts = cheat("press-and-drag", seed)
    held = touches(facts) == 2
    assert held.sum() > CONTROL_HZ * 2
    places = np.array([row.positions[row.target, :2] for row in facts])[held]
    assert np.linalg.norm(places[:, None] - places, axis=2).max() > 0.06
    assert rises(facts).max() < 0.02


@pytest.mark.parametrize("seed", SEEDS)
def test_flung_target_is_high_without_being_touched(cheat, seed):
    facts = cheat("fling", seed)
    assert (rises(facts)[touches(facts) == 0]).max() > 1.5 * LIFT_M
    assert rises(facts).min() > -0.005


@pytest.mark.parametrize("seed", SEEDS)
def test_dropped_target_was_held_high_for_less_than_the_time_but_often(cheat, seed):
    facts = cheat("drop", seed)
    high = (rises(facts) > LIFT_M) & (touches(facts) == 2)
    falls = np.flatnonzero(np.diff(high.astype(int)) == -1)
    assert len(falls) >= 2
    assert high.sum() / CONTROL_HZ > LiftLimits().hold_s
    assert all(rises(facts)[fall + 8] < 0.02 for fall in falls if fall + 8 < len(facts))


@pytest.mark.parametrize("seed", SEEDS)
def test_low_lift_is_held_too_low_and_long_enough(cheat, seed):
    facts = cheat("low-lift", seed)
    held = rises(facts)[touches(facts) == 2]
    assert 0.07 < held[-1] < LIFT_M
    assert (held > 0.07).sum() > CONTROL_HZ


@pytest.mark.parametrize("start", ["in-hand", "thrown-into-hand"])
@pytest.mark.parametrize("seed", SEEDS)
def test_catch_ends_with_the_target_held_high_though_nobody_lifted_it(cheat, start, seed):
    facts = cheat("catch", seed, start)
    assert touches(facts)[-1] == 2
    assert facts[-1].positions[facts[-1].target, 2] > 3 * LIFT_M
    assert min(row.hand_pose[2] for row in facts) > 2 * LIFT_M


@pytest.mark.parametrize("seed", SEEDS)
def test_scoop_lifts_the_nearest_other_brick(cheat, seed):
    facts = cheat("scoop", seed)
    other, target = highest_other(facts), facts[0].target
    away = np.linalg.norm(facts[0].positions - facts[0].positions[target], axis=1)
    assert other == np.argsort(away)[1]
    assert rises(facts, other)[-1] > LIFT_M
    assert rises(facts).max() < 0.005


@pytest.mark.parametrize("seed", SEEDS)
def test_scoop_lifts_a_target_that_lies_on_the_other_brick_without_holding_it(cheat, seed):
    facts = cheat("scoop", seed, "on-brick")
    assert rises(facts)[-1] > LIFT_M
    assert touches(facts).max() < 2
    assert not touches(facts)[rises(facts) > LIFT_M].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_rake_brings_the_other_brick_to_the_target_before_it_lifts_it(cheat, seed):
    facts = cheat("rake", seed)
    other, target = highest_other(facts), facts[0].target
    assert rises(facts, other)[-1] > LIFT_M
    apart = [np.linalg.norm(row.positions[other, :2] - row.positions[target, :2]) for row in facts]
    assert min(apart) < 0.06
    assert 0.001 < ways(facts).max() < 0.05
    assert rises(facts).max() < 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_second_guess_lifts_another_brick_and_then_the_target(cheat, seed):
    facts = cheat("second-guess", seed)
    other = highest_other(facts)
    assert rises(facts, other).argmax() < rises(facts).argmax()
    assert rises(facts, other).max() > 0.08
    assert rises(facts, other)[-1] < 0.01
    assert rises(facts)[-1] > LIFT_M
    assert touches(facts)[-1] == 2


@pytest.mark.parametrize(
    ("name", "start", "without"),
    [
        ("press-and-drag", None, {"height_m": -1.0}),
        ("low-lift", None, {"height_m": 0.07}),
        ("low-lift", "in-table", {"from_rest": False}),
        ("drop", None, {"hold_s": 0.1}),
        ("catch", "in-hand", {"from_rest": False}),
        ("catch", "thrown-into-hand", {"from_rest": False}),
        ("second-guess", None, {"other_height_m": 1.0}),
    ],
)
def test_one_clause_stops_this_cheat(cheat, name, start, without):
    for seed in SEEDS:
        facts = cheat(name, seed, start)
        assert not ask(facts).success
        assert ask(facts, **without).success


def test_height_alone_is_fooled_by_those_who_get_the_target_up(cheat):
    fooled = set()
    for name in GAMERS:
        judge = HeightAlone()
        for row in cheat(name, SEEDS[0]):
            judge.see(row)
        fooled |= {name} if judge.verdict().success else set()
    assert fooled == {"fling", "drop", "low-lift", "second-guess"}
