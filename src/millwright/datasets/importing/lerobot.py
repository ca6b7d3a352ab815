"""LeRobot v3.0 folders as a source: rows and videos are taken as they are, counts and statistics made anew."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from millwright.core.errors import OptionError
from millwright.datasets.editing import open_finished, order_by_split
from millwright.datasets.importing.source import Wishes
from millwright.datasets.rewriting import Pick, Plan, rewrite

_WHY = "encoded anew, as they cannot be cut out: none begins with a key frame of its own"
_POSSIBLE = ("take", "drop", "left_out")


def import_folder(root: Path, out: Path, wishes: Wishes, name: str = "") -> list[str]:
    """A dataset of any tool, copied; `wishes` may leave episodes and features out.

    Args:
        name: where it came from before it was in `root`.

    Raises:
        DatasetError: no dataset there, or one that cannot be read, or `out` is there.
        OptionError: the wishes ask for what the dataset says itself.
    """
    refuse_told(wishes)
    folder = open_finished(root)
    wishes.check_numbers(len(folder.entries))
    picks = [Pick(folder, entry) for entry in folder.entries if wishes.wants(entry.position)]
    ordered, splits = order_by_split(picks)
    options = {"kind": "lerobot", **({"from": name} if name else {})}
    _, encoded = rewrite(ordered, out, Plan("import", splits, wishes.left_out, options=options))
    notes = ["rows and videos as they were; counts and statistics made anew"]
    if encoded:
        notes = ["rows as they were; counts and statistics made anew", f"{encoded} videos of episodes {_WHY}"]
    return notes


def refuse_told(wishes: Wishes) -> None:
    """What a dataset says itself cannot be told.

    Raises:
        OptionError: it is.
    """
    asked = [row.name for row in fields(wishes) if row.name not in _POSSIBLE and getattr(wishes, row.name)]
    if asked:
        raise OptionError(f"a LeRobot dataset says itself what it holds; {', '.join(asked)} cannot be told")
