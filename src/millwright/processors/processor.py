"""Processor: a frozen callable between observations and tensors; some can be undone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from millwright.core.errors import FeatureError

Batch = Mapping[str, Any]
"""Name -> tensor with a batch axis first (a list of str for text)."""


@dataclass(frozen=True)
class Processor(ABC):
    """Adds to a batch, never changes the one it was given. Subclasses are frozen dataclasses.

    Their fields are numbers, texts, (nested) tuples and tensors: all that is needed to write them to a bundle.
    """

    @abstractmethod
    def __call__(self, batch: Batch) -> dict[str, Any]:
        """The batch with this processor's results in it."""


class Invertible(Processor):
    """A processor that can be undone: what turns a network's output into actions makes its targets from actions."""

    @abstractmethod
    def inverse(self) -> Invertible:
        """The processor that undoes this one."""


def need(batch: Batch, name: str) -> Tensor:
    """`batch[name]`.

    Raises:
        FeatureError: it is not there; lists what is.
    """
    try:
        value: Tensor = batch[name]
    except KeyError:
        raise FeatureError(f"the batch has no {name!r}; it has {', '.join(batch) or 'nothing'}") from None
    return value
