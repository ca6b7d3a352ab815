"""Episodes that are frame by frame the same, found by digests of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from millwright.datasets.access import EpisodeReader
from millwright.datasets.checks.columns import read_columns
from millwright.datasets.digests import digest_columns
from millwright.datasets.rewriting import Pick


def find_duplicates(picks: Sequence[Pick]) -> set[int]:
    """Numbers of those picks that an earlier one equals."""
    readers: dict[Path, EpisodeReader] = {}
    seen: set[bytes] = set()
    doubles = set()
    for number, pick in enumerate(picks):
        reader = readers.setdefault(pick.folder.root, EpisodeReader(pick.folder))
        columns, _ = read_columns(pick.folder, pick.entry, reader.load(pick.entry))
        digest = digest_columns(columns)
        if digest in seen:
            doubles.add(number)
        seen.add(digest)
    return doubles
