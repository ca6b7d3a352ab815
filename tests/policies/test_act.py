"""ACT puts what the scene leaves open into its latent, and acts at the latent's middle."""

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.nets.quick import make_quick
from millwright.policies.networks import make_network
from tests.policies.batches import make_batch

SMALL = {"length": 4, "image_size": 16, "channels": (4, 8), "width": 32, "latent": 2, "dropout": 0.0}


def train(network, batch, steps, lr=3e-3):
    optimiser = torch.optim.Adam(network.parameters(), lr=lr)
    torch.manual_seed(0)
    for _ in range(steps):
        losses = network.loss(batch)
        optimiser.zero_grad()
        losses["loss"].backward()
        optimiser.step()
    return losses


def make_fork(count=32):
    """One scene, two plans: all left or all right."""
    batch = {name: value[:1].expand(count, *value.shape[1:]) for name, value in make_batch().items()}
    side = torch.where(torch.arange(count) % 2 == 0, 1.0, -1.0)
    return {**batch, "target": side.view(-1, 1, 1).expand(count, 4, 5).contiguous()}


def test_the_loss_is_the_l1_and_ten_times_the_divergence():
    losses = make_network("act", SMALL).loss(make_batch())
    assert losses["loss"].item() == pytest.approx((losses["l1"] + 10 * losses["kl"]).item(), rel=1e-5)
    assert losses["kl"] >= 0


def test_a_chunk_that_no_block_reads_is_refused():
    with pytest.raises(OptionError, match="posterior_blocks=0"):
        make_network("act", {**SMALL, "posterior_blocks": 0})


def test_acting_draws_nothing():
    network, batch = make_network("act", SMALL).eval(), make_batch()
    with torch.inference_mode():
        assert torch.equal(network.sample(batch), network.sample(batch))


def test_what_the_scene_leaves_open_goes_through_the_latent_unless_it_costs_too_much():
    fork = make_fork()
    free = train(make_network("act", {**SMALL, "kl_weight": 0.001}), fork, 60)
    costly = train(make_network("act", {**SMALL, "kl_weight": 100.0}), fork, 60)
    assert free["l1"] < 0.3
    assert free["kl"] > 1
    assert costly["l1"] > 0.8
    assert costly["kl"] < 0.05


def test_the_true_chunk_is_never_seen_when_acting():
    network, batch = make_network("act", SMALL).eval(), make_batch()
    del batch["target"]
    with torch.inference_mode():
        assert network.sample(batch).shape == (4, 4, 5)


def test_actions_of_a_chunk_differ_though_they_share_a_memory():
    network = make_network("act", SMALL).eval()
    with torch.inference_mode():
        chunk = network.sample(make_batch())
    assert (chunk[:, 0] - chunk[:, 3]).abs().max() > 1e-3


def test_the_quick_one_answers_the_same_and_what_it_came_from_still_learns():
    network, batch = make_network("act", {**SMALL, "decoder_blocks": 2}), make_batch()
    before = make_quick(network)
    with torch.inference_mode():
        torch.testing.assert_close(before.sample(batch), network.eval().sample(batch), atol=1e-5, rtol=1e-5)
    train(network.train(), batch, 3)
    with torch.inference_mode():
        after = make_quick(network).sample(batch)
        torch.testing.assert_close(after, network.eval().sample(batch), atol=1e-5, rtol=1e-5)
        assert not torch.allclose(after, before.sample(batch), atol=1e-3)


def test_actions_that_no_block_makes_are_refused():
    with pytest.raises(OptionError, match="at least 1 block, got 0"):
        make_network("act", {**SMALL, "decoder_blocks": 0})
