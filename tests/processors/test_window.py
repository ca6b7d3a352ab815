"""A fixed part of every image."""

import numpy as np
import pytest
import torch

from millwright.core.errors import OptionError
from millwright.processors.window import Window

IMAGE = "observation.images.wrist"


def test_a_window_of_its_own_size_is_a_plain_cut_of_every_image():
    images = torch.randint(0, 256, (3, 128, 96, 3), dtype=torch.uint8)
    cut = Window(edges=(0.25, 0.5, 0.75, 1.0), size=64)({IMAGE: images[:, :, :, :]})["hand"]
    assert cut.shape == (3, 3, 64, 64)
    whole = Window(edges=(0.0, 0.0, 1.0, 1.0), size=96)({IMAGE: images[:, :96]})["hand"]
    np.testing.assert_array_equal(whole.permute(0, 2, 3, 1), images[:, :96])


def test_a_smaller_one_is_the_mean_of_what_it_covers():
    image = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    image[0, 4:, 2:4] = 200
    cut = Window(edges=(0.25, 0.5, 0.75, 1.0), size=2)({IMAGE: image})["hand"]
    np.testing.assert_array_equal(cut[0, 0], [[200, 0], [200, 0]])


@pytest.mark.parametrize("edges", [(0.5, 0, 0.5, 1), (0, -0.1, 1, 1), (0, 0.6, 1, 0.4)])
def test_edges_that_hold_nothing_or_reach_out_are_refused(edges):
    with pytest.raises(OptionError, match="each pair in order"):
        Window(edges=edges)
