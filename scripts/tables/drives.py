"""Laps driven: returns of single policies, those that differ by their training seed in one row."""

from __future__ import annotations

import re
from collections import defaultdict
from statistics import fmean, stdev

from millwright.evaluation.statistics import mean_interval
from tables.cells import Result, Results, list_failures, make_row, make_rule, name_results

HEAD = (
    "driver", "tracks", "mean return", "by training seed", "95% interval (tracks drawn again)", "standard deviation",
    "lowest", "900 or more", "why not",
)  # fmt: skip
SCRATCH = "learned in dreams alone, no demonstrations"
STEADY = "millwright run dream-driving --cap 25000 --rounds 14 --swerving 0.3"
TITLES = {
    r"car-racing-rule": "`rule`: road traced ahead, speed held",
    r"car-racing-rule-document": "`rule-document`: a published case study's",
    r"car-racing-random": "`random`, who all *scratch* drives begin with",
    r"dream-driving-seed-\d+": f"**`millwright run dream-driving`**: {SCRATCH}, at most 50,000 real steps",
    r"dream-driving-seed-\d+-25k": "the same runs, when they had at most 25,000",
    r"dream-driving-steady-seed-\d+": f"**`{STEADY}`**: {SCRATCH}, at most 25,000 real steps",
    r"dream-driving-seeded-seed-\d+": "`--track seeded`: first drives of a noisy rule, at most 25,000",
    r"dream-driving-cloned-seed-\d+": "cloned from the rule, as many steps (25,000), no dreams",
    r"dream-driving-evolution-seed-\d+": "CMA-ES in dreams, 867 numbers, at most 25,000",
    r"dream-driving-evolution-(.+)": "the same, searched again in its last world: ",
    r"dream-driving-(.+)-25k": "control, at most 25,000 steps: ",
}
"""What a file of results shows, or several that differ by their training seed; a group is added to the title."""


def is_drive(result: Result) -> bool:
    """What `evaluate car-racing` writes."""
    return result.get("env") == "car-racing" and "verdicts" in result


def make_drives(results: Results) -> list[str]:
    """A row for each of TITLES, in their order."""
    rows = [make_row(HEAD), make_rule(len(HEAD))]
    left = dict(results)
    for pattern, title in TITLES.items():
        groups: dict[str, Results] = defaultdict(dict)
        for path in list(left):
            if found := re.fullmatch(pattern, path.stem):
                groups[title + "".join(found.groups())][path] = left.pop(path)
        rows += [_make_row(name, group) for name, group in groups.items()]
    rows += [_make_row(f"`{values['policy']}`", {path: values}) for path, values in left.items()]
    return [*rows, ""]


def _make_row(title: str, results: Results) -> str:
    """One row of one result, or of several that differ by their training seed: each track counts once."""
    by_track: dict[int, list[float]] = defaultdict(list)
    failures: dict[str, int] = defaultdict(int)
    for values in results.values():
        for verdict in values["verdicts"]:
            by_track[verdict["seed"]].append(verdict["metrics"]["return"])
        for name, count in values["failures"].items():
            failures[name] += count
    returns = [each for track in by_track.values() for each in track]
    low, high = mean_interval([fmean(track) for track in by_track.values()])
    means = {path: fmean(v["metrics"]["return"] for v in values["verdicts"]) for path, values in results.items()}
    each = [f"[{mean:.0f}](results/{path.name})" for path, mean in means.items()]
    cells = [
        *name_results(title, results),
        f"{fmean(returns):.1f}",
        ", ".join(each) if len(each) > 1 else "",
        f"{low:.1f} to {high:.1f}",
        f"{stdev(returns):.1f}",
        f"{min(returns):.0f}",
        f"{sum(values['successes'] for values in results.values())}/{len(returns)}",
        list_failures(failures),
    ]
    return make_row(cells)
