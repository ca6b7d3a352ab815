"""Reference: what the dataset's environment would say; handed in, because datasets know no environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import MillwrightError
from millwright.core.facts import restore_facts
from millwright.core.judging import Judge
from millwright.datasets.folder import Entry


@dataclass(frozen=True)
class Reference:
    """Of one environment."""

    judge: Judge
    make_facts: Callable[[dict[str, NDArray[Any]], tuple[str, ...]], Any] = restore_facts
    """One tick's `facts.*` arrays and the objects' names -> facts."""
    action_low: NDArray[np.float32] | None = None
    action_high: NDArray[np.float32] | None = None


FindReference = Callable[[Mapping[str, Any]], Reference | None]
"""An episode's provenance -> its environment's reference; None where there is none."""


class References:
    """References by provenance, each made once."""

    def __init__(self, find: FindReference) -> None:
        self._find = find
        self._made: dict[str, Reference | None] = {}

    def get(self, entry: Entry) -> Reference | None:
        """That of an episode."""
        text = entry.known.get("provenance")
        if not text:
            return None
        if text not in self._made:
            self._made[text] = self._read(text)
        return self._made[text]

    def _read(self, text: str) -> Reference | None:
        """None, too, for a provenance that cannot be read or whose environment has changed: then nobody can judge."""
        try:
            provenance = json.loads(text)
            return self._find(provenance) if isinstance(provenance, dict) else None
        except (ValueError, TypeError, MillwrightError):
            return None


def know_nothing(provenance: Mapping[str, Any]) -> None:
    """A `FindReference` for those who have no environment."""
