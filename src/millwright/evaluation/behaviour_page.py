"""What the report page says of behaviour: how far episodes came, and a warning where successes lack a stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from statistics import median

from millwright.evaluation.behaviour import Behaviour, StageCount
from millwright.evaluation.result import Result
from millwright.evaluation.words import percent

SHOWN_SEEDS = 8
KINDS = {"success": "var(--good)", "a success to the judge alone": "var(--f1)", "failed": "var(--quiet)"}
"""What became of the episodes that a bar counts -> its colour."""


def draw_behaviour(result: Result) -> str:
    """How many reached each stage, and of which class those are that did not; nothing where there are no stages."""
    behaviour = result.behaviour
    if behaviour is None:
        return ""
    kinds = list(KINDS)[:: 1 if behaviour.unsupported else 2]
    key = "".join(f'<span class="key"><i style="background:{KINDS[kind]}"></i>{kind}</span>' for kind in kinds)
    rows = "".join(_draw_stage(stage, behaviour, result) for stage in behaviour.stages)
    successes = [episode.seed for episode in result.episodes if episode.success]
    judged = f"""<div class="stage"><p><b>success</b><br><span class="soft">says the judge</span></p>
{_draw_bar(successes, behaviour, result)}
<p><b>{result.successes}</b> <span class="soft">of {len(result.episodes)}</span>
{_draw_seeds("failed past all stages", behaviour.past_all)}</p></div>"""
    return f"""<h2>Behaviour <small>how far the episodes came, told from facts alone, whatever the judge says; a stage
counts once the one before it was reached</small></h2><section class="card">{key}{rows}{judged}</section>"""


def draw_warning(result: Result) -> str:
    """Whoever was called successful without having shown what the task asks for; else nothing."""
    behaviour = result.behaviour
    if behaviour is None or not behaviour.unsupported:
        return ""
    about = {stage.name: stage.about for stage in behaviour.stages}
    rows = "".join(
        f"<li>{len(seeds)}: it was never seen that {escape(about[stage])} (seeds {_link_seeds(seeds)})</li>"
        for stage, seeds in behaviour.unsupported.items()
    )
    count = sum(map(len, behaviour.unsupported.values()))
    return f"""<div class="warn"><b>Do not believe the rate.</b> Of {result.successes} that the judge calls successful,
{count} did not show what the task asks for:<ul>{rows}</ul></div>"""


def _draw_stage(stage: StageCount, behaviour: Behaviour, result: Result) -> str:
    count, (low, high) = len(stage.reached), stage.interval
    times = [seen.reached_at_s for episode in result.episodes for seen in episode.stages if seen.name == stage.name]
    known = [time_s for time_s in times if time_s is not None]
    when = f"; median {median(known):.1f} s" if known else ""
    return f"""<div class="stage"><p><b>{escape(stage.name)}</b><br><span class="soft">{escape(stage.about)}</span></p>
{_draw_bar(stage.reached, behaviour, result)}<p><b>{count}</b> <span class="soft">of {stage.episodes}:
{percent(count / stage.episodes)} (95%: {percent(low)} to {percent(high)}){when}</span>
{_draw_seeds("failed before it", stage.stopped)}</p></div>"""


def _draw_bar(seeds: Iterable[int], behaviour: Behaviour, result: Result) -> str:
    """These episodes among all, by what became of them."""
    doubtful = {seed for seeds_of_stage in behaviour.unsupported.values() for seed in seeds_of_stage}
    sound = {episode.seed for episode in result.episodes if episode.success} - doubtful
    here = set(seeds)
    parts = zip(KINDS.values(), (here & sound, here & doubtful, here - sound - doubtful), strict=True)
    bars = (
        f'<i style="width:{len(part) / len(result.episodes):.1%};background:{colour}"></i>' for colour, part in parts
    )
    return f"<div>{''.join(bars)}</div>"


def _draw_seeds(what: str, failures: Mapping[str, Sequence[int]]) -> str:
    """Failed episodes class by class, each a link to its row."""
    if not failures:
        return ""
    told = "; ".join(f"{len(seeds)} {escape(failure)} ({_link_seeds(seeds)})" for failure, seeds in failures.items())
    return f"<br>{what}: {told}"


def _link_seeds(seeds: Sequence[int]) -> str:
    links = [f'<a href="#seed-{seed}">{seed}</a>' for seed in seeds[:SHOWN_SEEDS]]
    more = [f"{len(seeds) - SHOWN_SEEDS} more"] if len(seeds) > SHOWN_SEEDS else []
    return ", ".join(links + more)
