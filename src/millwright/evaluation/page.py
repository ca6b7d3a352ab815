"""The parts of the report page, each a function from a result to HTML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from millwright.evaluation.behaviour_page import draw_warning
from millwright.evaluation.plots import QUIET, VARIABLES, colour_failures
from millwright.evaluation.result import EpisodeResult, Result
from millwright.evaluation.statistics import mean_interval, wilson
from millwright.evaluation.words import percent

COLUMNS = {
    "steps": ("steps", 1.0, 0),
    "return": ("return", 1.0, 1),
    "tile_share": ("tiles, %", 1e2, 1),
    "off_road_share": ("off the road, %", 1e2, 2),
    "mean_speed_m_s": ("speed, m/s", 1.0, 1),
    "final_distance_m": ("distance, mm", 1e3, 1),
    "final_wrist_distance_m": ("wrist, mm", 1e3, 1),
    "cycle_time_s": ("cycle, s", 1.0, 2),
    "jerk_rad_s3": ("jerk, rad/s³", 1.0, 1),
    "max_contact_force_n": ("force, N", 1.0, 1),
    "call_latency_ms": ("call, ms", 1.0, 2),
}
"""Metric -> (heading, factor, decimals) of the table of episodes; columns without values are left out."""
SHOWN_SUCCESSES = 12
PRIVILEGED = """<div class="warn"><b>Privileged.</b> This policy saw the truth;
its rate says nothing about a robot that has only its sensors.</div>"""
FLAWED = """<div class="warn"><b>Judged by {judge},</b> which is kept to be fooled; the rate is no result of the
policy.</div>"""
TITLE = '<p class="soft title">'


def draw_headline(result: Result) -> str:
    """Count, rate and interval, large."""
    (low, high), number = result.interval, len(result.episodes)
    policy, env = (escape(str(result.provenance[name])) for name in ("policy", "env"))
    return f"""<h1>{policy} <span>on {env}, seeds {result.seeds.start}:{result.seeds.stop}</span></h1>
{PRIVILEGED if result.privileged else ""}{_draw_judge(result)}{draw_warning(result)}
<section class="card head"><div class="rate">{percent(result.rate)}</div><div>
<div class="count"><b>{result.successes} of {number}</b> episodes succeeded
<span class="soft">— 95% interval {percent(low)} to {percent(high)}</span></div>
<div class="scale"><i style="left:{low:.3%};width:{high - low:.3%}"></i><b style="left:{result.rate:.3%}"></b></div>
<div class="ends"><span>0%</span><span>50%</span><span>100%</span></div></div></section>"""


def _draw_judge(result: Result) -> str:
    """A warning, unless the task's own judge judged."""
    judge = result.provenance.get("judge")
    return FLAWED.format(judge=escape(str(judge))) if judge else ""


def draw_tiles(result: Result) -> str:
    """The other figures that matter, where they were measured."""
    metrics, tiles = result.metrics(), []
    for name, title in (("wrong_object", "wrong object"), ("collision", "collision")):
        if f"{name}_rate" in metrics:
            low, high = metrics[f"{name}_interval"]
            tiles.append((percent(metrics[f"{name}_rate"]), title, f"95%: {percent(low)} to {percent(high)}"))
    if "cycle_time_s_mean" in metrics:
        low, high = mean_interval(result.values("cycle_time_s"))
        tiles.append((f"{metrics['cycle_time_s_mean']:.2f} s", "mean cycle time", f"95%: {low:.2f} to {high:.2f} s"))
    if "final_distance_m_p50" in metrics:
        p50, p95 = (1e3 * metrics[f"final_distance_m_{p}"] for p in ("p50", "p95"))
        tiles.append((f"{p50:.1f} mm", "final distance", f"median; p95 {p95:.3g} mm"))
    kind = "plan" if "plan_latency_ms_p50" in metrics else "call"
    if f"{kind}_latency_ms_p50" in metrics:
        p50, p99 = (metrics[f"{kind}_latency_ms_{p}"] for p in ("p50", "p99"))
        tiles.append((f"{p50:.2f} ms", "new plan" if kind == "plan" else "call", f"median; p99 {p99:.3g} ms"))
    if "jerk_rad_s3_mean" in metrics:
        mean, p95 = metrics["jerk_rad_s3_mean"], metrics["jerk_rad_s3_p95"]
        tiles.append((f"{mean:.1f}", "mean jerk, rad/s³", f"p95 {p95:.1f}"))
    cells = (f'<div class="tile"><span>{title}</span><b>{b}</b><small>{more}</small></div>' for b, title, more in tiles)
    return f'<section class="tiles">{"".join(cells)}</section>'


def draw_where(result: Result, prompts: str | None, places: str | None) -> str:
    """Where the failures are: by seed, by task, by the place of the prompt and by that of the target."""
    colours = colour_failures(result)
    cells = "".join(_cell(episode, colours) for episode in result.episodes)
    words = f'<div class="card">{TITLE}By seed</p><div class="strip">{cells}</div></div>{_draw_tasks(result)}'
    maps = {"By place of the prompt": prompts, "By place of the target, from above": places}
    plots = "".join(f'<div class="card plot">{TITLE}{title}</p>{svg}</div>' for title, svg in maps.items() if svg)
    columns = "".join(f'<div class="stack">{column}</div>' for column in (words, plots) if column)
    return f'<h2>Where the failures are</h2><section class="two">{columns}</section>'


def _draw_tasks(result: Result) -> str:
    """A bar for each target, or for each task where targets are not known; nothing if there is only one."""
    targeted = all("target" in episode.properties for episode in result.episodes)
    groups = [str(episode.properties["target"]) if targeted else episode.task for episode in result.episodes]
    total = Counter(groups)
    if len(total) == 1:
        return ""
    failed = Counter(group for group, episode in zip(groups, result.episodes, strict=True) if not episode.success)
    order = sorted(total, key=lambda group: (-failed[group] / total[group], group))
    bars = "".join(_task_bar(group, failed[group], total[group]) for group in order)
    return f'<div class="card tasks">{TITLE}By {"target" if targeted else "task"}</p>{bars}</div>'


def draw_key(result: Result) -> str:
    """The colours of the failure classes."""
    colours = {"success": QUIET} | colour_failures(result)
    return "".join(
        f'<span class="key"><i style="background:{VARIABLES[colour]}"></i>{escape(name)}</span>'
        for name, colour in colours.items()
    )


def draw_films(result: Result) -> str:
    """Films of all failures and of a dozen successes that were drawn before playing."""
    bad = [episode for episode in result.episodes if episode.film and not episode.success]
    good = [episode for episode in result.episodes if episode.film and episode.success][:SHOWN_SUCCESSES]
    classes = list(result.failures)
    bad.sort(key=lambda episode: classes.index(str(episode.failure)))
    groups = {
        "Films of the failures <small>the last picture; point at one to play it</small>": bad,
        "Films of successes <small>drawn before playing, not chosen</small>": good,
    }
    colours = colour_failures(result)
    return "".join(
        f'<h2>{title}</h2><section class="films">{"".join(_film(episode, colours) for episode in group)}</section>'
        for title, group in groups.items()
        if group
    )


def draw_table(result: Result) -> str:
    """Every episode, sortable."""
    present = {name: column for name, column in COLUMNS.items() if result.values(name)}
    heads = "".join(f"<th>{title}</th>" for title, _, _ in present.values())
    staged = any(episode.stages for episode in result.episodes)
    rows = "".join(_row(episode, present, staged) for episode in result.episodes)
    stopped = '<th class="text">stopped before</th>' if staged else ""
    return f"""<h2>Episodes <label><input type="checkbox" id="only"> failures only</label></h2>
<section class="card wide"><table id="episodes"><thead><tr><th>seed</th><th class="text">verdict</th>
<th class="text">task</th>{stopped}{heads}<th class="text">film</th></tr></thead>
<tbody>{rows}</tbody></table></section>"""


def draw_provenance(provenance: Mapping[str, Any]) -> str:
    """What was run, on what, with which versions."""
    told = {key: value for key, value in provenance.items() if value not in ("", {})}
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{_show(value)}</dd>" for key, value in told.items())
    return f'<h2>Provenance</h2><section class="card"><dl>{rows}</dl></section>'


def _bar(name: str, share: float, colour: str, text: str) -> str:
    fill = f'<i style="width:{share:.1%};background:{colour}"></i>' if share > 0 else ""
    return f'<div class="bar"><span title="{escape(name)}">{escape(name)}</span><div>{fill}</div><em>{text}</em></div>'


def _task_bar(task: str, failed: int, total: int) -> str:
    low, high = wilson(failed, total)
    count = f'<span title="95%: {low:.0%} to {high:.0%}">{failed} of {total}</span>'
    return _bar(task or "(no task)", failed / total, "var(--f0)", count)


def _cell(episode: EpisodeResult, colours: Mapping[str, str]) -> str:
    title = f"seed {episode.seed}: {episode.failure or 'success'}"
    colour = "" if episode.success else VARIABLES[colours[str(episode.failure)]]
    style = f' class="bad" style="background:{colour}"' if colour else ""
    return f'<a href="#seed-{episode.seed}" title="{escape(title)}"{style}></a>'


def _film(episode: EpisodeResult, colours: Mapping[str, str]) -> str:
    edge = "var(--good)" if episode.success else VARIABLES[colours[str(episode.failure)]]
    distance = f", {1e3 * episode.distances_m[-1]:.0f} mm" if episode.distances_m else ""
    said = f"<b>seed {episode.seed}</b> {escape(episode.failure or 'success')}{distance}"
    return f"""<figure style="border-top-color:{edge}">
<video src="films/{episode.film}" muted loop playsinline preload="metadata" tabindex="0"></video>
<figcaption>{said}<br><span class="soft">{escape(episode.task)}</span></figcaption></figure>"""


def _row(episode: EpisodeResult, columns: Mapping[str, tuple[str, float, int]], staged: bool) -> str:
    cells = "".join(_number(episode.metrics.get(name), column) for name, column in columns.items())
    film = f'<a href="films/{episode.film}">film</a>' if episode.film else ""
    stopped = f'<td class="text">{escape(episode.stopped or "")}</td>' if staged else ""
    return (
        f'<tr id="seed-{episode.seed}" class="{"good" if episode.success else "bad"}"><td>{episode.seed}</td>'
        f'<td class="text">{escape(episode.failure or "success")}</td><td class="text">{escape(episode.task)}</td>'
        f'{stopped}{cells}<td class="text">{film}</td></tr>'
    )


def _number(value: float | None, column: tuple[str, float, int]) -> str:
    _, factor, decimals = column
    return '<td data-v=""></td>' if value is None else f'<td data-v="{value:.6g}">{factor * value:.{decimals}f}</td>'


def _show(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(_pairs(value))
    return f"<code>{escape(value if isinstance(value, str) else json.dumps(value, default=str))}</code>"


def _pairs(values: Mapping[str, Any]) -> Iterable[str]:
    return (f"{escape(str(key))} {_show(value)}" for key, value in values.items())
