"""Plots of a result as SVG that takes its colours from the page, so light and dark both fit."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from millwright.evaluation.result import EpisodeResult, Result

INK, QUIET, ACCENT = "#010203", "#020304", "#030405"
FAILURES = ("#0a0101", "#0a0102", "#0a0103", "#0a0104", "#0a0105", "#0a0106")
"""Stand-ins for the page's colours: matplotlib wants a colour, the page a CSS variable."""
VARIABLES = {INK: "currentColor", QUIET: "var(--quiet)", ACCENT: "var(--accent)"} | {
    colour: f"var(--f{index})" for index, colour in enumerate(FAILURES)
}
PLACE = ("target_x_m", "target_y_m")
"""Properties that give the target's place."""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "path.simplify_threshold": 0.5,
}


def plot_distances(result: Result) -> str | None:
    """Distance of the fingertips to the target over time, every episode; None if it was not measured."""
    traced = [episode for episode in result.episodes if episode.distances_m]
    if not traced:
        return None
    good = [_trace(episode) for episode in traced if episode.success]
    bad = [episode for episode in traced if not episode.success]
    colours = colour_failures(result)

    def draw(axes: Axes) -> None:
        axes.add_collection(LineCollection(good, colors=QUIET, linewidths=0.6, alpha=0.45))
        axes.add_collection(
            LineCollection([_trace(e) for e in bad], colors=[colours[str(e.failure)] for e in bad], linewidths=1.3)
        )
        axes.autoscale()
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.set_xlabel("time, s")
        axes.set_ylabel("fingertips to target, mm")

    return render("distances", draw, (10.3, 3.3))


def plot_cycle_times(result: Result) -> str | None:
    """Histogram of the successes' cycle times, in whole ticks; None without any."""
    values = result.values("cycle_time_s")
    ticks = [episode.times_s[1] - episode.times_s[0] for episode in result.episodes if len(episode.times_s) > 1]
    if not values or not ticks:
        return None
    width = ticks[0] * max(1, np.ceil((max(values) - min(values)) / ticks[0] / 24))
    edges = np.arange(min(values) - width / 2, max(values) + width, width).tolist()

    def draw(axes: Axes) -> None:
        axes.hist(values, edges, color=ACCENT)
        axes.set_xlabel("cycle time of successes, s")
        axes.set_ylabel("episodes")
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))

    return render("cycles", draw, (4.6, 2.6))


def plot_latencies(result: Result) -> str | None:
    """Histogram of the policy's calls, those that made a new plan above the others."""
    calls = [ms for episode in result.episodes for ms in episode.call_ms]
    plans = [ms for episode in result.episodes for ms in episode.plan_ms]
    if not calls:
        return None

    def draw(axes: Axes) -> None:
        edges = np.geomspace(max(min(calls), 1e-3), max(max(calls), 2e-3) * 1.001, 36).tolist()
        axes.hist(np.maximum(calls, 1e-3), edges, color=QUIET, alpha=0.55)
        axes.hist(np.maximum(plans, 1e-3), edges, color=ACCENT)
        axes.set_xscale("log")
        axes.set_xlabel("call of the policy, ms")
        axes.set_ylabel("calls")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")

    return render("latencies", draw, (4.6, 2.6))


def plot_prompts(result: Result) -> str | None:
    """Where in the first image the prompt pointed, failures coloured; None without prompts."""
    shown = [episode for episode in result.episodes if episode.prompt_at is not None]
    if not shown:
        return None

    def draw(axes: Axes) -> None:
        _scatter(axes, result, [(episode, _point(episode)) for episode in shown])
        axes.set_xlim(0, 1)
        axes.set_ylim(1, 0)
        axes.set_xlabel("across the first image")
        axes.set_ylabel("down the first image")

    return render("prompts", draw, (3.6, 3.2))


def plot_places(result: Result) -> str | None:
    """Where on the table the target was at the start, failures coloured; None without places.

    Seen from above by somebody who stands behind the robot: x (m) goes up, y to the left.
    """
    places = [(episode, [episode.properties.get(name) for name in PLACE]) for episode in result.episodes]
    shown = [(episode, (100 * y, 100 * x)) for episode, (x, y) in places if _is_number(x) and _is_number(y)]
    if not shown:
        return None

    def draw(axes: Axes) -> None:
        _scatter(axes, result, shown)
        axes.invert_xaxis()
        axes.set_xlabel("to the left of the robot, cm")
        axes.set_ylabel("in front of the robot, cm")

    return render("places", draw, (4.6, 3.2))


def colour_failures(result: Result) -> dict[str, str]:
    """Failure class -> stand-in colour, the most frequent first."""
    return {name: FAILURES[index % len(FAILURES)] for index, name in enumerate(result.failures)}


def _trace(episode: EpisodeResult) -> list[tuple[float, float]]:
    return [(time, distance * 1e3) for time, distance in zip(episode.times_s, episode.distances_m, strict=True)]


def _scatter(axes: Axes, result: Result, points: Sequence[tuple[EpisodeResult, tuple[float, float]]]) -> None:
    """Small quiet dots for successes, larger ones in the colour of their class for failures."""
    colours = colour_failures(result)
    for episode, place in sorted(points, key=lambda point: not point[0].success):
        size, colour = (14, QUIET) if episode.success else (42, colours[str(episode.failure)])
        axes.scatter(*place, s=size, c=colour, alpha=0.5 if episode.success else 1, linewidths=0)
    axes.set_aspect("equal")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float)


def _point(episode: EpisodeResult) -> tuple[float, float]:
    u, v = episode.prompt_at or (0.0, 0.0)
    return min(max(u, 0.0), 1.0), min(max(v, 0.0), 1.0)


def render(name: str, draw: Callable[[Axes], None], inches: tuple[float, float]) -> str:
    """What `draw` draws, as SVG in the page's colours; `name` makes its ids the same every time."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=inches, layout="constrained")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    return text[text.index("<svg") :]
