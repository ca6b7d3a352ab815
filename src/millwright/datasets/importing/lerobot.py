"""LeRobot v3.0 folders as a source: rows and videos are taken as they are, counts and statistics made anew."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from millwright.core.errors import OptionError
from millwright.datasets.editing import open_finished, order_by_split
from millwright.datasets.importing.source import Wishes
from millwright.datasets.rewriting import Pick, Plan, rewrite

_POSSIBLE = ("drop", "left_out")


def import_folder(root: Path, out: Path, wishes: Wishes) -> list[str]:
    """A dataset of any tool, copied; `wishes` may leave episodes and features out.

    Raises:
        DatasetError: no dataset there, or one that cannot be read, or `out` is there.
        OptionError: the wishes ask for what the dataset says itself.
    """
    asked = [row.name for row in fields(wishes) if row.name not in _POSSIBLE and getattr(wishes, row.name)]
    if asked:
        raise OptionError(f"a LeRobot dataset says itself what it holds; {', '.join(asked)} cannot be told")
    folder = open_finished(root)
    beyond = [number for number in wishes.drop if number >= len(folder.entries)]
    if beyond:
        raise OptionError(f"--drop {min(beyond)}: there are {len(folder.entries)} episodes")
    picks = [Pick(folder, entry) for entry in folder.entries if entry.position not in wishes.drop]
    ordered, splits = order_by_split(picks)
    rewrite(ordered, out, Plan("import", splits, wishes.left_out, options={"kind": "lerobot"}))
    return ["rows and videos as they were; counts and statistics made anew"]
