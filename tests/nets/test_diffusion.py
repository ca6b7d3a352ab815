"""Noise that is known can be taken away, in as few steps as one likes."""

import pytest
import torch

from millwright.nets.diffusion import add_noise, compute_signal, sample_ddim

SIGNAL = compute_signal(100)


def test_the_signal_falls_from_nearly_all_to_nearly_nothing():
    assert SIGNAL.shape == (100,)
    assert (SIGNAL.diff() < 0).all()
    assert SIGNAL[0] > 0.999
    assert 0 < SIGNAL[-1] < 1e-5
    # Nichol and Dhariwal 2021, equation 17, half way.
    assert SIGNAL[49].item() == pytest.approx(0.4939, abs=1e-3)


def test_noising_keeps_the_variance():
    clean, noise = torch.randn(2000, 4, 5), torch.randn(2000, 4, 5)
    for step in (0, 50, 99):
        noisy = add_noise(clean, noise, SIGNAL[step].expand(2000))
        assert noisy.std().item() == pytest.approx(1, abs=0.02)
    torch.testing.assert_close(add_noise(clean, noise, torch.ones(2000)), clean)
    torch.testing.assert_close(add_noise(clean, noise, torch.zeros(2000)), noise)


@pytest.mark.parametrize("num_steps", [1, 2, 8, 100])
def test_a_perfect_prediction_leads_to_the_clean_sample(num_steps):
    clean = torch.randn(3, 4, 5)

    def predict(noisy, step):
        share = SIGNAL[step].view(-1, 1, 1)
        return (noisy - share.sqrt() * clean) / (1 - share).sqrt()

    found = sample_ddim(predict, torch.randn(3, 4, 5), SIGNAL, num_steps, limit=9)
    torch.testing.assert_close(found, clean, atol=1e-3, rtol=1e-3)


def test_each_step_is_asked_about_the_clean_sample_with_less_of_the_same_noise():
    clean, noise = torch.randn(2, 3, 4, 5).unbind(0)

    def predict(noisy, step):
        torch.testing.assert_close(noisy, add_noise(clean, noise, SIGNAL[step]), atol=1e-4, rtol=1e-4)
        return noise

    start = add_noise(clean, noise, SIGNAL[75].expand(3))
    torch.testing.assert_close(sample_ddim(predict, start, SIGNAL, 4, limit=9), clean, atol=1e-4, rtol=1e-4)


def test_a_wrong_prediction_is_kept_within_the_limit():
    found = sample_ddim(lambda noisy, step: noisy * 0 + 50, torch.randn(3, 4, 5), SIGNAL, 8, limit=2.0)
    assert found.abs().max() <= 2


def test_steps_are_evenly_spaced_and_end_at_the_first():
    asked = []
    sample_ddim(lambda noisy, step: asked.append(step.tolist()) or noisy, torch.randn(2, 4, 5), SIGNAL, 4, limit=2.0)
    assert asked == [[75, 75], [50, 50], [25, 25], [0, 0]]
