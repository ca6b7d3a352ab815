"""Recipe: what every experiment has in common, and a clock for its stages."""

from __future__ import annotations

import fcntl
import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from millwright.core.errors import OptionError, RecipeError

COUNTS = ("workers", "samples", "batch_size")
"""Fields of recipes that have to be 1 or more."""


@dataclass(frozen=True)
class Recipe(ABC):
    """A frozen dataclass whose fields are everything one may change; `run` goes on where it was stopped."""

    about: ClassVar[str]
    may_change: ClassVar[frozenset[str]] = frozenset({"seeds", "workers"})
    """Fields that change nothing of what a folder already holds, so that they may differ when it is taken up again."""

    @abstractmethod
    def run(self, out: Path) -> dict[str, Any]:
        """Do all of it in the folder `out`; returns (and writes to `out/summary.json`) what came out."""


def claim_folder(recipe: Recipe, out: Path) -> None:
    """Make `out` and write the recipe's fields into `out/fields.json`, or compare them with those it was begun with.

    Raises:
        RecipeError: a field that decides what is in `out` had another value; names each. Or the file is damaged.
        OptionError: no workers, or no samples; nothing is made.
    """
    values = _list_fields(recipe)
    for name in COUNTS:
        if values.get(name, 1) < 1:
            raise OptionError(f"{name} must be at least 1, got {values[name]}")
    out.mkdir(parents=True, exist_ok=True)
    file = out / "fields.json"
    fields = {name: value for name, value in values.items() if name not in recipe.may_change}
    if not file.is_file():
        write_json(file, fields)
        return
    before = read_json(file, "give another --out")
    if differing := [name for name in fields if fields[name] != before.get(name)]:
        told = ", ".join(f"{name} was {before.get(name)!r}, is {fields[name]!r}" for name in differing)
        raise RecipeError(f"{out} was begun with other fields ({told}); give those again, or another --out")


@contextmanager
def keep_alone(out: Path) -> Iterator[None]:
    """Hold a folder for one run: two would count each other's steps and write each other's files.

    The system lets go of it when the process dies. A folder in which nothing came to be is not left behind.

    Raises:
        RecipeError: another process runs there.
    """
    out.mkdir(parents=True, exist_ok=True)
    held = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecipeError(f"another run goes on in {out}; wait until it ends, or give another --out") from None
        try:
            yield
        finally:
            if not any(out.iterdir()):
                out.rmdir()
    finally:
        os.close(held)


def describe_command(name: str, recipe: Recipe) -> str:
    """The command that does this recipe again: the options that are not the usual ones, and the scenes."""
    usual, words = _list_fields(type(recipe)()), []
    for field, value in _list_fields(recipe).items():
        option = field.replace("_", "-")
        if field == "workers" or (value == usual[field] and field != "seeds"):
            continue
        words += (
            [f"--{option if value else f'no-{option}'}"] if isinstance(value, bool) else [f"--{option}", f"{value}"]
        )
    return " ".join(["millwright run", name, *words])


def _list_fields(recipe: Recipe) -> dict[str, Any]:
    return dict(asdict(recipe))


def write_json(file: Path, values: Any) -> None:
    """Write a JSON file whole or not at all, also when the disk is full."""
    draft = file.with_name(f"{file.name}.part")
    draft.write_text(json.dumps(values, indent=2))
    draft.replace(file)


def read_json(file: Path, remedy: str) -> Any:
    """What `write_json` wrote.

    Raises:
        RecipeError: the file is damaged; ends with the remedy.
    """
    try:
        return json.loads(file.read_text())
    except ValueError as error:
        raise RecipeError(f"{file} cannot be read ({error}); {remedy}") from error


class StageClock:
    """Wall time of stages, and CPU time of this process, kept in a file so that a run that was stopped adds up.

    Raises:
        RecipeError: the file is damaged.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        begun: dict[str, Any] = {"seconds": {}, "cpu_seconds": {}}
        kept = read_json(file, "delete it to count from nothing") if file.is_file() else begun
        self.seconds: dict[str, float] = kept["seconds"]
        self.cpu_seconds: dict[str, float] = kept["cpu_seconds"]
        self._console = Console(stderr=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._console.rule(name, align="left")
        started, busy = time.monotonic(), time.process_time()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started
            self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + time.process_time() - busy
            write_json(self._file, {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds})
