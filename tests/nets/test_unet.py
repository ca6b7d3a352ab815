"""A U-Net answers in the shape it is asked in, and hears what it is told."""

import pytest
import torch

from millwright.core.errors import OptionError
from millwright.nets.unet import ConditionalUnet, embed_time


@pytest.mark.parametrize(("widths", "length"), [((8,), 3), ((8, 16), 4), ((8, 16, 24), 16)])
def test_the_answer_has_the_shape_of_the_chunk(widths, length):
    unet = ConditionalUnet(5, 6, widths)
    assert unet(torch.randn(2, length, 5), torch.rand(2), torch.randn(2, 6)).shape == (2, length, 5)


def test_time_and_condition_change_the_answer_and_other_rows_do_not():
    unet, chunk = ConditionalUnet(5, 6, (8, 16)), torch.randn(3, 8, 5)
    time, condition = torch.tensor([0.1, 0.5, 0.9]), torch.randn(3, 6)
    answer = unet(chunk, time, condition)
    assert (unet(chunk, time + 0.05, condition) - answer).abs().amax((1, 2)).min() > 1e-4
    assert (unet(chunk, time, condition + 1) - answer).abs().amax((1, 2)).min() > 1e-4
    torch.testing.assert_close(unet(chunk[:1], time[:1], condition[:1]), answer[:1])


def test_the_first_action_hears_of_the_last_one():
    unet, chunk = ConditionalUnet(5, 6, (8, 16)), torch.randn(1, 16, 5)
    other = chunk.clone()
    other[0, 15] += 1
    time, condition = torch.rand(1), torch.randn(1, 6)
    assert (unet(chunk, time, condition) - unet(other, time, condition))[0, 0].abs().max() > 1e-6


def test_times_are_told_apart():
    embedded = embed_time(torch.linspace(0, 1, 101), 64)
    distances = torch.cdist(embedded, embedded) + torch.eye(101) * 9
    assert distances.min() > 0.1


def test_lengths_and_widths_that_do_not_fit_say_what_would():
    with pytest.raises(OptionError, match="chunks of a multiple of 4 actions, got 10; choose another length or fewer"):
        ConditionalUnet(5, 6, (8, 8, 8))(torch.randn(1, 10, 5), torch.rand(1), torch.randn(1, 6))
    with pytest.raises(OptionError, match=r"multiples of 8, got \(8, 12\)"):
        ConditionalUnet(5, 6, (8, 12))
