"""The ladder of encodings: bytes an episode against success, as a table and as curves."""

from __future__ import annotations

import json
from pathlib import Path

from millwright.evaluation.effect_plots import Rate, plot_rates
from tables.cells import Result, make_row, make_rule, show_interval

FILE = "brick-compression.json"
KINDS = {None: "as recorded", ("h264", 1.0): "H.264", ("av1", 1.0): "AV1", ("h264", 0.5): "H.264, half the size"}
HEAD = ("pictures that were learned from", "px", "kB an episode", "share", "succeeded", "95% interval")


def make_ladder(folder: Path) -> str:
    """Markdown: a row a rung, bytes and success."""
    values = _load(folder)
    if values is None:
        return "*Not measured yet.*"
    whole = next((row["video_bytes_an_episode"] for row in values["ladder"] if row["encoding"] is None), None)
    made = [make_row(HEAD), make_rule(len(HEAD))]
    for row in values["ladder"]:
        size = row["video_bytes_an_episode"]
        cells = (
            f"`{row['rung']}`",
            str(row["image_size"]),
            f"{size / 1e3:.1f}",
            f"{size / whole:.0%}" if whole else "",
        )
        counted = f"{row['successes']}/{row['episodes']} = {row['rate']:.1%}"
        made.append(make_row((*cells, counted, show_interval(row["interval"]))))
    scenes = f"Scenes {values['fields']['seeds']}, one training a rung, [in full](../results/{FILE})."
    return "\n".join((*made, "", scenes))


def plot_ladder(folder: Path) -> str | None:
    """The same as curves; none where there are no results."""
    values = _load(folder)
    if values is None:
        return None
    rates = [
        Rate(row["video_bytes_an_episode"] / 1e3, row["rate"], *row["interval"], group=_find_kind(row["encoding"]))
        for row in values["ladder"]
    ]
    return plot_rates(rates, "kB an episode", "picked the right brick")


def _load(folder: Path) -> Result | None:
    file = folder / FILE
    values: Result | None = json.loads(file.read_text()) if file.is_file() else None
    return values


def _find_kind(encoding: Result | None) -> str:
    if encoding is None:
        return KINDS[None]
    return KINDS.get((encoding["codec"], encoding["scale"]), "H.264, a quarter of it")
