"""Recipe: what every experiment has in common, and a clock for its stages."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console


class Recipe(ABC):
    """A frozen dataclass whose fields are everything one may change; `run` goes on where it was stopped."""

    about: ClassVar[str]

    @abstractmethod
    def run(self, out: Path) -> dict[str, Any]:
        """Do all of it in the folder `out`; returns (and writes to `out/summary.json`) what came out."""


class StageClock:
    """Wall time of stages, kept in a file so that a run that was stopped adds up."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.seconds: dict[str, float] = json.loads(file.read_text()) if file.is_file() else {}
        self._console = Console(stderr=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._console.rule(name, align="left")
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started
            self._file.write_text(json.dumps(self.seconds, indent=2))
