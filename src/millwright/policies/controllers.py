"""Controllers: what a world's state makes a car do."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from millwright.nets.mlp import MLP

BRAKE_BIAS = -2.0
"""Before any learning a car brakes with an eighth of its force."""


def squash(raw: Tensor) -> Tensor:
    """(..., 3) any numbers -> steering -1..1, throttle 0..1, brake 0..1."""
    steering, throttle, brake = raw.unbind(-1)
    return torch.stack((torch.tanh(steering), torch.sigmoid(throttle), torch.sigmoid(brake + BRAKE_BIAS)), -1)


class Controller(nn.Module):
    """What was read of a state (batch, code + scalars + memory) -> actions (batch, 3).

    Args:
        code, scalars, memory: how many numbers of each there are to read.
        widths: of its hidden layers; none: it is linear and does not use the scalars, as the published one, whose 867
            numbers are (32 + 256) x 3 + 3.
        blank: use no memory (a control).
    """

    def __init__(
        self, code: int, scalars: int, memory: int, widths: Sequence[int] = (), *, blank: bool = False
    ) -> None:
        super().__init__()
        self.linear = not widths
        self._code, self._latent = code, code + scalars
        self._blank = blank
        inputs = code + (0 if self.linear else scalars) + (0 if blank else memory)
        self.layers = MLP(inputs, (*widths, 3))
        last = self.layers.layers[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.zero_()

    def select(self, read: Tensor) -> Tensor:
        """What it uses of (..., code + scalars + memory)."""
        seen = read[..., : self._code if self.linear else self._latent]
        return seen if self._blank else torch.cat((seen, read[..., self._latent :]), -1)

    def forward(self, read: Tensor) -> Tensor:
        return squash(self.layers(self.select(read)))
