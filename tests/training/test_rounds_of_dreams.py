"""Where dreams begin: as often slow as fast, and less often where there is only grass."""

import pytest
import torch

from millwright.training.rounds_of_dreams import weigh_starts


def test_half_of_all_dreams_begin_as_often_slow_as_fast():
    speeds = torch.cat((torch.zeros(10), torch.full((990,), 1.2)))
    weights = weigh_starts(speeds, torch.zeros(1000))
    assert weights.sum().item() == pytest.approx(1)
    assert weights[:10].sum().item() == pytest.approx(0.5 * 0.01 + 0.5 * 0.5)


def test_grass_all_around_is_where_fewer_dreams_begin():
    off_road = torch.tensor([0.0, 0.5, 0.95])
    weights = weigh_starts(torch.ones(3), off_road)
    torch.testing.assert_close(weights / weights[0], torch.tensor([1.0, 1.0, 0.3]))


def test_any_speed_has_its_chance():
    weights = weigh_starts(torch.tensor([-0.1, 0.0, 5.0]), torch.zeros(3))
    assert (weights > 0).all()
