"""Dreams: what they come to, and what members of an ensemble say of each other."""

from dataclasses import replace

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.world_models.dream import DrivingReward, choose_starts, compute_returns, dream
from millwright.world_models.ensemble import Ensemble
from millwright.world_models.mdn_rnn import MdnRnn, MdnRnnConfig
from millwright.world_models.replay import replay
from millwright.world_models.residual_gru import ResidualGru, ResidualGruConfig
from millwright.world_models.world_model import DynamicsConfig, Outcome, RecurrentWorld, State

BARE = DrivingReward(0, 0, 0, 0, 0, 0, 0, 0)


class Straight(RecurrentWorld):
    """A world whose only number, the speed, grows by the throttle; a tile a unit of speed, an end beyond 3."""

    def __init__(self):
        super().__init__()
        self.config = DynamicsConfig(code=1, scalars=1, memory=1)

    width = 1

    def remember(self, state, action):
        return state.memory + 1

    def predict(self, state, memory, temperature):
        latent = state.latent + action_of(memory)
        speed = latent[:, 1]
        return latent, Outcome(speed, 0 * speed + 0.5, (speed > 3).float(), 0 * speed + 0.25)

    def loss(self, batch):
        raise NotImplementedError


def action_of(memory):
    return torch.ones(len(memory), 2)


def hold(read):
    return torch.tensor([0.5, 1.0, 0.5]).expand(len(read), 3)


def test_a_return_sums_tiles_less_what_is_not_wanted_until_the_end():
    start = State(torch.zeros(2, 2), torch.zeros(2, 1))
    assert compute_returns(Straight(), start, hold, 6, BARE).tolist() == [1 + 2 + 3 + 4] * 2
    costs = {"grass": 0.5, "speed": 1, "steering": 0.25, "pedals": 0.5, "disagreement": 1}
    fast = {"fast": 1.5}
    each = {
        name: compute_returns(Straight(), start, hold, 1, DrivingReward(**{**vars(BARE), name: 1.0})) for name in costs
    }
    assert {name: 1 - value[0].item() for name, value in each.items()} == {
        "grass": 0.5, "speed": 1.0, "steering": 0.25, "pedals": 0.5, "disagreement": 0.25,
    }  # fmt: skip
    reward = DrivingReward(**{**vars(BARE), "speed": 1.0, **fast})
    assert compute_returns(Straight(), start, hold, 2, reward)[0] == 1 + 2 - 0.5


def test_swerving_costs_the_square_of_the_change_and_a_first_step_none():
    def swing(read):
        return torch.tensor([[0.5 if read[0, 0] % 2 else -0.5, 1.0, 0.0]])

    start = State(torch.zeros(1, 2), torch.zeros(1, 1))
    reward = replace(BARE, swerving=0.25)
    assert [compute_returns(Straight(), start, swing, steps, reward).item() for steps in (1, 2, 3)] == [1, 2.75, 5.5]
    assert compute_returns(Straight(), start, hold, 3, reward) == 6


def test_a_dream_tells_what_was_read_before_each_step():
    start = State(torch.zeros(3, 2), torch.zeros(3, 1))
    steps = list(dream(Straight(), start, hold, 4))
    assert [step.read[0].tolist() for step in steps] == [[n, n, n] for n in range(4)]
    assert [step.after.latent[0, 1].item() for step in steps] == [1, 2, 3, 4]


def test_starts_are_chosen_by_row():
    states = State(torch.arange(5.0)[:, None], torch.arange(5.0)[:, None] + 10)
    chosen = choose_starts(states, torch.tensor([4, 0, 4]))
    assert chosen.latent[:, 0].tolist() == [4, 0, 4]
    assert chosen.memory[:, 0].tolist() == [14, 10, 14]


def test_members_that_are_one_do_not_disagree_and_others_do():
    torch.manual_seed(0)
    small = MdnRnnConfig(code=2, scalars=1, memory=8)
    one, other = MdnRnn(small).eval(), MdnRnn(small).eval()
    state, action = torch.randn(4, 3), torch.rand(4, 3)
    for members, part in (([one, one], False), ([one, other], True)):
        model = Ensemble(members).eval()
        _, outcome = model.imagine(model.initial(state), action, 0.0)
        assert bool((outcome.disagreement > 1e-6).all()) is part


def test_an_untrained_reader_changes_what_is_read_and_nothing_that_is_dreamed():
    torch.manual_seed(0)
    config = ResidualGruConfig(code=2, scalars=1, memory=8)
    trained, reader = ResidualGru(config).eval(), ResidualGru(config).eval()
    both, action = Ensemble([trained], reader).eval(), torch.rand(4, 3)
    alone, beside = trained.initial(torch.randn(4, 3)), None
    beside = both.initial(alone.latent)
    for _ in range(3):
        alone, wanted = trained.imagine(alone, action)
        beside, found = both.imagine(beside, action)
    torch.testing.assert_close(beside.latent, alone.latent)
    torch.testing.assert_close(found.tiles, wanted.tiles)
    assert not torch.equal(both.read(beside), trained.read(alone))


def test_an_ensemble_is_of_one_kind():
    with pytest.raises(OptionError, match="same config"):
        Ensemble([ResidualGru(ResidualGruConfig(memory=8)), ResidualGru(ResidualGruConfig(memory=9))])


def test_replaying_drives_of_different_lengths_is_observing_each():
    torch.manual_seed(0)
    model = ResidualGru(ResidualGruConfig(code=2, scalars=1, memory=8))
    latents, actions = [torch.randn(n + 1, 3) for n in (5, 2)], [torch.rand(n, 3) for n in (5, 2)]
    for states, seen, done in zip(replay(model, latents, actions), latents, actions, strict=True):
        state = model.eval().initial(seen[:1])
        for step in range(len(done)):
            state = model.observe(state, done[step : step + 1], seen[step + 1 : step + 2])
        assert torch.equal(states.latent, seen)
        torch.testing.assert_close(states.memory[-1:], state.memory)
