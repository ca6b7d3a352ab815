"""Learning in dreams: returns against independent arithmetic, an actor that learns, and going on after a stop."""

from dataclasses import replace

import pytest
import torch

from millwright.core.errors import TrainingError
from millwright.policies.controllers import Controller
from millwright.training.imagination import (
    Critic,
    ImaginationConfig,
    compute_lambda_returns,
    learn_in_dreams,
)
from millwright.world_models.dream import DrivingReward
from millwright.world_models.world_model import DynamicsConfig, Outcome, RecurrentWorld, State

SHORT = ImaginationConfig(updates=60, batch=32, steps=4, actor_lr=1e-2, save_updates=20)


class Lane(RecurrentWorld):
    """One number, how far one is beside the lane, to which steering adds; tiles come where it is 0."""

    def __init__(self):
        super().__init__()
        self.config = DynamicsConfig(code=1, scalars=1, memory=1)
        self.unused = torch.nn.Parameter(torch.zeros(1))

    width = 1

    def remember(self, state, action):
        return action[:, :1]

    def predict(self, state, memory, temperature):
        beside = state.latent[:, :1] + memory
        latent = torch.cat((beside, 0 * beside), 1)
        return latent, Outcome(1 - beside[:, 0].abs(), *(0 * beside[:, 0],) * 3)

    def loss(self, batch):
        raise NotImplementedError


def make_parts(seed=0):
    torch.manual_seed(seed)
    starts = State(torch.cat((torch.rand(200, 1) * 2 - 1, torch.zeros(200, 1)), 1), torch.zeros(200, 1))
    return Lane(), Controller(1, 1, 1, (16,)), Critic(3, (16,)), starts


def test_lambda_returns_are_mixtures_of_n_step_returns():
    torch.manual_seed(0)
    rewards, values, going_on = torch.randn(3, 5), torch.randn(3, 5), torch.rand(3, 5)
    lam, found = 0.7, compute_lambda_returns(rewards, values, going_on, 0.7)
    one = rewards[0] + going_on[0] * values[0]
    two = rewards[0] + going_on[0] * (rewards[1] + going_on[1] * values[1])
    three = rewards[0] + going_on[0] * (rewards[1] + going_on[1] * (rewards[2] + going_on[2] * values[2]))
    torch.testing.assert_close(found[0], (1 - lam) * (one + lam * two) + lam**2 * three)
    torch.testing.assert_close(found[2], rewards[2] + going_on[2] * values[2])


def test_an_actor_learns_to_steer_back_to_the_lane(tmp_path):
    model, actor, critic, starts = make_parts()
    told = learn_in_dreams(model, actor, critic, starts, DrivingReward(), replace(SHORT, updates=200), tmp_path)
    steering = actor(model.read(starts))[:, 0]
    beside = starts.latent[:, 0]
    clear = beside.abs() > 0.3
    assert (steering.sign() == -beside.sign())[clear].float().mean() > 0.95
    assert told["reward"] > 0.4
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_training_that_was_stopped_goes_on_bit_for_bit(tmp_path):
    model, actor, critic, starts = make_parts()
    learn_in_dreams(model, actor, critic, starts, DrivingReward(), SHORT, tmp_path / "whole")

    def stop(update, told):
        if update == 50:
            raise KeyboardInterrupt

    _, halves, judge, _ = make_parts()
    with pytest.raises(KeyboardInterrupt):
        learn_in_dreams(model, halves, judge, starts, DrivingReward(), SHORT, tmp_path / "halves", stop)
    _, again, judge, _ = make_parts(seed=9)
    updates = []
    learn_in_dreams(
        model, again, judge, starts, DrivingReward(), SHORT, tmp_path / "halves", lambda n, told: updates.append(n)
    )
    assert updates[0] == 41
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), actor.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(judge.parameters(), critic.parameters(), strict=True))


def test_a_folder_of_another_training_is_refused(tmp_path):
    model, actor, critic, starts = make_parts()
    learn_in_dreams(model, actor, critic, starts, DrivingReward(), replace(SHORT, updates=1), tmp_path)
    with pytest.raises(TrainingError, match="another training"):
        learn_in_dreams(model, actor, critic, starts, DrivingReward(grass=0.1), replace(SHORT, updates=1), tmp_path)


def test_what_is_not_finite_names_its_update(tmp_path):
    model, actor, critic, starts = make_parts()
    broken = State(starts.latent * float("nan"), starts.memory)
    with pytest.raises(TrainingError, match="update 1"):
        learn_in_dreams(model, actor, critic, broken, DrivingReward(), SHORT, tmp_path)
