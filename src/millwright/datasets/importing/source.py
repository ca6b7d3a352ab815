"""Source: what every importer gives, the episodes of another tool's file, one after the other."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from millwright.core.errors import OptionError
from millwright.core.features import Feature
from millwright.core.workers import LAST_SEED

UNKNOWN = "unknown"
"""Unit of numbers of which a file does not say what they are."""


@dataclass(frozen=True)
class Demonstration:
    """One episode of a source."""

    length: int
    columns: Mapping[str, NDArray[Any]]
    """Feature -> (length, *shape), all but the pictures."""
    films: Mapping[str, Iterable[NDArray[Any]]] = field(default_factory=dict)
    """Camera -> frames (height, width, 3), or depth (height, width, 1) m, read when asked for, a block at a time."""
    texts: Sequence[str] = ()
    """The instruction of each frame; empty where the file has none."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What the file says of the whole: `seed`, `success`, ...; columns of the table of episodes."""


def make_verdict(success: Any) -> dict[str, Any]:
    """What is known where a file says no more than that; a failure has no class."""
    return {"success": bool(success), "failure": None if success else UNKNOWN, "verdict": "{}"}


def make_seed(said: Any) -> dict[str, Any]:
    """What a file calls an episode's seed: a whole number that tables hold, or as it is written there."""
    text = str(said).strip()
    if re.fullmatch(r"\d{1,19}", text, re.ASCII) and int(text) <= LAST_SEED:
        return {"seed": int(text)}
    return {"source_seed": text}


class Source(ABC):
    """A file of another tool. What it does not say stays empty; nothing is guessed."""

    kind: str
    """Its name in the table of kinds."""
    features: Mapping[str, Feature]
    """All columns but the standard ones; pictures are uint8 (height, width, 3), even in height and width."""
    labels: Sequence[str]
    """What the file calls its episodes, in their order."""
    fps: float | None = None
    robot_type: str = ""
    splits: Mapping[str, Sequence[int]] = {}
    """Name -> numbers of its episodes; without any, all is `train`."""
    about: Mapping[str, Any] = {}
    """What else the file says of itself, for the lineage."""
    lineage: Any = None
    """Of the dataset that the file was exported from, where it was."""
    notes: Sequence[str] = ()
    """Sentences about what was changed or left out."""

    @abstractmethod
    def load(self, number: int) -> Demonstration:
        """An episode.

        Raises:
            DatasetError: it is damaged, or does not fit the others.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the file."""


@dataclass(frozen=True)
class Wishes:
    """What a file does not say, or what is to be otherwise."""

    fps: int | None = None
    task: str | None = None
    state: tuple[str, ...] = ()
    """Arrays of the file that become `observation.state`, in this order; empty: those that the kind knows."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Feature -> unit."""
    frames: Mapping[str, str] = field(default_factory=dict)
    """Feature -> frame of reference."""
    take: frozenset[int] | None = None
    """Episodes to take; None: all."""
    drop: frozenset[int] = frozenset()
    """Episodes to leave out."""
    left_out: frozenset[str] = frozenset()
    """Features to leave out."""

    def wants(self, number: int) -> bool:
        """An episode is to be imported."""
        return number not in self.drop and (self.take is None or number in self.take)

    def find_first(self, total: int) -> int:
        """The first episode that is wanted; 0 where none is."""
        return next((number for number in range(total) if self.wants(number)), 0)

    @property
    def narrows(self) -> bool:
        """Less than everything is wanted."""
        return self.take is not None or bool(self.drop or self.left_out)

    def check_numbers(self, total: int) -> None:
        """Refuse numbers of episodes that are not there.

        Raises:
            OptionError: there are some.
        """
        for option, numbers in (("--drop", self.drop), ("--episodes", self.take or ())):
            beyond = [number for number in numbers if number >= total]
            if beyond:
                raise OptionError(f"{option} {min(beyond)}: there are {total} episodes, 0 to {total - 1}")
