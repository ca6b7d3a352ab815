"""Counting: every number once, in its part, learned or not."""

from torch import nn

from millwright.nets.parameters import Count, count_parameters, tell_parameters


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.eye = nn.Linear(3, 4).requires_grad_(False)
        self.head = nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 1, bias=False).requires_grad_(False))
        self.scale = nn.Parameter(nn.Linear(1, 1).weight.detach())


def test_each_part_has_what_it_learns_and_what_it_does_not():
    counts = count_parameters(Two())
    assert counts == {"itself": Count(1, 0), "eye": Count(0, 16), "head": Count(10, 2)}


def test_the_largest_part_comes_first_and_the_sum_last():
    rows = tell_parameters(count_parameters(Two())).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["eye", "head", "itself", "together"]
    assert rows[-1] == "| together | 11 | 18 |"
