"""Averages of weights: steadier than the last ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


class EMA:
    """Exponential moving average of a module's state; it forgets faster at the start: min(decay, (1 + n) / (10 + n)).

    Buffers that are not floating-point are copied.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def update(self, module: nn.Module, num_updates: int) -> None:
        """Take in the module's state after its update number `num_updates`, counted from 1."""
        weight = 1 - min(self.decay, (1 + num_updates) / (10 + num_updates))
        averages, values = [], []
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                averages.append(self.state[name])
                values.append(value)
            else:
                self.state[name].copy_(value)
        torch._foreach_lerp_(averages, values, weight)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a saved average."""
        for name, value in self.state.items():
            value.copy_(state[name])


def average_weights(modules: Sequence[nn.Module]) -> dict[str, Tensor]:
    """The mean of the states of modules that differ in their numbers alone."""
    states = [module.state_dict() for module in modules]
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
