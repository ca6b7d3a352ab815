"""The part of the report page that counts what went wrong on the way, in drives that succeeded too."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from millwright.evaluation.advice import advise
from millwright.evaluation.driving import AROUND
from millwright.evaluation.result import Result
from millwright.evaluation.statistics import Interval, wilson
from millwright.evaluation.surprise import Exploitation, find_exploitation
from millwright.evaluation.words import percent

RAW_HZ = 50
SURPRISES = "surprises"
EVENTS: Mapping[str, str] = {
    "departures": "all four wheels left the road",
    "stalls": "no new tile for two seconds",
    "reversals": "the steering went from beyond 0.2 on one side to beyond it on the other",
    SURPRISES: "what came was farther from what the driver's own world model had dreamed of it than in 99% of the "
    "ticks of all other drives",
}
"""What is counted, and what it means; surprises only of a driver with a world model."""


class EventCount(NamedTuple):
    """How often something happened in a result's drives."""

    name: str
    times: int
    drives: int
    """In which it happened."""
    share: Interval
    """95% Wilson interval of their share."""
    per_minute: float


def count_events(result: Result) -> tuple[EventCount, ...]:
    """One row an event; empty where nobody drove."""
    if not any("departures" in episode.metrics for episode in result.episodes):
        return ()
    minutes = sum(result.values("raw_steps")) / RAW_HZ / 60
    rows = []
    counts = {name: result.values(name) for name in EVENTS if name != SURPRISES}
    if found := find_exploitation(result):
        counts[SURPRISES] = [float(times) for times in found.surprises]
    for name, values in counts.items():
        drives = sum(value > 0 for value in values)
        rows.append(EventCount(name, int(sum(values)), drives, wilson(drives, len(values)), sum(values) / minutes))
    return tuple(rows)


def draw_events(result: Result) -> str:
    """A table of events, with what each means; nothing where nobody drove."""
    rows = count_events(result)
    if not rows:
        return ""
    found = find_exploitation(result)
    number = len(result.episodes)
    cells = "".join(
        f'<tr><td class="text">{row.name}<br><small>{escape(EVENTS[row.name])}</small></td><td>{row.times}</td>'
        f"<td>{row.per_minute:.2f}</td><td>{row.drives} of {number} "
        f"({percent(row.share[0])} to {percent(row.share[1])})</td></tr>"
        for row in rows
    )
    return f"""<h2>On the way <small>events of all drives, those that succeeded too</small></h2>
<section class="card"><table class="plain"><thead><tr><th class="text">event</th><th>times</th><th>a minute</th>
<th>drives with any, 95% interval</th></tr></thead><tbody>{cells}</tbody></table></section>
{_draw_exploitation(found, result) if found else ""}"""


def _draw_exploitation(found: Exploitation, result: Result) -> str:
    """How many failures began with a surprise, and their key frames: five before and five after it began."""
    if not found.failed:
        return ""
    advice, (low, high) = advise("model_exploitation"), found.share
    strips = "".join(
        f'<figure class="frames"><figcaption><a href="#seed-{episode.seed}">seed {episode.seed}</a> '
        f"{escape(str(episode.failure))}</figcaption>"
        f'<img src="films/{episode.strip}" loading="lazy" alt="five frames before and after it began"></figure>'
        for episode in result.episodes
        if episode.seed in found.exploited and episode.strip
    )
    count = f"{len(found.exploited)} of {found.failed}"
    told = f"{count} failures began with a surprise ({percent(low)} to {percent(high)})"
    return f"""<h2>model_exploitation <small>failures that began where the dream was wrong</small></h2>
<section class="card"><p><b>{told}</b>; {percent(found.chance)} would by chance, if they began anywhere.
A failure begins with a surprise that is at most {AROUND} ticks from its first tick.</p>
<p>{escape(advice.meaning)}</p><p class="soft">{escape(advice.mitigation)}</p>
<div class="strips">{strips}</div></section>"""
