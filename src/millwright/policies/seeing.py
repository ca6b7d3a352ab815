"""Seeing: what networks with an `Eye` have in common: what they see, and the numbers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from millwright.nets.eye import Eye, EyeConfig
from millwright.nets.mlp import MLP
from millwright.policies.network import Network


@dataclass(frozen=True)
class SeeingConfig(EyeConfig):
    """The eye, the numbers beside it, and the chunk to predict."""

    length: int = 16
    dof: int = 5
    proprio: int = 6
    proprio_widths: tuple[int, ...] = (64, 64)


class Seeing(Network):
    """A network with an eye and a body.

    Reads what the eye's routing needs, and `proprio` (batch, proprio).
    """

    Config = SeeingConfig
    config: SeeingConfig

    def __init__(self, config: SeeingConfig) -> None:
        super().__init__()
        self.config = replace(config, weights="")  # from here on they are the network's own, and travel in its bundle
        self.eye = Eye(config)
        self.body = MLP(config.proprio, config.proprio_widths, activate_last=True)
        self.num_seen = self.eye.num_features + self.body.num_features

    @property
    def inputs(self) -> tuple[str, ...]:
        return (*self.eye.inputs, "proprio")

    def see(self, batch: Mapping[str, Any]) -> Tensor:
        """All that is seen and known as one vector (batch, num_seen)."""
        return torch.cat((self.eye(batch).flatten(1), self.body(batch["proprio"])), 1)
