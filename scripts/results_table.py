"""Write what results/*.json say into the README and the teaching page; with --check only say whether they agree."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from millwright.evaluation.statistics import wilson

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
HEAD = "| policy | scenes | succeeded | by training seed | 95% interval | wrong brick | other failures |"

CLEARED = "| clearing the table | scenes | single picks | whole tables | mean cycle | joints at most | failures |"

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
PAGES = frozenset({"brick-study"})
"""Results that have a page of their own."""
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


def make_table(folder: Path) -> str:
    """Markdown of all results in a folder: rates of success first, then what benchmarks measured."""
    loaded = {path: json.loads(path.read_text()) for path in sorted(folder.glob("*.json")) if path.stem not in PAGES}
    rates = {path: values for path, values in loaded.items() if "verdicts" in values}
    timed = {path: values for path, values in loaded.items() if "measured" in values}
    batteries = {path: values for path, values in loaded.items() if "counter_examples" in values}
    suites = {path: values for path, values in loaded.items() if "perturbations" in values}
    cleared = {path: values for path, values in loaded.items() if "tables" in values.get("result", values)}
    taught = {path: values for path, values in loaded.items() if values.get("recipe") == "brick-dagger"}
    if not (rates or timed or batteries or suites or cleared or taught):
        return "No results are recorded yet."
    parts: list[str] = []
    if rates:
        parts += [HEAD, "| --- | --- | --- | --- | --- | --- | --- |", *_make_rate_rows(rates), ""]
    if timed:
        parts += ["| measured | value |", "| --- | --- |"]
        parts += [row for path, values in timed.items() for row in _make_benchmark_rows(path, values)]
        parts += [""]
    if cleared:
        parts += [CLEARED, "| --- | --- | --- | --- | --- | --- | --- |"]
        parts += [_make_clearing_row(path, values) for path, values in cleared.items()]
        parts += [""]
    for path, values in taught.items():
        parts += [*_make_dagger_rows(path, values), ""]
    for path, values in sorted(batteries.items(), key=lambda item: item[0].stem):
        parts += [*_make_battery_rows(path, values), ""]
    for path, values in suites.items():
        title = f"[`{values['fields']['policy']}`, scenes {values['fields']['seeds']}](results/{path.name})"
        parts += [f"| {title} | succeeded | 95% interval | failures | expert |", "| --- | --- | --- | --- | --- |"]
        parts += [*_make_robustness_rows(values), ""]
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
        _list_failures(failures),
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


def _make_clearing_row(path: Path, values: dict[str, Any]) -> str:
    """Of tables that were cleared pick by pick: a recipe's summary, or the result alone."""
    result, tables = values.get("result", values), values.get("result", values)["tables"]
    seed = values.get("fields", {}).get("seed")
    who = f"`{result['policy']}`" if seed is None else f"`{values['recipe']}`, training seed {seed}"
    low, high = result["interval"]
    lowest, highest = tables["interval"]
    cells = [
        f"[{who}](results/{path.name})",
        f"{result['seeds']}",
        f"{result['successes']}/{result['picks']} = {result['rate']:.1%} ({low:.1%} to {high:.1%})",
        f"{tables['cleared']}/{result['scenes']} = {tables['rate']:.1%} ({lowest:.1%} to {highest:.1%})",
        f"{result['cycle_time_s_mean']:.2f} s" if "cycle_time_s_mean" in result else "",
        f"{result['max_joint_speed_rad_s']:.2f} rad/s, {result['max_joint_acceleration_rad_s2']:.2f} rad/s^2",
        _list_failures(result["failures"]),
    ]
    return f"| {' | '.join(cells)} |"


def _make_dagger_rows(path: Path, values: dict[str, Any]) -> list[str]:
    """Of ways to demonstrate: a row each, and beside it how it compares with the others, corrected for their number."""
    title = f"[demonstrations, scenes {values['fields']['seeds']}](results/{path.name})"
    made = [f"| {title} | succeeded | 95% interval | failures | beside the others |", "| --- | --- | --- | --- | --- |"]
    for arm, row in values["results"].items():
        low, high = row["interval"]
        beside = [
            f"{100 * sign * one['difference']:+.1f} points to `{other}` (p = {one['p_corrected']:.2g})"
            for one in values["comparisons"]
            for name, other, sign in ((one["b"], one["a"], 1), (one["a"], one["b"], -1))
            if name == arm
        ]
        counted = f"{row['successes']}/{row['episodes']} = {row['rate']:.1%}"
        cells = [f"`{arm}`", counted, f"{low:.1%} to {high:.1%}", _list_failures(row["failures"]), ", ".join(beside)]
        made.append(f"| {' | '.join(cells)} |")
    return made


def _list_failures(failures: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in failures.items()) or "none"


def _make_battery_rows(path: Path, values: dict[str, Any]) -> list[str]:
    """Of a gaming battery: the expert, then all cheats together from the ordinary and from the adversarial starts."""
    kinds = (values["env"], values.get("variant", ""))
    where = "".join(f", `{kind}`" for kind in kinds if kind not in ("", "brick-table"))
    examples = values["counter_examples"]
    heads = [f"who tries to be called successful{where}", "successes", "95% interval"]
    heads += [f"by {example.replace('-', ' ')}" for example in examples]
    groups = {
        "the expert, which does the task": [row for row in values["rows"] if row["policy"] == "expert"],
        "cheats": [row for row in values["rows"] if row["policy"] != "expert" and not row["start"]],
        "cheats from adversarial starts": [row for row in values["rows"] if row["policy"] != "expert" and row["start"]],
    }
    made = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for title, rows in groups.items():
        successes, episodes = (sum(row[key] for row in rows) for key in ("successes", "episodes"))
        fooled = [f"{sum(row['fooled'][example] for row in rows)}/{episodes}" for example in examples]
        low, high = wilson(successes, episodes)
        cells = [f"[{title}](results/{path.name})", f"{successes}/{episodes}", f"{low:.1%} to {high:.1%}", *fooled]
        made.append(f"| {' | '.join(cells)} |")
    return made


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


def _compare(results: list[dict[str, Any]]) -> tuple[str, ...]:
    successes, episodes = (sum(result[key] for result in results) for key in ("successes", "episodes"))
    low, high = wilson(successes, episodes)
    means = [
        sum(result["metrics"][f"{name}_mean"] * result["episodes"] for result in results) / episodes
        for name in ("final_distance_m", "final_wrist_distance_m")
    ]
    picked, interval = f"{successes} of {episodes}", f"{low:.1%} to {high:.1%}"
    return str(episodes), picked, interval, *(f"{1000 * mean:.0f} mm" for mean in means)


def _make_html_group(title: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = ["<tbody>", f'<tr class="group"><th colspan="{len(COLUMNS)}" scope="rowgroup">{title}</th></tr>']
    for name, *cells in rows:
        lines.append(f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    return [*lines, "</tbody>"]


def _make_robustness_rows(values: dict[str, Any]) -> list[str]:
    """Of the robustness suite: a row a condition, the expert beside it, then the mean of the perturbations."""
    made = []
    for row in values["perturbations"]:
        failures = _list_failures(row["failures"])
        low, high = row["interval"]
        expert = f"{row['expert']['successes']}/{row['expert']['episodes']}" if "expert" in row else ""
        counted = f"{row['successes']}/{row['episodes']} = {row['rate']:.1%}"
        made.append(f"| {row['about']} | {counted} | {low:.1%} to {high:.1%} | {failures} | {expert} |")
    return [
        *made,
        *([f"| **mean of the perturbations** | {values['mean']:.1%} | | | |"] if values["mean"] is not None else []),
    ]


def _describe_machine(values: dict[str, Any]) -> str:
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
}


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
    if stale:
        print(f"{', '.join(stale)} and results/ differ: run python scripts/results_table.py", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
