"""A chunk made out of noise is one chunk for one observation, unless it is asked to be another each time."""

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.policies.networks import make_network
from tests.policies.batches import make_batch

KINDS = ("diffusion", "flow")
SMALL = {"length": 4, "image_size": 16, "channels": (4, 8), "condition": 16, "widths": (16, 32)}


def sample(network, batch):
    with torch.inference_mode():
        return network.eval().sample(batch)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_observation_gives_the_same_chunk_whatever_else_is_in_the_batch(kind):
    network, batch = make_network(kind, SMALL), make_batch()
    chunks = sample(network, batch)
    assert torch.equal(chunks, sample(network, batch))
    alone = {name: value[2:3] for name, value in batch.items()}
    torch.testing.assert_close(sample(network, alone)[0], chunks[2], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_another_noise_seed_and_another_observation_start_elsewhere(kind):
    batch = make_batch()
    first, second = (make_network(kind, {**SMALL, "noise_seed": seed}) for seed in (0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    starts = torch.stack((first.draw_start(batch), second.draw_start(batch)))
    assert torch.cdist(starts.view(8, -1), starts.view(8, -1)).add(torch.eye(8) * 9).min() > 1
    assert not torch.equal(sample(first, batch), sample(second, batch))


@pytest.mark.parametrize("kind", KINDS)
def test_at_no_temperature_every_seed_is_one(kind):
    cold = [make_network(kind, {**SMALL, "temperature": 0.0, "noise_seed": seed}) for seed in (0, 1)]
    assert torch.equal(sample(cold[0], make_batch()), sample(cold[1], make_batch()))


def test_the_start_is_noise():
    start = make_network("flow", SMALL).draw_start(make_batch(500))
    assert start.shape == (500, 4, 5)
    assert start.mean().item() == pytest.approx(0, abs=0.03)
    assert start.std().item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_the_eye_looks_once_however_many_steps_are_taken(kind):
    network, looks = make_network(kind, {**SMALL, "steps": 5}), []
    network.eye.register_forward_hook(lambda *_: looks.append(1))
    asked = []
    network.unet.register_forward_hook(lambda *_: asked.append(1))
    sample(network, make_batch())
    assert (len(looks), len(asked)) == (1, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_that_make_no_sense_are_refused(kind):
    with pytest.raises(OptionError, match="at least 1 step, got steps=0"):
        make_network(kind, {**SMALL, "steps": 0})


def test_diffusion_cannot_take_more_steps_than_it_learned():
    with pytest.raises(OptionError, match="steps=101 must be at most training_steps=100"):
        make_network("diffusion", {**SMALL, "steps": 101})


def test_a_chunk_of_diffusion_stays_within_the_limit():
    chunks = sample(make_network("diffusion", {**SMALL, "limit": 0.5}), make_batch())
    assert chunks.abs().max() <= 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_noise_is_learned_to_be_taken_away_from_a_fork_without_averaging(kind):
    """One scene, two plans: the sample is one of them, not the useless one between."""
    one = make_batch(1)
    batch = {name: value.expand(32, *value.shape[1:]) for name, value in one.items()}
    side = torch.where(torch.arange(32) % 2 == 0, 1.0, -1.0)
    batch["target"] = side.view(-1, 1, 1).expand(32, 4, 5).contiguous()
    network = make_network(kind, SMALL).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    torch.manual_seed(0)
    for _ in range(140):
        loss = network.loss(batch)["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (sample(network, one).abs() - 1).abs().mean() < 0.35
