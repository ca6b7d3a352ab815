"""Rows of the summaries of recipes that measure more than one policy's rate."""

from __future__ import annotations

from pathlib import Path

from millwright.evaluation.statistics import wilson
from tables.cells import Result, Results, list_failures, make_row, make_rule, show_interval

CLEARED = ("clearing the table", "scenes", "single picks", "whole tables", "mean cycle", "joints at most", "failures")


def is_clearing(result: Result) -> bool:
    """Tables that were cleared pick by pick: a recipe's summary, or the result alone."""
    return "tables" in result.get("result", result)


def make_clearings(results: Results) -> list[str]:
    """One table of all."""
    rows = [_make_clearing(path, values) for path, values in results.items()]
    return [make_row(CLEARED), make_rule(len(CLEARED)), *rows, ""]


def is_dagger(result: Result) -> bool:
    """Ways to demonstrate."""
    return result.get("recipe") == "brick-dagger"


def is_battery(result: Result) -> bool:
    """Those who only try to be called successful."""
    return "counter_examples" in result


def is_suite(result: Result) -> bool:
    """One policy under many conditions."""
    return "perturbations" in result


def _make_clearing(path: Path, values: Result) -> str:
    result, tables = values.get("result", values), values.get("result", values)["tables"]
    seed = values.get("fields", {}).get("seed")
    who = f"`{result['policy']}`" if seed is None else f"`{values['recipe']}`, training seed {seed}"
    cells = [
        f"[{who}](results/{path.name})",
        f"{result['seeds']}",
        f"{result['successes']}/{result['picks']} = {result['rate']:.1%} ({show_interval(result['interval'])})",
        f"{tables['cleared']}/{result['scenes']} = {tables['rate']:.1%} ({show_interval(tables['interval'])})",
        f"{result['cycle_time_s_mean']:.2f} s" if "cycle_time_s_mean" in result else "",
        f"{result['max_joint_speed_rad_s']:.2f} rad/s, {result['max_joint_acceleration_rad_s2']:.2f} rad/s^2",
        list_failures(result["failures"]),
    ]
    return make_row(cells)


def make_dagger(path: Path, values: Result) -> list[str]:
    """Of ways to demonstrate: a row each, and beside it how it compares with the others, corrected for their number."""
    title = f"[demonstrations, scenes {values['fields']['seeds']}](results/{path.name})"
    made = [f"| {title} | succeeded | 95% interval | failures | beside the others |", "| --- | --- | --- | --- | --- |"]
    for arm, row in values["results"].items():
        beside = [
            f"{100 * sign * one['difference']:+.1f} points to `{other}` (p = {one['p_corrected']:.2g})"
            for one in values["comparisons"]
            for name, other, sign in ((one["b"], one["a"], 1), (one["a"], one["b"], -1))
            if name == arm
        ]
        counted = f"{row['successes']}/{row['episodes']} = {row['rate']:.1%}"
        cells = [f"`{arm}`", counted, show_interval(row["interval"]), list_failures(row["failures"]), ", ".join(beside)]
        made.append(make_row(cells))
    return [*made, ""]


def make_battery(path: Path, values: Result) -> list[str]:
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
    made = [make_row(heads), make_rule(len(heads))]
    for title, rows in groups.items():
        successes, episodes = (sum(row[key] for row in rows) for key in ("successes", "episodes"))
        fooled = [f"{sum(row['fooled'][example] for row in rows)}/{episodes}" for example in examples]
        cells = [
            f"[{title}](results/{path.name})",
            f"{successes}/{episodes}",
            show_interval(wilson(successes, episodes)),
            *fooled,
        ]
        made.append(make_row(cells))
    return [*made, ""]


def make_suite(path: Path, values: Result) -> list[str]:
    """Of the robustness suite: a row a condition, the expert beside it, then the mean of the perturbations."""
    title = f"[`{values['fields']['policy']}`, scenes {values['fields']['seeds']}](results/{path.name})"
    made = [f"| {title} | succeeded | 95% interval | failures | expert |", make_rule(5)]
    for row in values["perturbations"]:
        expert = f"{row['expert']['successes']}/{row['expert']['episodes']}" if "expert" in row else ""
        counted = f"{row['successes']}/{row['episodes']} = {row['rate']:.1%}"
        cells = [row["about"], counted, show_interval(row["interval"]), list_failures(row["failures"]), expert]
        made.append(make_row(cells))
    if values["mean"] is not None:
        made.append(f"| **mean of the perturbations** | {values['mean']:.1%} | | | |")
    return [*made, ""]
