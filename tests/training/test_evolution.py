"""Searching with CMA-ES: it finds, goes on after a stop, and judges candidates as they would drive."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from millwright.core.errors import OptionError, TrainingError
from millwright.policies.controllers import Controller
from millwright.training.evolution import (
    DreamedReturns,
    EvolutionConfig,
    evolve,
    read_parameters,
    write_parameters,
)
from millwright.world_models.dream import DrivingReward, choose_starts, compute_returns, dreaming
from millwright.world_models.residual_gru import ResidualGru, ResidualGruConfig

SHORT = EvolutionConfig(generations=30, population=10, sigma=0.5)


def be_near_one(candidates, generation):
    return -((candidates - 1) ** 2).sum(1)


@pytest.mark.parametrize("diagonal", [False, True])
def test_it_finds_the_top_of_a_hill(diagonal, tmp_path):
    found = evolve(np.zeros(4), be_near_one, replace(SHORT, diagonal=diagonal), tmp_path)
    assert np.abs(found.mean - 1).max() < 0.2
    assert [row["mean"] for row in found.history][-1] > found.history[0]["mean"]


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path):
    whole = evolve(np.zeros(4), be_near_one, SHORT, tmp_path / "whole")
    asked = []

    def count(candidates, generation):
        asked.append(generation)
        if generation == 14:
            raise KeyboardInterrupt
        return be_near_one(candidates, generation)

    with pytest.raises(KeyboardInterrupt):
        evolve(np.zeros(4), count, SHORT, tmp_path / "halves")
    np.random.standard_normal(5)  # noqa: NPY002 - what others draw does not matter
    again = []
    found = evolve(np.zeros(4), lambda c, g: again.append(g) or be_near_one(c, g), SHORT, tmp_path / "halves")
    assert again == list(range(10, 30))
    np.testing.assert_array_equal(found.mean, whole.mean)
    np.testing.assert_array_equal(found.best, whole.best)
    assert found.history == whole.history


def test_a_folder_of_another_search_is_refused(tmp_path):
    evolve(np.zeros(4), be_near_one, replace(SHORT, generations=1), tmp_path)
    for start, config in ((np.ones(4), SHORT), (np.zeros(4), replace(SHORT, sigma=0.1))):
        with pytest.raises(TrainingError, match="another search"):
            evolve(start, be_near_one, config, tmp_path)


def test_a_fitness_that_is_no_number_names_its_generation(tmp_path):
    with pytest.raises(TrainingError, match="generation 2"):
        evolve(np.zeros(4), lambda c, g: be_near_one(c, g) + (np.nan if g == 2 else 0), SHORT, tmp_path)


def test_candidates_are_judged_as_the_controllers_that_they_are():
    torch.manual_seed(0)
    model = ResidualGru(ResidualGruConfig(code=4, memory=8))
    controller = Controller(4, 7, 8)
    starts, reward = model.initial(torch.randn(20, 11)), DrivingReward()
    fitness = DreamedReturns(model, controller, starts, reward, rollouts=6, steps=5, dropout=False)
    candidates = np.random.default_rng(0).normal(size=(3, len(read_parameters(controller))))
    found = fitness(candidates, 7)
    rows = torch.randint(20, (6,), generator=torch.Generator().manual_seed(7))
    for candidate, worth in zip(candidates, found, strict=True):
        write_parameters(controller, candidate)
        np.testing.assert_allclose(read_parameters(controller), candidate, rtol=1e-6)
        with dreaming(model, dropout=False):
            returns = compute_returns(model, choose_starts(starts, rows), controller, 5, reward)
        assert worth == pytest.approx(returns.mean().item(), abs=1e-4)
    np.testing.assert_array_equal(fitness(candidates, 7), found)
    assert not np.array_equal(fitness(candidates, 8), found)


def test_only_linear_controllers_are_evolved():
    model = ResidualGru(ResidualGruConfig(code=4, memory=8))
    with pytest.raises(OptionError, match="imagination"):
        DreamedReturns(model, Controller(4, 7, 8, (8,)), model.initial(torch.zeros(1, 11)), DrivingReward())


def test_a_search_of_nothing_is_refused():
    with pytest.raises(OptionError, match="generation"):
        EvolutionConfig(generations=0)
