"""Pictures as numbers and back: sizes, losses, and that it learns."""

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.world_models.vae import DOCUMENT, Vae, VaeConfig


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_documents_preset_has_the_published_layers():
    vae = Vae(DOCUMENT)
    pictures = torch.rand(2, 3, 64, 64)
    assert DOCUMENT.squares == (31, 14, 6, 2)
    assert vae.encode(pictures)[0].shape == (2, 32)
    assert vae.decode(torch.zeros(2, 32)).shape == pictures.shape
    assert count(vae) == 4_348_547


def test_a_decoder_that_begins_at_two_by_two_makes_other_pictures():
    with pytest.raises(OptionError, match="32"):
        VaeConfig(kernels=(4, 4, 6))


def test_the_default_is_light():
    assert count(Vae(VaeConfig())) < 200_000


def test_the_divergence_is_that_of_two_gaussians():
    torch.manual_seed(0)
    vae, pictures = Vae(VaeConfig()), torch.rand(3, 1, 32, 32)
    mean, log_variance = vae.encode(pictures)
    code = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    wanted = torch.distributions.kl_divergence(code, standard).sum(1).mean()
    torch.testing.assert_close(vae.loss({"image": pictures})["kl"], wanted)


def test_bytes_are_taken_for_shares_of_255():
    vae = Vae(VaeConfig())
    pictures = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    torch.testing.assert_close(vae.encode(pictures)[0], vae.encode(pictures.float() / 255)[0])


def test_it_learns_to_tell_pictures_apart():
    torch.manual_seed(0)
    vae = Vae(VaeConfig(channels=(8, 16, 16), decoder=(16, 16, 8)))
    edges = torch.randint(4, 28, (64,))
    pictures = (torch.arange(32)[None] >= edges[:, None]).float()[:, None, None].expand(64, 1, 32, 32)
    optimiser = torch.optim.Adam(vae.parameters(), 3e-3)
    first = vae.loss({"image": pictures})["squared"].item()
    for _ in range(120):
        optimiser.zero_grad()
        vae.loss({"image": pictures})["loss"].backward()
        optimiser.step()
    assert vae.loss({"image": pictures})["squared"].item() < 0.15 * first
