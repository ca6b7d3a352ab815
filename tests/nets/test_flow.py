"""A straight way is followed exactly, in any number of steps."""

import pytest
import torch

from millwright.nets.flow import integrate_euler, move_towards


def test_the_way_begins_in_noise_and_ends_in_the_sample():
    noise, clean = torch.randn(2, 3, 4, 5).unbind(0)
    assert torch.equal(move_towards(noise, clean, torch.zeros(3)), noise)
    torch.testing.assert_close(move_towards(noise, clean, torch.ones(3)), clean)
    half = move_towards(noise, clean, torch.tensor([0.5, 0.0, 1.0]))
    torch.testing.assert_close(half, torch.stack(((noise[0] + clean[0]) / 2, noise[1], clean[2])))


@pytest.mark.parametrize("num_steps", [1, 2, 8])
def test_the_true_velocity_leads_to_the_sample(num_steps):
    noise, clean = torch.randn(2, 3, 4, 5).unbind(0)

    def velocity(sample, time):
        return (clean - sample) / (1 - time.view(-1, 1, 1))

    torch.testing.assert_close(integrate_euler(velocity, noise, num_steps), clean, atol=1e-5, rtol=1e-5)


def test_euler_comes_closer_to_a_curve_with_more_steps():
    start = torch.ones(1, 1, 1)
    errors = [abs(integrate_euler(lambda x, t: x, start, steps).item() - 2.7182818) for steps in (2, 8, 32)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
