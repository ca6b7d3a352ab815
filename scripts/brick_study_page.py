"""Write docs/brick-study.md and its plots from results/brick-study.json; with --check only say whether they agree."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scipy.stats import spearmanr

from millwright.core.errors import choose
from millwright.evaluation.effect_plots import Effect, Point, plot_against, plot_effects
from millwright.recipes.study.cells import ANCHORS, CELLS

ROOT = Path(__file__).parents[1]
PAGE, RESULTS, IMAGES = (
    ROOT / "docs" / "brick-study.md",
    ROOT / "results" / "brick-study.json",
    ROOT / "docs" / "images",
)
TEXT, CONCLUSIONS = (Path(__file__).with_name(f"brick_study_{name}.md") for name in ("text", "conclusions"))
LEVEL = 0.05
ANCHOR_TITLES = {
    "reference": "one thing changed in the reference",
    "mended": "the report's recipe with fingers that close, mended further",
    "plateau": "one thing mended in the report's recipe as it was",
}
WRISTS = ("our wrist", "their wrist")
FIELDS = {
    "network": "network",
    "routing": "how the prompt comes in",
    "actions": "what an action is",
    "label": "what is learned",
    "shut_m": "labels of the opening at least, m",
    "episodes": "demonstrations",
    "pauses": "the demonstrator waits",
    "straight_box": "box computed as through a pinhole",
    "whitened": "a box that comes as numbers is normalised",
    "posture": "told its joint angles and place",
    "per_step": "each step has its statistics",
    "jitter": "colours vary in training",
    "execute": "actions played of a chunk of 16",
    "blend": "ticks over which chunks blend",
}


def make_page(values: dict[str, Any] | None) -> str:
    """The page: the text with its tables filled in; without values, what will be done."""
    parts = {"setups": make_setups()}
    if values is None:
        told = "The study has not been run yet; what follows is its design, and what can be reckoned without it."
        parts |= dict.fromkeys(
            ("ceilings", "effects", "reached", "table", "probe", "eyes", "verdicts"), "*Not measured yet.*"
        )
        parts["conclusions"] = ""
        parts["short"] = told
    else:
        rows = {row["name"]: row for row in values["rows"]}
        parts |= {
            "short": make_short(values, rows),
            "conclusions": make_conclusions(rows),
            "ceilings": make_ceilings(values["ceilings"]["rows"]),
            "effects": "![What each change does to the success rate](images/brick-study-effects.svg)",
            "reached": "![What each change does to reaching the brick](images/brick-study-reached.svg)",
            "table": make_cells(values["rows"]),
            "probe": make_probe(values, rows),
            "eyes": make_eyes(rows),
            "verdicts": make_verdicts(rows),
        }
    text = TEXT.read_text()
    for name, part in parts.items():
        assert f"[[{name}]]" in text, name
        text = text.replace(f"[[{name}]]", part)
    return text


def make_short(values: dict[str, Any], rows: dict[str, Any]) -> str:
    """The answer in a few lines, each from the numbers."""
    fields, played = values["fields"], {row["who"]: row for row in values["ceilings"]["rows"]}
    lines = [
        f"- {told}: **{_rate(rows[name])}** (by training seed: {_by_seed(rows[name])}), reaches the right brick in "
        f"{rows[name]['reached']}, first plans end nearest to it in {_aim(rows[name])}"
        for name, told in (
            ("reference", "Our recipe picks"),
            ("plateau-diffusion", "The report's recipe, Diffusion"),
            ("plateau", "The report's recipe, ACT"),
            ("plateau--gripped", "The same, once the label of the fingers is what they were *told*"),
            ("plateau--whitened", "The same, once the box is normalised"),
            ("mended", "The same, with both"),
        )
        if name in rows
    ]
    state, told = played["action[t] = state[t]"], played["action[t] = state[t], fingers as told"]
    expert = played["expert"]
    replayed = f"the report's labels pick {_rate(state)}; with the fingers told to close, {_rate(told)}"
    near = f"its wrist comes within 100 mm of the brick, as the report asked for, in {expert['wrist_within_100_mm']}"
    limits = f"at most {fields['minutes']:g} minutes and {fields['samples']:,} samples a training, on one core"
    lines += [
        f"- Nothing has to be learned to see it: played back in the very scenes they were recorded in, {replayed}.",
        f"- The expert picks {_rate(expert)}, and {near} of them.",
        f"- Cells: {len(rows)} of the {len(CELLS)} that the recipe knows; scenes {fields['seeds']}; {limits}.",
    ]
    return "\n".join(lines)


MARK = re.compile(r"\[\[(picks|reaches|samples) ([\w-]+)\]\]")


def make_conclusions(rows: dict[str, Any]) -> str:
    """What it comes to: words whose marks (`[[picks CELL]]`) the numbers fill in; nothing until all are there.

    Raises:
        UnknownNameError: a mark names no cell.
    """
    text = CONCLUSIONS.read_text().rstrip()
    named = {choose("cell", name, CELLS).name for _, name in MARK.findall(text)}
    if not named <= rows.keys():
        return ""

    def fill(match: re.Match[str]) -> str:
        what, row = match[1], rows[match[2]]
        told = {"picks": _rate(row), "reaches": f"{row['reached']}/{row['episodes']}", "samples": f"{row['samples']:,}"}
        return told[what]

    return MARK.sub(fill, text)


def make_setups() -> str:
    """The anchors side by side, field by field, where any differ."""
    setups = {name: asdict(setup) for name, setup in ANCHORS.items()}
    head = f"| | {' | '.join(f'`{name}`' for name in setups)} |\n|{' --- |' * (len(setups) + 1)}"
    lines = [f"| {label} | {' | '.join(_word(s[field]) for s in setups.values())} |" for field, label in FIELDS.items()]
    kinds = [
        f"| recording: {name.replace('_', ' ')} | {' | '.join(_word(s['recording'][name]) for s in setups.values())} |"
        for name in next(iter(setups.values()))["recording"]
    ]
    return "\n".join([head, *lines, *kinds])


def make_ceilings(rows: list[dict[str, Any]]) -> str:
    """What was played back, and where it ended by each origin of the distance."""
    columns = ("played back", "picks", "95% interval", *(f"ends, {origin}" for origin in ("fingertips", *WRISTS)))
    head = f"| {' | '.join((*columns, 'wrist ever < 100 mm'))} |"
    lines = [
        f"| {row['who']} | {_rate(row)} | {_interval(row['interval'])} | {row['final_tip_mm']:.0f} mm | "
        f"{row['final_wrist_mm']:.0f} mm | {row['final_their_wrist_mm']:.0f} mm | {row['wrist_within_100_mm']} |"
        for row in rows
    ]
    return "\n".join([head, f"|{' --- |' * 7}", *lines])


def make_cells(rows: list[dict[str, Any]]) -> str:
    """Every cell, grouped by its anchor."""
    columns = (
        "cell", "what differs", "picks", "95% interval", "beside its anchor", "p (Holm)", "reaches", "fingertips end",
        "wrist ends", "own brick p50 / p90", "ends ratio", "report's ratio", "samples", "min", "failures",
    )  # fmt: skip
    head = f"| {' | '.join(columns)} |"
    return "\n".join([head, f"|{' --- |' * 15}", *map(_make_cell, rows)])


def _make_cell(row: dict[str, Any]) -> str:
    aim = row["aim"]
    failures = ", ".join(f"{count} {name}" for name, count in row["failures"].items()) or "none"
    beside = ("", "")
    if "effect" in row:
        low, high = map(_points, row["effect_interval"])
        beside = (f"{_points(row['effect'])} ({low} to {high})", f"{row['p_holm']:.1g}")
    cells = (
        f"`{row['name']}`", row["about"], _rate(row), _interval(row["interval"]), *beside,
        f"{row['reached']}/{row['episodes']}",
        f"{row['final_distance_mm']:.0f} mm", f"{row['final_wrist_distance_mm']:.0f} mm",
        f"{aim['own_mm_p50']:.0f} / {aim['own_mm_p90']:.0f} mm", f"{aim['end_ratio']:.2f}", f"{aim['first_ratio']:.2f}",
        f"{row['samples']:,}", f"{row['minutes']:.1f}", failures,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def make_probe(values: dict[str, Any], rows: dict[str, Any]) -> str:
    """What the two probes say about who picks."""
    rates = [row["rate"] for row in rows.values()]
    correlations = {
        name: spearmanr([row["aim"][name] for row in rows.values()], rates).statistic
        for name in ("own_mm_p50", "end_ratio", "first_ratio")
    }
    expert = values["ceilings"]["expert_aim"]
    own, end, first = (f"{value:+.2f}" for value in correlations.values())
    told = (
        f"Rank correlation (Spearman) with the success rate over {len(rows)} cells: distance of the plan's end to its",
        f"own brick {own}; how far ends move with the prompt {end}; the report's ratio, which looks at the first",
        f"action, {first}. The expert, which goes to {expert['hits']} of {expert['plans']} bricks, has",
        f"{expert['first_ratio']:.2f} in the report's measure, and {expert['end_ratio']:.2f} at its plans' ends.",
    )
    plots = (
        "![Distance to the own brick against success](images/brick-study-own.svg)",
        "![The report's ratio against success](images/brick-study-ratio.svg)",
    )
    return "\n".join((*plots, "", *told))


def make_eyes(rows: dict[str, Any]) -> str:
    """The anchors with their eyes and without."""
    shown = {name: row for name, row in rows.items() if "eyes" in row}
    kinds = list(next(iter(shown.values()))["eyes"])
    head = f"| anchor | as it is | {' | '.join(kinds)} |\n|{' --- |' * (len(kinds) + 2)}"
    return "\n".join([
        head,
        *(
            f"| `{name}` | {_rate(row)} | {' | '.join('{}/{}'.format(*row['eyes'][kind]) for kind in kinds)} |"
            for name, row in shown.items()
        ),
    ])  # fmt: skip


def make_verdicts(rows: dict[str, Any]) -> str:
    """A line a suspect: what changing it did, around each anchor."""
    suspects: dict[str, list[dict[str, Any]]] = {}
    for row in rows.values():
        if "effect" in row:
            suspects.setdefault(row["suspect"], []).append(row)
    lines = []
    for suspect, found in suspects.items():
        told = "; ".join(f"`{row['name']}` {_points(row['effect'])} ({describe_effect(row)})" for row in found)
        lines.append(f"- **{suspect}**: {told}.")
    return "\n".join(lines)


def describe_effect(row: dict[str, Any]) -> str:
    """What a difference is, in words, and for each training seed where there are several."""
    each = list(map(_points, row["effect_by_training_seed"].values()))
    seeds = f"; by training seed {', '.join(each)}" if len(each) > 1 else ""
    if row["p_holm"] >= LEVEL:
        return f"no difference shown{seeds}"
    return f"{'better' if row['effect'] > 0 else 'worse'}{seeds}"


def make_groups(rows: list[dict[str, Any]], outcome: str = "") -> list[tuple[str, list[Effect]]]:
    """The panels of a forest plot, of success or of another `outcome`."""
    groups = []
    for anchor, title in ANCHOR_TITLES.items():
        own = [row for row in rows if row["anchor"] == anchor and "effect" in row]
        names = [row["name"].removeprefix(f"{anchor}--") for row in own]
        effects = [
            Effect(name, row[f"{outcome}effect"], *row[f"{outcome}effect_interval"], row[f"{outcome}p_holm"] < LEVEL)
            for name, row in zip(names, own, strict=True)
        ]
        groups.append((f"{anchor}: {title}", effects))
    return groups


def make_plots(values: dict[str, Any]) -> dict[str, str]:
    """File name in docs/images -> SVG."""
    rows = values["rows"]
    families = {row["name"]: row["anchor"] or row["name"] for row in rows}

    def make_points(measure: str) -> list[Point]:
        return [Point(max(row["aim"][measure], 1e-3), row["rate"], families[row["name"]]) for row in rows]

    own, ratio = "plan's end to its own brick, median, mm", "report's ratio: first action moved / way between bricks"
    return {
        "brick-study-effects.svg": plot_effects(make_groups(rows)),
        "brick-study-reached.svg": plot_effects(make_groups(rows, "reached_")),
        "brick-study-own.svg": plot_against(make_points("own_mm_p50"), own, "success", logarithmic=True),
        "brick-study-ratio.svg": plot_against(make_points("first_ratio"), ratio, "success"),
    }


def _points(share: float) -> str:
    """Percentage points, with a sign unless there are none."""
    points = round(100 * share)
    return f"{points:+d}" if points else "0"


def _rate(row: dict[str, Any]) -> str:
    return f"{row['successes']}/{row['episodes']}"


def _by_seed(row: dict[str, Any]) -> str:
    return ", ".join(f"{successes}/{episodes}" for successes, episodes in row["by_training_seed"].values())


def _aim(row: dict[str, Any]) -> str:
    return f"{round(row['aim']['hits'], 1):g} of {row['aim']['plans']:g}"


def _interval(interval: list[float]) -> str:
    return f"{interval[0]:.1%} to {interval[1]:.1%}"


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def load_values() -> dict[str, Any] | None:
    """The results, if there are any."""
    values: dict[str, Any] | None = json.loads(RESULTS.read_text()) if RESULTS.is_file() else None
    return values


def main() -> int:
    """0 when the page is what the results say (or now is), 1 when --check finds that it is not."""
    values = load_values()
    page = make_page(values)
    if "--check" in sys.argv[1:]:
        differs = not PAGE.is_file() or PAGE.read_text() != page
        if differs:
            print("docs/brick-study.md and results/ differ: run python scripts/brick_study_page.py", file=sys.stderr)
        return int(differs)
    PAGE.write_text(page)
    for name, plot in (make_plots(values) if values else {}).items():
        (IMAGES / name).write_text(plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
