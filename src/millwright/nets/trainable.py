"""Trainable: what the one training loop asks of a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn


class Trainable(nn.Module, ABC):
    """A module that knows its own loss: policies, world models, probes."""

    @abstractmethod
    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Scalar losses of a batch; `loss` is the one to descend, the others are reported beside it."""
