"""Network: what learns to predict a chunk of actions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from millwright.nets.trainable import Trainable

FIRST = "first."
"""Before an input's name: its value when the episode began."""
PAST = "past."
"""Before a name: its values of earlier frames (batch, frames, ...), oldest first; the first frame's, before there were
as many."""


class Network(Trainable):
    """Knows nothing of units, frames or robots: the pipeline around it does. Built as `Kind(Kind.Config(...))`."""

    Config: ClassVar[type[Any]]
    """A frozen dataclass of numbers, texts and tuples: with the weights, all there is to know about a network."""
    config: Any

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """What it reads from a batch, besides `target` when it learns.

        `first.NAME` is what `NAME` was at the start, `past.NAME` what it was before. When acting, the batch holds
        `past.NAME` for each name in `kept` instead, among them features that need not be made again.
        """

    @property
    def labels(self) -> tuple[str, ...]:
        """What `loss` reads from a batch beside the inputs and `target`; where it is not known, NaN."""
        return ()

    @property
    def remembered(self) -> tuple[str, ...]:
        """The inputs whose value at an episode's start it goes on reading, as `first.NAME`."""
        return tuple(name.removeprefix(FIRST) for name in self.inputs if name.startswith(FIRST))

    @property
    def kept(self) -> Mapping[str, int]:
        """Inputs, and features that `look` gives, of which later calls read earlier ones as `past.NAME`: how many."""
        return {}

    def look(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Features of the newest frame alone, by name; `sample` makes those that the batch lacks."""
        return {}

    def carry(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """What the newest frame makes of what was kept, as a recurrent layer does; it is there for `sample`, and kept.

        In an episode's first call `past.NAME` is what `look` says of `NAME`.
        """
        return {}

    @abstractmethod
    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        """Predict `target` (batch, length, dof) from the inputs; a drawn one where the network is generative."""
