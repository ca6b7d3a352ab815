"""The report page: what happened in an evaluation, for people."""

from __future__ import annotations

from html import escape
from pathlib import Path

from millwright.evaluation import behaviour_page, driving_page, failures_page, page, plots
from millwright.evaluation.result import Result
from millwright.evaluation.style import CSS, SCRIPT


def write_report(result: Result, folder: Path) -> Path:
    """Write `report.html` into `folder`, which holds the episodes' `films/`; nothing else is needed to read it."""
    path = folder / "report.html"
    path.write_text(draw_page(result), encoding="utf-8")
    return path


def draw_page(result: Result) -> str:
    """The whole page as HTML."""
    pairs = [svg for svg in (plots.plot_cycle_times(result), plots.plot_latencies(result)) if svg is not None]
    charts = "".join(f'<div class="card plot">{svg}</div>' for svg in pairs)
    title = f"{result.provenance['policy']} on {result.provenance['env']}: {result.successes} of {len(result.episodes)}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{CSS}</style></head><body><main>
{page.draw_headline(result)}
{page.draw_tiles(result)}
{behaviour_page.draw_behaviour(result)}
{driving_page.draw_events(result)}
{failures_page.draw_failures(result)}
{_draw_distances(result)}
{_draw_where(result)}
{page.draw_films(result)}
<h2>Times <small>in blue on the right: calls in which a new plan was made</small></h2>
<section class="two">{charts}</section>
{page.draw_table(result)}
{page.draw_provenance(result.provenance)}
</main><script>{SCRIPT}</script></body></html>
"""


def _draw_distances(result: Result) -> str:
    svg = plots.plot_distances(result)
    if svg is None:
        return ""
    return f'<h2>Distance over time</h2><section class="card plot">{page.draw_key(result)}{svg}</section>'


def _draw_where(result: Result) -> str:
    if not result.failures:
        return ""
    return page.draw_where(result, plots.plot_prompts(result), plots.plot_places(result))
