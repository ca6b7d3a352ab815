"""Write what results/*.json say into the README and the teaching page; with --check only say whether they agree."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tables.benchmarks import is_benchmark, make_benchmarks
from tables.cells import Result, Results
from tables.drives import is_drive, make_drives
from tables.honesty import make_honesty
from tables.ladder import make_ladder, plot_ladder
from tables.randomise import make_gain
from tables.rates import is_rate, make_rates
from tables.recipes import (
    is_battery,
    is_clearing,
    is_dagger,
    is_suite,
    make_battery,
    make_clearings,
    make_dagger,
    make_suite,
)
from tables.teaching import make_comparison
from tables.words import is_choice, make_choices

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
PAGES = frozenset({
    "brick-study", "brick-compression", "brick-robustness-plain", "brick-robustness-randomised", "lift-true-success",
    "serving-local", "serving-remote", "serving-jpeg", "serving-jpeg-local",
    "lift-choice-words", "lift-choice-pairs", "lift-choice-in-turn",
})  # fmt: skip
"""Results that have a page of their own, or stand in the summary of a recipe."""


def one_by_one(make: Callable[[Path, Result], list[str]]) -> Callable[[Results], list[str]]:
    """A table for each file."""
    return lambda results: [line for path, values in results.items() for line in make(path, values)]


SECTIONS: tuple[tuple[Callable[[Result], bool], Callable[[Results], list[str]]], ...] = (
    (is_rate, make_rates),
    (is_drive, make_drives),
    (is_benchmark, make_benchmarks),
    (is_choice, make_choices),
    (is_clearing, make_clearings),
    (is_dagger, one_by_one(make_dagger)),
    (is_battery, one_by_one(make_battery)),
    (is_suite, one_by_one(make_suite)),
)
"""Kinds of results, and the lines of Markdown made of all of a kind; in the order of the page."""


def make_table(folder: Path) -> str:
    """Markdown of all results in a folder: rates of success first, then what benchmarks measured, then recipes."""
    files = sorted(folder.glob("*.json"), key=lambda path: path.stem)
    loaded = {path: json.loads(path.read_text()) for path in files if path.stem not in PAGES}
    parts: list[str] = []
    for is_kind, make in SECTIONS:
        if found := {path: values for path, values in loaded.items() if is_kind(values)}:
            parts += make(found)
    if not parts:
        return "No results are recorded yet."
    machines = sorted({_describe_machine(values) for values in loaded.values()})
    told = "Each file in `results/` holds what was measured in full: of episodes, seeds, versions and every verdict."
    return "\n".join([*parts, told, f"Measured on: {'; '.join(machines)}."])


def _describe_machine(values: Result) -> str:
    machine = values.get("machine") or values.get("result", values)["provenance"]["machine"]
    return f"{machine['cores']} cores of {machine['cpu']}"


def replace_table(page: str, table: str) -> str:
    """The page with `table` between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


TABLES: dict[str, Callable[[Path], str]] = {
    "README.md": make_table,
    "src/millwright/dashboard/static/learn/index.html": make_comparison,
    "docs/compression.md": make_ladder,
    "docs/robustness.md": make_gain,
    "docs/lift-true-success.md": make_honesty,
}
PLOTS: dict[str, Callable[[Path], str | None]] = {"docs/images/brick-compression.svg": plot_ladder}
"""Written beside the tables; not compared, as another version of what draws them draws them another way."""


def main() -> int:
    """0 when the pages hold their tables (or now do), 1 when --check finds one that does not."""
    stale = []
    for name, make in TABLES.items():
        old = (ROOT / name).read_text()
        new = replace_table(old, make(ROOT / "results"))
        if new != old and "--check" not in sys.argv[1:]:
            (ROOT / name).write_text(new)
        elif new != old:
            stale.append(name)
    for name, plot in PLOTS.items():
        drawn = plot(ROOT / "results")
        if drawn is not None and "--check" not in sys.argv[1:]:
            (ROOT / name).write_text(drawn)
    if stale:
        print(f"{', '.join(stale)} and results/ differ: run python scripts/results_table.py", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
