"""A box covers the pixels it covers, to the fraction."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.nets.boxes import compute_distances, cover_box, draw_box

unit = st.floats(0, 1, width=32)


@settings(max_examples=50, deadline=None)
@given(unit, unit, unit, unit)
def test_the_cover_adds_up_to_the_area_of_the_box(a, b, c, d):
    box = torch.tensor([[min(a, b), min(c, d), max(a, b), max(c, d)]])
    cover = cover_box(box, 8)
    assert cover.shape == (1, 1, 8, 8)
    assert cover.sum().item() == pytest.approx(64 * abs(b - a) * abs(d - c), abs=1e-3)
    assert cover.min() >= 0
    assert cover.max() <= 1 + 1e-6


def test_x_goes_across_and_y_goes_down():
    cover = cover_box(torch.tensor([[0.5, 0.0, 1.0, 0.25]]), 4)[0, 0]
    assert cover.tolist() == [[0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_a_box_outside_the_picture_covers_nothing_and_draws_nothing():
    outside = torch.tensor([[1.5, 0.2, 1.9, 0.6]])
    assert not cover_box(outside, 8).any()
    image = torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8)
    assert torch.equal(draw_box(image, outside), image.float())


def test_the_frame_is_green_and_what_it_holds_is_as_it_was():
    image = torch.full((1, 3, 16, 16), 100, dtype=torch.uint8)
    drawn = draw_box(image, torch.tensor([[4, 4, 12, 12]]) / 16)[0]
    assert drawn[:, 4, 8].tolist() == drawn[:, 3, 8].tolist() == [0, 255, 0]
    assert (drawn[:, 5:11, 5:11] == 100).all()
    assert (drawn[:, :3] == 100).all()


def test_a_box_thinner_than_the_line_is_drawn_full():
    drawn = draw_box(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), torch.tensor([[0.5, 0.5, 0.5, 0.5]]))[0]
    assert (drawn[1, 3:5, 3:5] == 255).all()
    assert drawn.sum() == 4 * 255


def test_distances_are_zero_inside_and_grow_outside_row_by_row():
    distances = compute_distances(torch.tensor([[0.0, 0.0, 0.5, 0.5]]), 2)
    torch.testing.assert_close(distances, torch.tensor([[0.0, 0.25, 0.25, 0.25 * 2**0.5]]))
    beside = compute_distances(torch.tensor([[0.75, 0.0, 1.0, 1.0]]), 4).view(4, 4)
    torch.testing.assert_close(beside, torch.tensor([0.625, 0.375, 0.125, 0.0]).expand(4, 4))
