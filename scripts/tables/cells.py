"""Cells that several tables have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Result = dict[str, Any]
Results = dict[Path, Result]
"""File -> what is in it."""


def list_failures(failures: dict[str, int]) -> str:
    """`3 collision, 1 slip`, or `none`."""
    return ", ".join(f"{count} {name}" for name, count in failures.items()) or "none"


def show_interval(interval: Sequence[float]) -> str:
    """`1.2% to 3.4%`."""
    low, high = interval
    return f"{low:.1%} to {high:.1%}"


def name_results(title: str, results: Results) -> list[str]:
    """A title, linked to its file where there is only one, and the scenes."""
    only = next(iter(results))
    told = title if len(results) > 1 else f"[{title}](results/{only.name})"
    return [told, ", ".join(sorted({values["seeds"] for values in results.values()}))]


def make_rule(columns: int) -> str:
    """The line below a table's head."""
    return f"|{' --- |' * columns}"


def make_row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"
