"""Card: what a bundle is, was made from, can do and cannot, as Markdown; it claims nothing that it was not given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millwright.core.manifest import Manifest

WATTS_A_CORE = 10.0
"""Assumed for a busy core with its share of the machine; no meter is read."""
SIMULATED = "Research and teaching in simulation: nothing on this card was measured on a real robot."
UNLIMITED = (
    "It plans motions and limits neither speed nor force nor where the arm goes, and it notices no people. Whatever "
    "plays it on a robot has to."
)
TOLD = ("recipe", "fields", "dataset", "episodes", "frames", "start", "loss", "recorded", "cpu_seconds")
"""What the lineage holds that has words or a section of its own; the rest is told as it is."""
UNTOLD = "Not told: the card was made from the bundle alone."


@dataclass(frozen=True)
class ResultRow:
    """A line of a result that was measured with the bundle."""

    source: str
    """Name of the file that holds it."""
    conditions: str
    seeds: str
    unit: str
    """What is counted: `episodes`, `picks`, `tables`."""
    successes: int
    trials: int
    interval: tuple[float, float]
    failures: Mapping[str, int] = field(default_factory=dict)
    stopped: Mapping[str, int] = field(default_factory=dict)
    """Stage -> failed episodes that did not reach it, but the one before; where stages were told."""
    max_force_n: float | None = None
    doubts: tuple[str, ...] = ()
    """Why the count may not mean what it seems to."""


@dataclass(frozen=True)
class Setting:
    """What those know who know the environment: the manifest alone does not tell it."""

    task: str
    """In words."""
    recorded: Sequence[Mapping[str, Any]] = ()
    """What was recorded to train on: `policy`, `env_options`, `episodes` of each kind."""
    lacks: tuple[str, ...] = ()
    """What these recordings never show."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """Failure class -> a sentence."""


@dataclass(frozen=True)
class Subject:
    """The bundle itself."""

    name: str
    manifest: Manifest
    parameters: str
    """How many, by component, as Markdown."""
    sees: tuple[str, ...]
    answers: str


def draw_card(subject: Subject, setting: Setting | None = None, results: Sequence[ResultRow] = ()) -> str:
    """The card of a bundle as Markdown.

    Args:
        setting: without it, what it tells is said to be missing.
        results: without any, the card says so and claims nothing.
    """
    sections = {
        "What it is": _draw_subject(subject, setting),
        "Trained on": _draw_training(subject.manifest.lineage, setting),
        "Results": _draw_results(results),
        "Known failures": _draw_failures(results, setting),
        "Intended use and limits": [SIMULATED, _say_limits(results)],
        "Safety": _draw_safety(results),
        "Bias: what its data lacks": _draw_lacks(setting),
        "Energy used in training": [_say_energy(subject.manifest.lineage)],
    }
    body = "".join(f"## {title}\n\n" + "\n".join(lines) + "\n\n" for title, lines in sections.items())
    about = "Made from the bundle's manifest and the results named below; to make it again changes no policy and no id."
    return f"# {subject.name}\n\n{about}\n\n{body}".rstrip() + "\n"


def _draw_subject(subject: Subject, setting: Setting | None) -> list[str]:
    manifest = subject.manifest
    rows = {
        "task": setting.task if setting else "",
        "made for": f"`{manifest.env}`, judged by `{manifest.judge}`" + _say_options(manifest.env_options, ", with "),
        "sees": ", ".join(subject.sees),
        "answers": subject.answers,
        "network": f"`{manifest.network}`",
        "id": f"`{manifest.id}`",
    }
    if manifest.runtime != "torch":
        rows |= {"runtime": f"`{manifest.runtime}`", "as good as the original": _say_trial(manifest.accepted)}
    return [*_list_rows(rows), "", subject.parameters.strip()]


def _say_trial(accepted: Mapping[str, Any] | None) -> str:
    """What the trial of an export found."""
    if accepted is None:
        return "not tried"
    low, high = (f"{100 * bound:+.1f}" for bound in accepted["interval"])
    return (
        f"{'yes' if accepted['accepted'] else 'NO'}: {accepted['successes']} of {accepted['episodes']} on seeds "
        f"{accepted['seeds']}, the original {accepted['original_successes']} (difference {low} to {high} points with "
        f"95% confidence; worse by {100 * accepted['margin']:g} points or more: p = {accepted['p_value']:.2g})"
    )


def _draw_training(lineage: Mapping[str, Any], setting: Setting | None) -> list[str]:
    recipe, start = lineage.get("recipe"), lineage.get("start")
    more = {name: f"{value}" for name, value in lineage.items() if name not in TOLD}
    rows = {
        "recipe": f"`{recipe}`" if recipe else "",
        "fields": _say_options(lineage.get("fields", {})),
        "dataset": f"digest `{lineage['dataset']}`" if "dataset" in lineage else "",
        "episodes": _say_number(lineage.get("episodes")),
        "frames": _say_number(lineage.get("frames")),
        "begun from": f"the weights of `{start}`" if start else "",
        "loss at the end": f"{lineage['loss']:.4g}" if "loss" in lineage else "",
        **more,
    }
    told = _list_rows(rows) or ["The manifest tells nothing of how it was trained."]
    return told + [f"- **recorded**: {_say_recording(row)}" for row in (setting.recorded if setting else ())]


def _say_recording(row: Mapping[str, Any]) -> str:
    count = row.get("episodes")
    number = f"{count:,} episode{'s' * (count != 1)}" if count else "episodes"
    return f"{number} of `{row['policy']}`{_say_options(row.get('env_options', {}), ' with ')}"


def _draw_results(results: Sequence[ResultRow]) -> list[str]:
    if not results:
        return ["None were given when this card was made, so it claims none."]
    head = [
        "| scenes | where | succeeded | 95% interval | failures | measured in |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return [*head, *map(_draw_row, results), *(f"\nCareful: {doubt}" for row in results for doubt in row.doubts)]


def _draw_row(row: ResultRow) -> str:
    low, high = row.interval
    rate = f"{row.successes}/{row.trials} {row.unit} = {row.successes / row.trials:.1%}"
    failures = ", ".join(f"{count} {name}" for name, count in row.failures.items()) or "none"
    cells = (row.seeds, row.conditions, rate, f"{low:.1%} to {high:.1%}", failures, f"`{row.source}`")
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _draw_failures(results: Sequence[ResultRow], setting: Setting | None) -> list[str]:
    if not results:
        return ["Not known: no results were given."]
    classes = dict.fromkeys(name for row in results for name in row.failures)
    if not classes:
        tried = ", ".join(f"{row.trials} {row.unit} ({row.conditions})" for row in results)
        return [f"None in {tried}; how many there may be all the same, the intervals say."]
    lines = []
    for name in classes:
        counts = [_say_count(row.failures[name], row) for row in results if name in row.failures]
        meaning = setting.meanings.get(name, "") if setting else ""
        lines.append(f"- **{name}**: {' '.join([meaning, ', '.join(counts)]).strip()}")
    stopped = [f"{_say_stops(row)} ({row.conditions})" for row in results if row.stopped]
    return lines + ([f"\nWhere failed episodes stopped: {'; '.join(stopped)}."] if stopped else [])


def _say_stops(row: ResultRow) -> str:
    return ", ".join(f"{count} before *{stage}*" for stage, count in row.stopped.items())


def _say_count(count: int, row: ResultRow) -> str:
    return f"{count} of {row.trials} ({row.conditions})"


def _say_limits(results: Sequence[ResultRow]) -> str:
    if not results:
        return "How well it does anywhere is not known from this card."
    worst = min(results, key=lambda row: row.successes / row.trials)
    count = f"{worst.successes} of {worst.trials} {worst.unit} ({worst.conditions})"
    return (
        f"It was measured in the worlds of the table above, and did worst there with {count}; of any other world this "
        "card knows nothing."
    )


def _draw_safety(results: Sequence[ResultRow]) -> list[str]:
    lines = [UNLIMITED]
    if results:
        worst = max(results, key=lambda row: row.failures.get("collision", 0) / row.trials)
        most = worst.failures.get("collision", 0)
        lines.append(f"Collisions: {f'at most {_say_count(most, worst)}' if most else 'none in any result'}.")
    forces = [row for row in results if row.max_force_n is not None]
    if forces:
        hardest = max(forces, key=lambda row: row.max_force_n or 0.0)
        hard = f"{hardest.max_force_n:.0f} N ({hardest.conditions})"
        lines.append(f"The hardest contact in the {len(forces)} lines that tell of forces: {hard}.")
    return lines if results else [*lines, "Collisions and forces: no results were given."]


def _draw_lacks(setting: Setting | None) -> list[str]:
    if setting is None or not setting.lacks:
        return [UNTOLD if setting is None else "Not told: the manifest does not say what was recorded."]
    return ["So its data always was; of anything else it knows nothing:", "", *(f"- {lack}" for lack in setting.lacks)]


def _say_energy(lineage: Mapping[str, Any]) -> str:
    seconds = lineage.get("cpu_seconds")
    if seconds is None:
        return "Not known: no CPU time was written down when it was trained."
    kilowatt_hours = seconds * WATTS_A_CORE / 3.6e6
    return (
        f"About {kilowatt_hours:.2g} kWh, estimated: {seconds:,.0f} s of CPU time, measured in the training loop, at "
        f"{WATTS_A_CORE:g} W a busy core, assumed. Recording, evaluating and graphics cards are not in it."
    )


def _list_rows(rows: Mapping[str, str]) -> list[str]:
    return [f"- **{name}**: {value}" for name, value in rows.items() if value]


def _say_options(options: Mapping[str, Any], before: str = "") -> str:
    """`hard`, `click_noise` 0.4; nothing for those that are off."""
    on = [(name, value) for name, value in options.items() if value is not False and value not in ("", None)]
    told = [f"`{name}`" if value is True else f"`{name}` {value}" for name, value in on]
    return before + ", ".join(told) if told else ""


def _say_number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
