"""Network: what learns to predict a chunk of actions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from millwright.nets.trainable import Trainable

FIRST = "first."
"""Before an input's name: its value when the episode began."""


class Network(Trainable):
    """Knows nothing of units, frames or robots: the pipeline around it does. Built as `Kind(Kind.Config(...))`."""

    Config: ClassVar[type[Any]]
    """A frozen dataclass of numbers, texts and tuples: with the weights, all there is to know about a network."""
    config: Any

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """What it reads from a batch, besides `target` when it learns; `first.NAME` is what `NAME` was at the start."""

    @property
    def remembered(self) -> tuple[str, ...]:
        """The inputs whose value at an episode's start it goes on reading, as `first.NAME`."""
        return tuple(name.removeprefix(FIRST) for name in self.inputs if name.startswith(FIRST))

    @abstractmethod
    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        """Predict `target` (batch, length, dof) from the inputs; a drawn one where the network is generative."""
