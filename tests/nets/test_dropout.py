"""Dropout drops the share that it was given, keeps the mean, and draws from torch's generator."""

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.nets.dropout import Dropout

ONES = torch.ones(1000, 1001)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_is_dropped_and_the_mean_kept(share):
    torch.manual_seed(0)
    left = Dropout(share)(ONES)
    assert (left == 0).float().mean().item() == pytest.approx(share, abs=3e-3)
    assert left.mean().item() == pytest.approx(1, abs=0.01)
    assert left.unique().numel() == 2


def test_neighbours_are_dropped_independently():
    torch.manual_seed(0)
    dropped = (Dropout(0.5)(ONES) == 0).flatten().float() - 0.5
    for lag in (1, 2, 3, 4, 1001):
        assert (dropped[lag:] * dropped[:-lag]).mean().abs() < 2e-3


def test_the_same_seed_drops_the_same_and_gradients_follow():
    torch.manual_seed(3)
    first = Dropout(0.3)(ONES)
    torch.manual_seed(3)
    numbers = ONES.clone().requires_grad_()
    again = Dropout(0.3)(numbers)
    again.sum().backward()
    assert torch.equal(first, again)
    assert torch.equal(numbers.grad, first)


@pytest.mark.parametrize("module", [Dropout(0.0), Dropout(0.5).eval()])
def test_nothing_is_dropped_without_a_share_or_when_acting(module):
    assert module(ONES) is ONES


@pytest.mark.parametrize("share", [-0.1, 1.0, 2.0])
def test_another_share_is_refused(share):
    with pytest.raises(OptionError, match="below 1, got"):
        Dropout(share)
