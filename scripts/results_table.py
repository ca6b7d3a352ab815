"""Write the README's table of results from results/*.json; with --check only say whether they agree."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


def make_table(folder: Path) -> str:
    """Markdown of all results in a folder: rates from evaluations first, then what benchmarks measured."""
    files = sorted(folder.glob("*.json"))
    loaded = [(path, json.loads(path.read_text())) for path in files]
    evaluations = [(path, values) for path, values in loaded if "verdicts" in values]
    benchmarks = [(path, values) for path, values in loaded if "measured" in values]
    parts = []
    if evaluations:
        head = "| result | policy | scenes | succeeded | rate | 95% interval | failures |"
        parts += [
            head,
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(_evaluation_row(*row) for row in evaluations),
            "",
        ]
    if benchmarks:
        parts += ["| measured | value |", "| --- | --- |"]
        parts += [row for path, values in benchmarks for row in _benchmark_rows(path, values)]
        parts += [""]
    machines = sorted({_describe_machine(values) for _, values in [*evaluations, *benchmarks]})
    if not machines:
        return "No results are recorded yet."
    return "\n".join([*parts, "Each result's file in `results/` holds its command, versions and every verdict.",
                      f"Measured on: {'; '.join(machines)}."])  # fmt: skip


def _evaluation_row(path: Path, values: dict[str, Any]) -> str:
    low, high = values["interval"]
    options = ", ".join(f"{key}={value}" for key, value in values["provenance"].get("env_options", {}).items())
    scenes = f"{values['env']} {values['seeds']}" + (f" ({options})" if options else "")
    policy = Path(values["policy"]).name + (" (sees the truth)" if values["privileged"] else "")
    failures = ", ".join(f"{count} {name}" for name, count in values["failures"].items()) or "none"
    cells = [
        f"[{path.stem}](results/{path.name})",
        policy,
        scenes,
        f"{values['successes']}/{values['episodes']}",
        f"{values['rate']:.1%}",
        f"{low:.1%} to {high:.1%}",
        failures,
    ]
    return f"| {' | '.join(cells)} |"


def _benchmark_rows(path: Path, values: dict[str, Any]) -> list[str]:
    link = f"[{path.stem.removeprefix('bench-')}](results/{path.name})"
    numbers = {key: value for key, value in values["measured"].items() if isinstance(value, int | float)}
    return [f"| {link}: {key.replace('_', ' ')} | {value:,.4g} |" for key, value in numbers.items()]


def _describe_machine(values: dict[str, Any]) -> str:
    machine = values.get("machine") or values["provenance"]["machine"]
    return f"{machine['cores']} cores of {machine['cpu']}"


def replace_table(readme: str, table: str) -> str:
    """The README with `table` between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> int:
    """0 when the README holds the table (or now does), 1 when --check finds that it does not."""
    path = ROOT / "README.md"
    old = path.read_text()
    new = replace_table(old, make_table(ROOT / "results"))
    if "--check" not in sys.argv[1:]:
        path.write_text(new)
        return 0
    if new != old:
        print("README.md and results/ differ: run python scripts/results_table.py", file=sys.stderr)
    return int(new != old)


if __name__ == "__main__":
    sys.exit(main())
