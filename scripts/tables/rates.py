"""Rates of success of single policies: a row each, those that differ by their training seed in one."""

from __future__ import annotations

import re

from millwright.evaluation.statistics import wilson
from tables.cells import Result, Results, list_failures, make_row, make_rule, name_results, show_interval

HEAD = ("policy", "scenes", "succeeded", "by training seed", "95% interval", "wrong object", "other failures")
TITLES = {  # what a file of results shows, or several that differ by their training seed
    r"brick-pick-shipped": "shipped `brick-pick`",
    r"brick-pick-shipped-hard": "shipped `brick-pick`, hard layout",
    r"brick-pick-seed-\d+": "`millwright run brick-pick`",
    r"brick-pick-seed-\d+-other-scene": "the same, shown another scene's pictures",
    r"brick-pick-blind-\d+": "the same recipe trained on grey pictures",
    r"brick-robust-seed-\d+-bump": "`brick-robust`: the brick is knocked away while the hand comes down",
    r"brick-robust-seed-\d+-miscalibrated": "`brick-robust`: the camera is not where it is believed to be",
    r"brick-robust-seed-\d+-click-noise": "`brick-robust`: clicks miss by up to 40% of the brick's box",
    r"lift-seed-\d+": "`millwright run lift`",
    r"lift-full-meshes": "shipped `lift`, all meshes drawn (never in training)",
    r"lift-choice-full-meshes": "shipped `lift-choice`, all meshes drawn (98 of these 100 without them)",
    r"brick-table-expert": "expert (sees the truth)",
    r"brick-table-expert-hard": "expert (sees the truth), hard layout",
    r"brick-table-nothing": "`nothing`",
    r"brick-table-random": "`random`",
}


def is_rate(result: Result) -> bool:
    """What `evaluate` writes of tasks that are done or not."""
    return "verdicts" in result and result["env"] != "car-racing"


def make_rates(results: Results) -> list[str]:
    """A row for each of TITLES, then those that it does not name."""
    rows, unnamed = [], dict(results)
    for pattern, title in TITLES.items():
        if found := {path: results[path] for path in results if re.fullmatch(pattern, path.stem)}:
            rows.append(_make_rate(title, found))
            unnamed = {path: values for path, values in unnamed.items() if path not in found}
    rows += [_make_rate(f"`{values['policy']}`", {path: values}) for path, values in unnamed.items()]
    return [make_row(HEAD), make_rule(len(HEAD)), *rows, ""]


def _make_rate(title: str, results: Results) -> str:
    """One row of one result, or of several that differ by their training seed."""
    successes, episodes = (sum(values[key] for values in results.values()) for key in ("successes", "episodes"))
    failures: dict[str, int] = {}
    for values in results.values():
        for name, count in values["failures"].items():
            failures[name] = failures.get(name, 0) + count
    wrong = failures.pop("wrong_object", 0)
    each = [f"[{values['successes']}](results/{path.name})" for path, values in results.items()]
    cells = [
        *name_results(title, results),
        f"{successes}/{episodes} = {successes / episodes:.1%}",
        ", ".join(each) if len(each) > 1 else "",
        show_interval(wilson(successes, episodes)),
        str(wrong),
        list_failures(failures),
    ]
    return make_row(cells)
