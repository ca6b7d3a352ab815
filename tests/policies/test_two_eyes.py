"""two-eyes with several modes: where there are two ways, it learns both and plays one of them."""

from __future__ import annotations

import pytest
import torch

from millwright.policies.networks import make_network

SIZES = {"length": 2, "dof": 3, "channels": (4, 8), "crop_size": 8, "hand_size": 8, "head_widths": (16,)}


def make_batch(count=32):
    """The same picture again and again; more than half of the answers are 1, the others -1."""
    picture = torch.full((count, 3, 8, 8), 100.0)
    target = torch.where(torch.arange(count) < 0.6 * count, 1.0, -1.0).view(-1, 1, 1).expand(-1, 2, 3)
    region, proprio = torch.zeros(count, 4), torch.zeros(count, 6)
    return {"crop": picture, "first.crop": picture, "hand": picture, "region": region, "proprio": proprio} | {
        "target": target
    }


@pytest.fixture
def learned():
    torch.manual_seed(0)
    network, batch = make_network("two-eyes", {**SIZES, "modes": 2}), make_batch()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        network.loss(batch)["loss"].backward()
        optimiser.step()
    return network, batch


def test_it_learns_both_ways_and_plays_the_likelier(learned):
    network, batch = learned
    chunks, scores = network.propose(batch)
    assert sorted(chunks[0].mean((1, 2)).tolist()) == pytest.approx([-1, 1], abs=0.1)
    assert scores.softmax(1)[0].max().item() == pytest.approx(0.625, abs=0.1)
    torch.testing.assert_close(network.sample(batch)[0], torch.ones(2, 3), atol=0.1, rtol=0)


def test_it_says_how_far_the_best_proposal_is_and_how_hard_the_choice(learned):
    network, batch = learned
    losses = network.loss(batch)
    assert losses["distance"].item() < 0.1
    assert losses["choice"].item() == pytest.approx(0.66, abs=0.05)
