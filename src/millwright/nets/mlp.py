"""A multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


class MLP(nn.Sequential):
    """Linear layers with ReLU between them; the last is linear unless `activate_last`."""

    def __init__(self, inputs: int, widths: Sequence[int], *, activate_last: bool = False) -> None:
        layers: list[nn.Module] = []
        for before, after in zip((inputs, *widths), widths, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU(inplace=True)]
        super().__init__(*(layers if activate_last else layers[:-1]))
        self.num_features = widths[-1]
