"""fix: a copy of a broken dataset in which everything is mended that can be without inventing data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.access import EpisodeReader
from millwright.datasets.checks.columns import read_columns
from millwright.datasets.editing import order_by_split
from millwright.datasets.findings import FAULTS, Finding
from millwright.datasets.folder import Entry, Folder, is_numeric, open_folder
from millwright.datasets.forward import FrameReader
from millwright.datasets.rewriting import Pick, Plan, rewrite
from millwright.datasets.schema import STANDARD

REMEDIES = {
    "MW102": "info.json written anew",
    "MW103": "counted again",
    "MW104": "texts written as the frame's index, from the table of episodes",
    "MW105": "tasks numbered 0, 1, 2, ...",
    "MW106": "episodes numbered by their position",
    "MW107": "frames counted from the lengths",
    "MW108": "tasks taken from the table of episodes",
    "MW111": "files that no episode uses left out",
    "MW112": "an episode belongs to the first split that has it, or to train",
    "MW201": "undeclared columns left out; the original has them",
    "MW204": "timestamps computed from the frame and the rate",
    "MW205": "frames counted",
    "MW206": "frames counted",
    "MW207": "episodes numbered by their position",
    "MW208": "task taken from the table of episodes",
    "MW302": "frames put on the grid, in their order",
    "MW304": "times computed from counts of frames",
    "MW401": "computed from the frames",
    "MW402": "computed from the frames",
    "MW403": "computed from the frames",
    "MW404": "computed from the frames",
    "MW405": "computed from the frames",
}
"""Code -> what is done about it for the whole dataset; other faults cost their episode, or stay."""
_LEFT_OUT = {
    "MW210": "holds numbers that are none",
    "MW306": "lacks pictures",
    "MW605": "is there already",
    "MW606": "is there already",
}
"""Code -> why its episode is left out."""


def fix(root: Path, out: Path, findings: Sequence[Finding]) -> list[str]:
    """Write what is sound in `root` into the new folder `out`.

    Args:
        findings: of `validate`.

    Returns:
        Sentences: what was mended, what was left out, what is still to be looked at.

    Raises:
        DatasetError: nothing can be read, or `out` is there already.
    """
    folder = _restore_tasks(open_folder(root))
    lost = _find_lost(folder) | {
        finding.episode: f"{_LEFT_OUT[finding.code]} ({finding.code})"
        for finding in findings
        if finding.code in _LEFT_OUT and finding.episode is not None
    }
    picks = [Pick(folder, entry) for entry in folder.entries if entry.position not in lost]
    ordered, splits = order_by_split(picks)
    videos = rewrite(
        ordered, out, Plan("fix", splits, options={"codes": sorted({finding.code for finding in findings})})
    )
    counts = Counter(finding.code for finding in findings)
    said = [f"{code} ({counts[code]}): {REMEDIES[code]}" for code in sorted(counts) if code in REMEDIES]
    said += [f"episode {position} left out: {why}" for position, why in sorted(lost.items())]
    stays = sorted(set(counts) - set(REMEDIES) - set(_LEFT_OUT))
    return said + videos.tell() + [f"{code} ({counts[code]}): {FAULTS[code].title}" for code in stays]


def _restore_tasks(folder: Folder) -> Folder:
    """Without a text in the table of episodes, what its frames point to."""
    if folder.tasks is None or all(entry.tasks for entry in folder.entries):
        return folder
    reader = EpisodeReader(folder)
    entries = tuple(entry if entry.tasks else _restore(folder, entry, reader) for entry in folder.entries)
    return replace(folder, entries=entries)


def _restore(folder: Folder, entry: Entry, reader: EpisodeReader) -> Entry:
    indices = dict.fromkeys(reader.load(entry)["task_index"].to_pylist())
    return replace(entry, tasks=tuple((folder.tasks or {}).get(index, "") for index in indices))


def _find_lost(folder: Folder) -> dict[int, str]:
    """Episodes whose rows or frames are not all there, and why."""
    reader = EpisodeReader(folder)
    declared = {name for name, row in folder.features.items() if is_numeric(row) and name not in STANDARD}
    lost = {}
    for entry in folder.entries:
        try:
            columns, _ = read_columns(folder, entry, reader.load(entry))
        except DatasetError as error:
            lost[entry.position] = str(error)
            continue
        if not declared <= set(columns):
            lost[entry.position] = f"{', '.join(sorted(declared - set(columns)))} is not as declared"
    for camera in folder.cameras:
        lost |= _find_lost_frames(folder, camera, reader.frames[camera])
    return lost


def _find_lost_frames(folder: Folder, camera: str, firsts: Sequence[int]) -> dict[int, str]:
    """Episodes whose pictures cannot be decoded."""
    lost, video = {}, FrameReader(Path())
    for entry in folder.entries:
        path = folder.root / entry.spans[camera].place.path(layout.VIDEO, camera)
        if video.path != path or video.broken:
            video.close()
            video = FrameReader(path)
            for _ in video.take(firsts[entry.position]):
                pass
        got = sum(1 for _ in video.take(entry.length))
        if got < entry.length:
            lost[entry.position] = f"{path.relative_to(folder.root)} cannot be decoded to its end"
    video.close()
    return lost
