"""Where dreams begin: as often slow as fast, and less often where there is only grass; and how hot they are."""

from dataclasses import replace

import pytest
import torch

from millwright.policies.networks import make_network
from millwright.training.evolution import EvolutionConfig
from millwright.training.imagination import ImaginationConfig
from millwright.training.rounds_of_dreams import DreamingConfig, learn_round, weigh_starts
from tests.training.test_drives import make_drive

QUICK = DreamingConfig(
    vae_samples=8, world_samples=8, sequence=4, batch_size=4, world_batch=4, first=1, rollouts=2, horizon=3,
    imagination=ImaginationConfig(updates=2, batch=4, steps=2), evolution=EvolutionConfig(generations=2, population=4),
)  # fmt: skip


@pytest.mark.parametrize("widths", [(), (8,)])
def test_dreams_of_a_search_and_of_an_actor_are_as_hot_as_they_are_asked_to_be(widths, tmp_path):
    def learn(name, temperature):
        sizes = {"vae": "light", "world": "mdn-rnn", "memory": 8, "widths": widths}
        network = make_network("latent-controller", sizes, 0)
        config = replace(QUICK, imagination=replace(QUICK.imagination, temperature=temperature))
        return learn_round(network, [make_drive(12)], config, tmp_path / name, number=0, seed=0)

    cool, again, hot = learn("cool", 0.5), learn("again", 0.5), learn("hot", 2.0)
    assert cool == again
    changed = {name for name in cool if cool[name] != hot[name]}
    assert changed
    assert all(name.startswith("dreamed_") for name in changed)


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
