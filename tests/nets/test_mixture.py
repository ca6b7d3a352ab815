"""Mixtures of Gaussians against independent arithmetic."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from millwright.nets.mixture import LOG_STD, Mixture, compute_mean, compute_nll, sample_mixture, split_mixture


def make_mixture(seed=0, shape=(3, 4), components=5):
    generator = torch.Generator().manual_seed(seed)
    return Mixture(*(torch.randn((*shape, components), generator=generator) for _ in range(3)))


def test_the_likelihood_is_that_of_scipy():
    mixture = make_mixture()
    target = torch.randn(3, 4)
    weights = torch.softmax(mixture.logits.double(), -1).numpy()
    density = norm.pdf(target.numpy()[..., None], mixture.means.numpy(), np.exp(mixture.log_stds.double().numpy()))
    np.testing.assert_allclose(compute_nll(mixture, target).numpy(), -np.log((weights * density).sum(-1)), rtol=1e-4)


def test_far_from_every_component_the_loss_is_large_and_finite():
    mixture = make_mixture()._replace(log_stds=torch.full((3, 4, 5), LOG_STD[0]))
    mixture.means.requires_grad_()
    loss = compute_nll(mixture, torch.full((3, 4), 50.0)).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(mixture.means.grad).all()


def test_draws_have_the_mean_and_the_spread_of_the_mixture():
    mixture = Mixture(*(part.expand(200_000, 1, 5) for part in make_mixture(shape=(1, 1))))
    draws = sample_mixture(mixture, generator=torch.Generator().manual_seed(0))
    mean = compute_mean(mixture)[0, 0]
    weights = torch.softmax(mixture.logits[0, 0], -1)
    variance = (weights * (mixture.log_stds[0, 0].exp() ** 2 + mixture.means[0, 0] ** 2)).sum() - mean**2
    assert draws.mean().item() == pytest.approx(mean.item(), abs=0.02)
    assert draws.std().item() == pytest.approx(variance.sqrt().item(), rel=0.02)


def test_a_low_temperature_stays_with_the_weightiest():
    mixture = make_mixture(shape=(1, 1))
    likeliest = mixture.means[0, 0, mixture.logits[0, 0].argmax()]
    assert sample_mixture(mixture, 0.0).item() == likeliest
    many = Mixture(*(part.expand(2000, 1, 5) for part in mixture))
    spreads = [sample_mixture(many, temperature).std().item() for temperature in (0.01, 1.0, 2.0)]
    assert spreads == sorted(spreads)


def test_a_rows_numbers_become_the_mixture_of_each_dimension():
    values = torch.arange(2 * 3 * 5.0).view(1, -1) / 10
    mixture = split_mixture(values, 5)
    assert mixture.means.shape == (1, 2, 5)
    torch.testing.assert_close(mixture.means[0, 1], values[0, 20:25])
    torch.testing.assert_close(mixture.logits[0, 0], values[0, :5])
    assert split_mixture(values * 100, 5).log_stds.max() == LOG_STD[1]
