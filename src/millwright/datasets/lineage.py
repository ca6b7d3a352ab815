"""Lineage: what a dataset was made from and how, in its info.json; digests of content name the sources."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from millwright.core.manifest import compute_digest

LINEAGE = "lineage"
"""Key of info.json; LeRobot ignores it."""


@dataclass(frozen=True)
class Source:
    """A dataset that episodes came from."""

    name: str
    digest: str
    episodes: str
    """Numbers there, half-open ranges in the order they are here: `0:4, 9:10`."""
    lineage: Any = None
    """Its own, where it has one."""


@dataclass(frozen=True)
class Lineage:
    """One operation and what it worked on."""

    operation: str
    sources: tuple[Source, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compute_content_digest(root: Path) -> str:
    """sha256 over the data, videos and metadata of a dataset: equal exactly when the files are."""
    paths = sorted(path for folder in ("data", "meta", "videos") for path in (root / folder).rglob("*.*"))
    lines = [f"{path.relative_to(root)}:{compute_digest(path)}\n" for path in paths if path.is_file()]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def compute_source_digest(path: Path) -> str:
    """sha256 of another tool's file, or of all files of a folder."""
    if path.is_file():
        return compute_digest(path)
    paths = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{file.relative_to(path)}:{compute_digest(file)}\n" for file in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def format_numbers(numbers: list[int]) -> str:
    """Numbers in their order as half-open ranges."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] += 1
        else:
            ranges.append([number, number + 1])
    return ", ".join(f"{first}:{stop}" for first, stop in ranges)
