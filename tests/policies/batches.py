"""Batches as an eye on a crop of 16 px gets them."""

import torch


def make_batch(count=4, seed=0, length=4):
    """Inputs and targets; the first rows of a larger batch of the same seed are others."""
    generator = torch.Generator().manual_seed(seed)
    return {
        "crop": torch.randint(0, 256, (count, 3, 16, 16), generator=generator, dtype=torch.uint8),
        "region": torch.rand((count, 4), generator=generator) - 0.5,
        "proprio": torch.randn((count, 6), generator=generator),
        "target": torch.randn((count, length, 5), generator=generator),
    }
