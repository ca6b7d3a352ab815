"""The part of the report page that counts what went wrong on the way, in drives that succeeded too."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import NamedTuple

from millwright.evaluation.result import Result
from millwright.evaluation.statistics import Interval, wilson
from millwright.evaluation.words import percent

RAW_HZ = 50
EVENTS: Mapping[str, str] = {
    "departures": "all four wheels left the road",
    "stalls": "no new tile for two seconds",
    "reversals": "the steering went from beyond 0.2 on one side to beyond it on the other",
}
"""Metric -> what is counted."""


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
    for name in EVENTS:
        values = result.values(name)
        drives = sum(value > 0 for value in values)
        rows.append(EventCount(name, int(sum(values)), drives, wilson(drives, len(values)), sum(values) / minutes))
    return tuple(rows)


def draw_events(result: Result) -> str:
    """A table of events, with what each means; nothing where nobody drove."""
    rows = count_events(result)
    if not rows:
        return ""
    number = len(result.episodes)
    cells = "".join(
        f'<tr><td class="text">{row.name}<br><small>{escape(EVENTS[row.name])}</small></td><td>{row.times}</td>'
        f"<td>{row.per_minute:.2f}</td><td>{row.drives} of {number} "
        f"({percent(row.share[0])} to {percent(row.share[1])})</td></tr>"
        for row in rows
    )
    return f"""<h2>On the way <small>events of all drives, those that succeeded too</small></h2>
<section class="card"><table class="plain"><thead><tr><th class="text">event</th><th>times</th><th>a minute</th>
<th>drives with any, 95% interval</th></tr></thead><tbody>{cells}</tbody></table></section>"""
