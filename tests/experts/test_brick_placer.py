"""The expert puts bricks into the tray from wherever it is put, and what flies in is not placed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from millwright.core.loop import play, run_episode
from millwright.envs.brick_table import BrickTableEnv, tray
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.experts.brick_placer import SWIFT, BrickPlacer, PlaceStyle
from millwright.experts.perturbed import HEAVY_ARM, Perturbed
from millwright.experts.place_gamers import PLACE_GAMERS
from millwright.judges import OverTrayAlone, PlacedInTray
from millwright.judges.place import PlaceLimits
from millwright.policies.baselines import Nothing


@pytest.fixture(scope="module")
def make():
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", lambda *_: np.zeros((32, 32, 3), np.uint8))  # nobody looks

        def make_env(**options):
            made.append(BrickTableEnv(image_size=32, tray=True, **options))
            return made[-1]

        yield make_env
        for env in made:
            env.close()


@pytest.mark.parametrize("options", [{}, {"hard": True}, {"underway": True}])
def test_expert_places_on_every_table(make, options):
    env = make(**options)
    for seed in range(7400, 7404):
        episode = run_episode(env, BrickPlacer(15), PlacedInTray(), seed)
        assert episode.verdict.success
        facts = episode.steps[-1].facts
        slot = episode.steps[0].observation["observation.place"][:2]
        assert facts.positions[facts.target][:2] == pytest.approx(slot, abs=0.006)
        assert facts.max_contact_force_n < 20


def test_expert_that_is_pushed_about_places_nearly_always(make):
    env = make(underway=True)
    won = [
        run_episode(env, Perturbed(BrickPlacer(15), HEAVY_ARM), PlacedInTray(), seed).verdict.success
        for seed in range(4400, 4412)
    ]
    assert sum(won) >= 9


def test_expert_takes_over_with_a_brick_in_the_hand(make):
    env = make()
    env.reset(seed=7410, options={"start": "in-hand"})
    expert, observation, info = BrickPlacer(15), *env.reset(seed=7410, options={"start": "in-hand"})
    for _ in range(100):
        expert.see(info["facts"])
        observation, reward, *_, info = env.step(expert.act(observation))
    assert reward == 1.0
    assert tray.is_in_tray(info["facts"].positions[info["facts"].target][None])[0]


def test_after_placing_it_does_what_it_would_do_at_the_beginning_of_the_next_pick(make):
    steps = list(play(make(), BrickPlacer(15), PlacedInTray(), 7415, BrickPlacer(15), linger=3))
    step = next(step for step in reversed(steps) if step.label is not None)
    facts = step.facts
    assert facts.hand_pose[2] > PlaceStyle().clear_height
    assert tray.is_in_tray(facts.positions[facts.target][None])[0]
    distances = np.linalg.norm(step.label.plan[:6, :2] - step.observation["observation.anchor"], axis=1)
    assert (np.diff(distances) < 0).all()
    assert distances[-1] < 0.2 * distances[0]


def test_plan_is_labelled_from_what_somebody_else_does(make):
    step = next(iter(play(make(), Nothing(), PlacedInTray(), 7411, BrickPlacer(15))))
    assert step.label is not None
    assert step.label.plan.shape == (SWIFT.plan_length, 8)


def test_what_is_tossed_into_the_tray_lies_in_it_and_is_not_placed(make):
    env = make()
    for seed in (7412, 7413):
        episode = run_episode(env, PLACE_GAMERS["toss"](15), PlacedInTray(), seed)
        assert episode.verdict.evidence["within_walls"]
        assert episode.verdict.failure == "dropped"
        judge = OverTrayAlone()
        for step in episode.steps:
            judge.see(step.facts)
        assert judge.verdict().success


def test_what_is_dropped_in_from_high_lies_in_the_tray_and_is_not_placed(make):
    env = make()
    for seed in (7412, 7413):
        episode = run_episode(env, PLACE_GAMERS["drop-in"](15), PlacedInTray(), seed)
        assert episode.verdict.evidence["within_walls"]
        assert episode.verdict.evidence["flown_m"] > 0.1
        assert episode.verdict.failure == "dropped"
        judge = PlacedInTray(PlaceLimits(flight_m=math.inf))
        for step in episode.steps:
            judge.see(step.facts)
        assert judge.verdict().success
