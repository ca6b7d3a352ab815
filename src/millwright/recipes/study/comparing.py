"""Comparing: each cell with its anchor, of the same training seed and scene by scene, corrected for their number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from millwright.evaluation.statistics import difference, fisher, holm, paired_difference, sign_flip, wilson
from millwright.recipes.study.cells import Cell

Files = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Cell -> training seed -> what its file holds."""


def make_rows(cells: Sequence[Cell], files: Files) -> list[dict[str, Any]]:
    """A row for each cell that has a file, in the order of the cells: pooled over training seeds, and each of them.

    Where a training seed of the anchor has a file too, the row holds the difference of the rates, cell minus anchor,
    over the training seeds that both have, with its 95% interval and the p-value of an exact test, plain and corrected
    for all rows (Holm 1979). All played the same scenes. A scene that was played with three training seeds is still one
    scene: see `_compare_picks`. The same for how often the fingertips reached the right brick at all.
    """
    done = [cell for cell in cells if cell.name in files]
    rows = [_make_row(cell, files[cell.name]) for cell in done]
    pairs = {cell.name: _pair(files[cell.name], files.get(cell.anchor, {})) for cell in done}
    compared = [row for row in rows if pairs[row["name"]]]
    for compare, prefix in ((_compare_picks, ""), (_compare_reached, "reached_")):
        found = [compare(list(pairs[row["name"]].values())) for row in compared]
        corrected = holm([p_value for _, _, p_value in found])
        for row, (effect, interval, p_value), p_holm in zip(compared, found, corrected, strict=True):
            row |= {f"{prefix}effect": effect, f"{prefix}effect_interval": list(interval)}
            row |= {f"{prefix}p": p_value, f"{prefix}p_holm": p_holm}
    for row in compared:
        row["effect_by_training_seed"] = {
            str(seed): (ours["successes"] - theirs["successes"]) / ours["episodes"]
            for seed, (ours, theirs) in pairs[row["name"]].items()
        }
    return rows


Pair = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What a cell and its anchor, of one training seed, made of the same scenes."""
Effect = tuple[float, tuple[float, float], float]
"""Difference of the rates, its interval, and the p-value."""


def _pair(ours: Mapping[int, Mapping[str, Any]], theirs: Mapping[int, Mapping[str, Any]]) -> dict[int, Pair]:
    """Training seed -> what cell and anchor played, where both have it."""
    return {seed: (ours[seed]["played"], theirs[seed]["played"]) for seed in sorted(ours.keys() & theirs.keys())}


def _compare_picks(pairs: Sequence[Pair]) -> Effect:
    """Scene by scene. The exact test flips the sign of a scene, of all training seeds together (McNemar's, of one).

    Newcombe's interval for pairs takes the mean over training seeds for one trial a scene, which is too wide rather
    than too narrow.
    """
    scenes, both, only_ours, only_theirs = pairs[0][0]["episodes"], 0, 0, 0
    differences: Counter[int] = Counter()
    for ours, theirs in pairs:
        we, they = set(ours["succeeded"]), set(theirs["succeeded"])
        both += len(we & they)
        only_ours += len(we - they)
        only_theirs += len(they - we)
        differences.update(we - they)
        differences.subtract(they - we)
    neither = len(pairs) * scenes - both - only_ours - only_theirs
    interval = paired_difference(*(count / len(pairs) for count in (both, only_theirs, only_ours, neither)))
    return (only_ours - only_theirs) / (len(pairs) * scenes), interval, sign_flip(list(differences.values()))


def _compare_reached(pairs: Sequence[Pair]) -> Effect:
    """By counts, as nothing tells in which scenes: means over training seeds, as if each scene had been played once."""
    scenes = pairs[0][0]["episodes"]
    ours, theirs = (sum(pair[side]["reached"] for pair in pairs) / len(pairs) for side in (0, 1))
    p_value = fisher(round(theirs), scenes, round(ours), scenes)
    return (ours - theirs) / scenes, difference(theirs, scenes, ours, scenes), p_value


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
