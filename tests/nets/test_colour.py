"""The colour of what was pointed at."""

import torch

from millwright.nets.colour import FoundColour, compute_likeness
from millwright.nets.vision import paint_coordinates


def make_crops(count, off=0):
    """Grey pictures with a red square `off` pixels beside the middle, their colour jittered."""
    crops = torch.full((count, 3, 16, 16), 128.0)
    crops[:, 0, 6:10, 6 + off : 10 + off] = 220
    crops[:, 1:, 6:10, 6 + off : 10 + off] = 20
    return crops


def test_untaught_it_looks_into_the_middle_and_finds_what_lies_there():
    found, wanted = FoundColour(reach=0.1)(make_crops(2)), torch.tensor([220 / 64 - 2, 20 / 64 - 2, 20 / 64 - 2])
    assert torch.allclose(found, wanted.expand(2, 3), atol=0.2)


def test_the_loss_of_what_follows_teaches_it_to_find_what_lies_beside_the_middle():
    torch.manual_seed(0)
    finder, wanted = FoundColour(), torch.tensor([220 / 64 - 2, 20 / 64 - 2, 20 / 64 - 2])
    optimiser = torch.optim.Adam(finder.parameters(), 1e-2)
    crops = torch.cat([make_crops(8, off) for off in (-5, -4, 4, 5)])
    before = (finder(crops) - wanted).abs().max().item()
    for _ in range(60):
        optimiser.zero_grad()
        (finder(crops) - wanted).square().sum(1).mean().backward()
        optimiser.step()
    assert (finder(crops) - wanted).abs().max().item() < 0.2 * before


def test_likeness_is_one_for_the_very_colour_and_small_elsewhere():
    painted = paint_coordinates(make_crops(1))[:, :3]
    like = compute_likeness(painted, painted[:, :, 8, 8])
    assert like.shape == (1, 1, 16, 16)
    assert torch.equal(like[0, 0] > 0.5, make_crops(1)[0, 0] > 200)
    assert like[0, 0, 8, 8] == 1
