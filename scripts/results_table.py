"""Write the README's table of results from results/*.json; with --check only say whether they agree."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from millwright.evaluation.statistics import wilson

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
HEAD = "| policy | scenes | succeeded | by training seed | 95% interval | wrong brick | other failures |"

TITLES = {  # what a file of results shows, or several that differ by their training seed
    r"brick-pick-shipped": "shipped `brick-pick`",
    r"brick-pick-shipped-hard": "shipped `brick-pick`, hard layout",
    r"brick-pick-seed-\d+": "`millwright run brick-pick`",
    r"brick-pick-seed-\d+-other-scene": "the same, shown another scene's pictures",
    r"brick-pick-blind-\d+": "the same recipe trained on grey pictures",
    r"brick-robust-seed-\d+-bump": "`brick-robust`: the brick is knocked away while the hand comes down",
    r"brick-robust-seed-\d+-miscalibrated": "`brick-robust`: the camera is not where it is believed to be",
    r"brick-robust-seed-\d+-click-noise": "`brick-robust`: clicks miss by up to 40% of the brick's box",
    r"brick-table-expert": "expert (sees the truth)",
    r"brick-table-expert-hard": "expert (sees the truth), hard layout",
    r"brick-table-nothing": "`nothing`",
    r"brick-table-random": "`random`",
}
MEASURED = {  # the numbers of a benchmark that are worth a row; a dot goes into an object
    "policies": {
        "plan_ms_p50": "plan call, batch 1, one thread, median, ms",
        "plan_ms_p99": "the same, 99th percentile, ms",
        "train_samples_per_s": "training, samples/s",
    },
    "recording": {
        "expert_episodes_per_min": "recording with files, two processes, one 128x128 camera, episodes/min",
        "perturbed_episodes_per_min": "the same, disturbed and labelled as the recipe does, episodes/min",
    },
    "dashboard": {
        "control.rate_hz": "dashboard: control while two browsers watch both views, Hz (15 wanted)",
        "control.late_ms.p99": "the same: lateness of a tick, 99th percentile, ms",
        "frames_per_s.slowest": "the same: frames/s of the slowest view of the slowest browser",
        "click_answer_ms.max": "the same: slowest answer to a click, ms",
    },
}


def make_table(folder: Path) -> str:
    """Markdown of all results in a folder: rates of success first, then what benchmarks measured."""
    loaded = {path: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    rates = {path: values for path, values in loaded.items() if "verdicts" in values}
    timed = {path: values for path, values in loaded.items() if "measured" in values}
    batteries = {path: values for path, values in loaded.items() if "counter_examples" in values}
    if not rates and not timed and not batteries:
        return "No results are recorded yet."
    parts: list[str] = []
    if rates:
        parts += [HEAD, "| --- | --- | --- | --- | --- | --- | --- |", *_make_rate_rows(rates), ""]
    if timed:
        parts += ["| measured | value |", "| --- | --- |"]
        parts += [row for path, values in timed.items() for row in _make_benchmark_rows(path, values)]
        parts += [""]
    if batteries:
        parts += ["| who tries to be called successful | successes | 95% interval | by height alone |"]
        parts += ["| --- | --- | --- | --- |"]
        parts += [row for path, values in batteries.items() for row in _make_battery_rows(path, values)]
        parts += [""]
    machines = sorted({_describe_machine(values) for values in loaded.values()})
    told = "Each file in `results/` holds what was measured in full: of episodes, seeds, versions and every verdict."
    return "\n".join([*parts, told, f"Measured on: {'; '.join(machines)}."])


def _make_rate_rows(rates: dict[Path, dict[str, Any]]) -> list[str]:
    """A row for each of TITLES, then those that it does not name."""
    rows, unnamed = [], dict(rates)
    for pattern, title in TITLES.items():
        if found := {path: rates[path] for path in rates if re.fullmatch(pattern, path.stem)}:
            rows.append(_make_rate_row(title, found))
            unnamed = {path: values for path, values in unnamed.items() if path not in found}
    return rows + [_make_rate_row(f"`{values['policy']}`", {path: values}) for path, values in unnamed.items()]


def _make_rate_row(title: str, results: dict[Path, dict[str, Any]]) -> str:
    """One row of one result, or of several that differ by their training seed."""
    successes, episodes = (sum(values[key] for values in results.values()) for key in ("successes", "episodes"))
    failures: dict[str, int] = {}
    for values in results.values():
        for name, count in values["failures"].items():
            failures[name] = failures.get(name, 0) + count
    wrong = failures.pop("wrong_object", 0)
    low, high = wilson(successes, episodes)
    each = [f"[{values['successes']}](results/{path.name})" for path, values in results.items()]
    cells = [
        title if len(each) > 1 else f"[{title}](results/{next(iter(results)).name})",
        ", ".join(sorted({values["seeds"] for values in results.values()})),
        f"{successes}/{episodes} = {successes / episodes:.1%}",
        ", ".join(each) if len(each) > 1 else "",
        f"{low:.1%} to {high:.1%}",
        str(wrong),
        ", ".join(f"{count} {name}" for name, count in failures.items()) or "none",
    ]
    return f"| {' | '.join(cells)} |"


def _make_benchmark_rows(path: Path, values: dict[str, Any]) -> list[str]:
    rows = []
    for key, label in MEASURED.get(path.stem.removeprefix("bench-"), {}).items():
        value = values["measured"]
        for part in key.split("."):
            value = value[part]
        rows.append(f"| [{label}](results/{path.name}) | {value:,.4g} |")
    return rows


def _make_battery_rows(path: Path, values: dict[str, Any]) -> list[str]:
    """Of the gaming battery: the expert, then all cheats together from the ordinary and from the adversarial starts."""
    groups = {
        "the expert, which does the task": [row for row in values["rows"] if row["policy"] == "expert"],
        "cheats": [row for row in values["rows"] if row["policy"] != "expert" and not row["start"]],
        "cheats from adversarial starts": [row for row in values["rows"] if row["policy"] != "expert" and row["start"]],
    }
    made = []
    for title, rows in groups.items():
        successes, episodes = (sum(row[key] for row in rows) for key in ("successes", "episodes"))
        fooled = sum(row["fooled"]["height-alone"] for row in rows)
        low, high = wilson(successes, episodes)
        link, interval = f"[{title}](results/{path.name})", f"{low:.1%} to {high:.1%}"
        made.append(f"| {link} | {successes}/{episodes} | {interval} | {fooled}/{episodes} |")
    return made


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
