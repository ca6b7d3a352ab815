"""Check: sees every episode of a dataset once, in order, and keeps no more than it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from millwright.datasets.findings import Finding
from millwright.datasets.folder import Columns, Entry


class Check(ABC):
    """Looks for one kind of fault."""

    @abstractmethod
    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        """What is wrong with an episode; `columns` holds those that are as declared, at least one frame long."""

    def finish(self) -> Iterator[Finding]:
        """What is wrong with the whole, after the last episode."""
        return iter(())
