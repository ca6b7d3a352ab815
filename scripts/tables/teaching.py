"""The teaching page's table: a published report's figures, and ours."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from millwright.evaluation.statistics import wilson
from tables.cells import Result, show_interval

COLUMNS = ("policy", "scenes", "picked", "95% interval", "fingertips to brick at the end", "wrist to brick at the end")
REPORTED = (  # the other side of the teaching page's table; the report gives distances at the wrist, and no others
    ("six trained policies, in its summary", "5 each", "none", "", "not given", "about 300 mm"),
    ("diffusion, trained on four kinds of data", "5 each", "none", "", "not given", "309, 316, 333 and 493 mm"),
    ("ACT, trained on four kinds of data", "5 each", "none", "", "not given", "465, 476, 529 and 542 mm"),
)
COMPARED = {  # what of ours stands beside it, and the files that hold it
    "shipped <code>brick-pick</code>": r"brick-pick-shipped",
    "the same, bricks anywhere, at any angle": r"brick-pick-shipped-hard",
    "the recipe anew, all training seeds": r"brick-pick-seed-\d+",
    "the same, shown another scene’s pictures": r"brick-pick-seed-\d+-other-scene",
    "the recipe trained on grey pictures": r"brick-pick-blind-\d+",
    "doing nothing": r"brick-table-nothing",
}


def make_comparison(folder: Path) -> str:
    """HTML of the teaching page's table: a published report's figures, and ours from the results in a folder."""
    loaded = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    ours = []
    for title, pattern in COMPARED.items():
        found = [values for name, values in loaded.items() if re.fullmatch(pattern, name)]
        ours += [(title, *_compare(found))] if found else []
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    groups = [*_make_html_group("A published report", REPORTED), *_make_html_group("Here", ours)]
    return "\n".join(["<table>", f"<thead><tr>{head}</tr></thead>", *groups, "</table>"])


def _compare(results: list[Result]) -> tuple[str, ...]:
    successes, episodes = (sum(result[key] for result in results) for key in ("successes", "episodes"))
    means = [
        sum(result["metrics"][f"{name}_mean"] * result["episodes"] for result in results) / episodes
        for name in ("final_distance_m", "final_wrist_distance_m")
    ]
    picked, interval = f"{successes} of {episodes}", show_interval(wilson(successes, episodes))
    return str(episodes), picked, interval, *(f"{1000 * mean:.0f} mm" for mean in means)


def _make_html_group(title: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = ["<tbody>", f'<tr class="group"><th colspan="{len(COLUMNS)}" scope="rowgroup">{title}</th></tr>']
    for name, *cells in rows:
        lines.append(f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    return [*lines, "</tbody>"]
