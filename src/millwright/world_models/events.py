"""Events: what a step brings beside the next latent, and how wrong that was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss, softplus

from millwright.world_models.world_model import Outcome, average


class Events(nn.Module):
    """Three numbers from features: tiles reached, ground off the road, the episode's end."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.head = nn.Linear(inputs, 3)

    def forward(self, features: Tensor) -> Tensor:
        """(..., inputs) -> (..., 3), for `decode` and `compute_losses`."""
        made: Tensor = self.head(features)
        return made


def decode(events: Tensor) -> Outcome:
    """(batch, 3) -> what that means."""
    tiles, off_road, done = events.float().unbind(-1)
    return Outcome(softplus(tiles), torch.sigmoid(off_road), torch.sigmoid(done), torch.zeros_like(tiles))


def compute_losses(events: Tensor, batch: Mapping[str, Any], steps: slice) -> dict[str, Tensor]:
    """Of some steps of the batch's sequences, events (batch, steps, 3)."""
    tiles, off_road, done = events.float().unbind(-1)
    weight = batch["weight"][:, steps]

    def told(name: str) -> Tensor:
        values: Tensor = batch[name][:, steps]
        return values

    return {
        "tiles": average(mse_loss(softplus(tiles), told("tiles"), reduction="none"), weight),
        "off_road": average(binary_cross_entropy_with_logits(off_road, told("off_road"), reduction="none"), weight),
        "done": average(binary_cross_entropy_with_logits(done, told("done"), reduction="none"), weight),
    }
