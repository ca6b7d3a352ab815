"""Network: what learns to predict a chunk of actions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from millwright.nets.trainable import Trainable


class Network(Trainable):
    """Knows nothing of units, frames or robots: the pipeline around it does. Built as `Kind(Kind.Config(...))`."""

    Config: ClassVar[type[Any]]
    """A frozen dataclass of numbers, texts and tuples: with the weights, all there is to know about a network."""
    config: Any

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """What it reads from a batch, besides `target` when it learns."""

    @abstractmethod
    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        """Predict `target` (batch, length, dof) from the inputs; a drawn one where the network is generative."""
