"""Comparing: each cell with its anchor, by an exact test, corrected for the number of cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from millwright.evaluation.statistics import difference, fisher, holm, wilson
from millwright.recipes.study.cells import Cell

Files = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Cell -> training seed -> what its file holds."""


def make_rows(cells: Sequence[Cell], files: Files) -> list[dict[str, Any]]:
    """A row for each cell that has a file, in the order of the cells: pooled over training seeds, and each of them.

    Where the anchor has a file too, the row holds the difference of the rates, cell minus anchor, with its 95%
    interval (Newcombe 1998), and the p-value of Fisher's exact test, plain and corrected for all rows (Holm 1979).
    The same for how often the fingertips reached the right brick at all.
    """
    done = [cell for cell in cells if cell.name in files]
    rows = [_make_row(cell, files[cell.name]) for cell in done]
    by_name = {row["name"]: row for row in rows}
    compared = [row for row in rows if row["anchor"] in by_name]
    for outcome, prefix in (("successes", ""), ("reached", "reached_")):
        tests = []
        for row in compared:
            anchor = by_name[row["anchor"]]
            counts = (anchor[outcome], anchor["episodes"], row[outcome], row["episodes"])
            row[f"{prefix}effect"] = row[outcome] / row["episodes"] - anchor[outcome] / anchor["episodes"]
            row[f"{prefix}effect_interval"] = list(difference(*counts))
            tests.append(fisher(*counts))
        for row, plain, corrected in zip(compared, tests, holm(tests), strict=True):
            row |= {f"{prefix}p": plain, f"{prefix}p_holm": corrected}
    return rows


def _make_row(cell: Cell, seeds: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    played = [values["played"] for values in seeds.values()]
    successes, reached, episodes = (sum(row[key] for row in played) for key in ("successes", "reached", "episodes"))
    failures: dict[str, int] = {}
    for row in played:
        for name, number in row["failures"].items():
            failures[name] = failures.get(name, 0) + number
    first = next(iter(seeds.values()))
    means = ("final_distance_mm", "final_wrist_distance_mm", "min_distance_mm")
    return {
        "name": cell.name,
        "suspect": cell.suspect,
        "about": cell.about,
        "anchor": cell.anchor,
        "setup": asdict(cell.setup),
        "parameters": first["parameters"],
        "samples": round(sum(values["samples"] for values in seeds.values()) / len(seeds)),
        "minutes": round(sum(values["minutes"] for values in seeds.values()) / len(seeds), 2),
        "episodes": episodes,
        "successes": successes,
        "rate": successes / episodes,
        "interval": list(wilson(successes, episodes)),
        "reached": reached,
        "failures": failures,
        **{name: round(sum(row[name] for row in played) / len(played), 1) for name in means},
        "aim": {name: round(sum(v["aim"][name] for v in seeds.values()) / len(seeds), 3) for name in first["aim"]},
        "by_training_seed": {
            str(seed): [values["played"]["successes"], values["played"]["episodes"]] for seed, values in seeds.items()
        },
        **({"eyes": _pool_eyes(list(seeds.values()))} if "eyes" in first else {}),
    }


def _pool_eyes(seeds: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """What is shown instead -> successes and episodes."""
    return {
        eyes: [sum(values["eyes"][eyes][key] for values in seeds) for key in ("successes", "episodes")]
        for eyes in seeds[0]["eyes"]
    }
