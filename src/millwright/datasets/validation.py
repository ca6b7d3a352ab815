"""validate: what is wrong with a dataset, with code, place, cause and cure; in one pass, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from millwright.core.errors import DatasetError
from millwright.datasets.checks import columns, images, learning, meaning, pictures, structure, video
from millwright.datasets.checks.check import Check
from millwright.datasets.checks.reference import FindReference, References, know_nothing
from millwright.datasets.checks.statistics import Columnwise
from millwright.datasets.compaction import has_leftovers
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Folder, open_folder, stream


def validate(root: Path, find_reference: FindReference = know_nothing, look: bool = True) -> list[Finding]:
    """What is wrong with a LeRobot v3.0 folder of any tool; empty when nothing is. Nothing is changed.

    Args:
        find_reference: an episode's provenance -> what its environment would say (its judge, its actions' range).
        look: decode the videos and pictures, which takes most of the time.
    """
    return list(find(Path(root), find_reference, look))


def find(root: Path, find_reference: FindReference, look: bool) -> Iterator[Finding]:
    """The same, one after the other."""
    yield from structure.check_leftovers(root)
    yield from structure.check_footers(root)
    try:
        folder = open_folder(root)
    except DatasetError as error:
        waits = "; what a recorder left there becomes one when it is opened" if has_leftovers(root) else ""
        yield Finding("MW101", f"{error}{waits}")
        return
    for check in (
        structure.check_info, structure.check_tasks, structure.check_episodes, structure.check_files,
        structure.check_splits, columns.check_schemas, video.check_videos,
    ):  # fmt: skip
        yield from check(folder)
    yield from _pass_by(folder, _make_checks(folder, References(find_reference), look))


def _make_checks(folder: Folder, references: References, look: bool) -> Sequence[Check]:
    return [
        columns.Standard(folder),
        columns.Finite(),
        Columnwise(folder),
        *learning.make_checks(folder, references),
        *meaning.make_checks(folder, references),
        *((*pictures.make_checks(folder), *images.make_checks(folder)) if look else ()),
    ]


def _pass_by(folder: Folder, checks: Sequence[Check]) -> Iterator[Finding]:
    """Show every episode to every check, once."""
    broken: list[Finding] = []
    known = {finding.file for finding in structure.check_footers(folder.root)}

    def note(file: str, error: Exception) -> None:
        if file not in known and (folder.root / file).exists():
            broken.append(Finding("MW109", f"its rows cannot be read ({str(error).splitlines()[0]})", file=file))

    for entry, table in stream(folder, note):
        found, findings = columns.read_columns(folder, entry, table)
        yield from findings
        if found and len(table):
            for check in checks:
                yield from check.see(entry, found)
    yield from broken
    for check in checks:
        yield from check.finish()
