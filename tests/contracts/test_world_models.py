"""What every world model promises: it observes, dreams, learns what happens, and keeps the rows of a batch apart."""

import pytest
import torch

from millwright.core.errors import FeatureError
from millwright.policies.latent_controller import WORLDS
from millwright.world_models.dream import dreaming
from millwright.world_models.ensemble import Ensemble
from millwright.world_models.world_model import State

SIZES = {"code": 3, "scalars": 2, "actions": 3, "memory": 16, "context": 2}
SHOWN = {"code": 64, "memory": 5, "ground": ((0.25, 0.75),) * 2, "pivot": (0.5, 0.5), "aspect": 1.0, "odometry": ()}
ENSEMBLES = {"ensemble": "residual-gru", "read-beside": "residual-gru", "moving-ensemble": "ego-motion"}


def make_model(name, seed=0):
    torch.manual_seed(seed)
    if name == "read-beside":
        return Ensemble([make_model(ENSEMBLES[name], seed + 1)], make_model(ENSEMBLES[name], seed + 2))
    if name in ENSEMBLES:
        return Ensemble([make_model(ENSEMBLES[name], seed + member) for member in (1, 2)])
    return WORLDS[name](WORLDS[name].Config(**SIZES | (SHOWN if name == "ego-motion" else {})))


MODELS = (*WORLDS, *ENSEMBLES)
each_model = pytest.mark.parametrize("name", MODELS)


def make_batch(model, count=16, steps=6, seed=0):
    """A world that drifts by what is done; beyond 0 there are tiles, below it grass, where the code shows it too."""
    generator = torch.Generator().manual_seed(seed)
    actions = torch.rand((count, steps, 3), generator=generator) - 0.5
    drift = torch.cat((actions, actions[..., :2]), 2)
    first = 0.3 * torch.randn((count, 1, 5), generator=generator)
    latents = torch.cat((first, first + drift.cumsum(1)), 1)
    beyond = (latents[:, 1:, 0] > 0).float()
    if model.config.code > 3:
        side = torch.linspace(-1, 1, 8).repeat(8)
        latents = torch.cat((torch.sigmoid(-6 * (latents[..., :1] + side)), latents[..., :2]), 2)
    blank = torch.zeros(count, steps)
    return {
        "latents": latents,
        "actions": actions,
        "tiles": 2 * beyond,
        "off_road": 1 - beyond,
        "done": blank,
        "weight": blank + 1,
    }


@each_model
def test_what_was_observed_is_where_one_is(name):
    model = make_model(name).eval()
    batch = make_batch(model)
    state = model.initial(batch["latents"][:, 0])
    assert not model.read(state)[:, model.config.latent :].any()
    state = model.observe(state, batch["actions"][:, 0], batch["latents"][:, 1])
    assert torch.equal(state.latent, batch["latents"][:, 1])
    assert state.memory.shape == (16, model.width)
    assert model.read(state).shape == (16, model.config.latent + model.config.memory)


@each_model
def test_dreaming_remembers_what_observing_does(name):
    model = make_model(name).eval()
    batch = make_batch(model)
    state = model.initial(batch["latents"][:, 0])
    dreamed, outcome = model.imagine(state, batch["actions"][:, 0], temperature=0.0)
    seen = model.observe(state, batch["actions"][:, 0], batch["latents"][:, 1])
    read = [model.read(state)[:, model.config.latent :] for state in (dreamed, seen)]
    assert torch.equal(*read)
    assert dreamed.latent.shape == seen.latent.shape
    assert {value.shape for value in outcome} == {(16,)}
    assert (outcome.tiles >= 0).all()
    assert all((chance >= 0).all() and (chance <= 1).all() for chance in (outcome.off_road, outcome.done))


@each_model
def test_a_dream_of_many_is_the_dream_of_each(name):
    model = make_model(name).eval()
    batch = make_batch(model)
    state = model.initial(batch["latents"][:, 0])
    together, _ = model.imagine(state, batch["actions"][:, 0], temperature=0.0)
    for row in (0, 7):
        alone, _ = model.imagine(State(*(x[row : row + 1] for x in state)), batch["actions"][row : row + 1, 0], 0.0)
        torch.testing.assert_close(alone.latent[0], together.latent[row], atol=1e-5, rtol=1e-4)


@each_model
def test_it_learns_where_things_go_and_what_that_brings(name):
    model = make_model(name)
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for step in range(150):
        loss = model.loss(make_batch(model, 64, seed=step))["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()
    batch = make_batch(model, 200, seed=1_000_000)
    state = model.initial(batch["latents"][:, 0])
    for step in range(4):
        state, outcome = model.imagine(state, batch["actions"][:, step], temperature=0.0)
    still = (batch["latents"][:, 4] - batch["latents"][:, 0]).square().mean()
    assert (batch["latents"][:, 4] - state.latent).square().mean() < 0.5 * still
    clear = batch["latents"][:, 4, -2 if model.config.code > 3 else 0].abs() > 0.4
    reached = batch["tiles"][:, 3] > 0
    assert ((outcome.tiles > 1) == reached)[clear].float().mean() > 0.85
    assert ((outcome.off_road < 0.5) == reached)[clear].float().mean() > 0.85


@each_model
def test_what_lies_beyond_an_episodes_end_teaches_nothing(name):
    model = make_model(name).eval()
    batch = make_batch(model)
    batch["weight"][:, 4:] = 0
    before = model.loss(batch)["loss"]
    for part in ("latents", "tiles", "off_road", "done"):
        batch[part][:, 5 if part == "latents" else 4 :] += 0.7
    torch.testing.assert_close(model.loss(batch)["loss"], before)


@each_model
def test_dropout_is_on_in_dreams_and_weights_stand_still(name):
    model = make_model(name).eval()
    batch = make_batch(model)
    state = model.initial(batch["latents"][:, 0])

    def dream_twice():
        return [model.imagine(state, batch["actions"][:, 0], 0.0)[1].tiles for _ in range(2)]

    with dreaming(model):
        assert not torch.equal(*dream_twice())
        assert not any(parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(*dream_twice())
    assert all(parameter.requires_grad for parameter in model.parameters())
    with dreaming(model, dropout=False):
        assert torch.equal(*dream_twice())


@each_model
def test_gradients_flow_through_a_dream_to_what_was_done(name):
    model = make_model(name)
    batch = make_batch(model)
    action = batch["actions"][:, 0].clone().requires_grad_()
    with dreaming(model):
        state = model.initial(batch["latents"][:, 0])
        for _ in range(3):
            state, outcome = model.imagine(state, action)
        (outcome.tiles.sum() + state.latent.sum()).backward()
    assert action.grad.any()


@each_model
def test_a_latent_of_another_size_is_refused(name):
    model = make_model(name)
    with pytest.raises(FeatureError, match=rf"\(batch, {model.config.latent}\)"):
        model.initial(torch.zeros(2, 4))
