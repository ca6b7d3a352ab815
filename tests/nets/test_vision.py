"""Eyes know where they look."""

import pytest
import torch

from millwright.nets.vision import ConvEye, paint_coordinates


def test_coordinates_are_those_of_the_pixels_in_the_whole_picture():
    region = torch.tensor([[0.5, -0.25, 0.1, 0.2], [0.0, 0.0, 1.0, 1.0]])
    painted = paint_coordinates(torch.full((2, 3, 4, 4), 255, dtype=torch.uint8), region)
    assert (painted[:, :3] == 255 / 64 - 2).all()
    torch.testing.assert_close(painted[0, 3, 2], 0.5 + 0.1 * torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    torch.testing.assert_close(painted[0, 4, :, 1], -0.25 + 0.2 * torch.tensor([-0.75, -0.25, 0.25, 0.75]))
    torch.testing.assert_close(painted[1:], paint_coordinates(torch.full((1, 3, 4, 4), 255.0)))


def test_an_eye_keeps_where_things_are():
    torch.manual_seed(0)
    eye = ConvEye(32, 5, (4, 8))
    left, right = torch.zeros(2, 5, 32, 32)
    left[0, 10, 4], right[0, 10, 28] = 1, 1
    seen = eye(torch.stack((left, right)))
    assert seen.shape == (2, eye.num_features) == (2, 8 * 8 * 8)
    assert (seen[0] - seen[1]).abs().max() > 1e-3


def test_a_size_that_cannot_be_halved_is_an_error():
    with pytest.raises(ValueError, match="50 is not a multiple of 4"):
        ConvEye(50, 3, (8, 8))
