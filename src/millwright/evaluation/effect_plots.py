"""Plots of many small experiments as SVG files on white: effects with their intervals, one measure against another."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, QUIET, BETTER, WORSE = "#1a1f27", "#8b95a3", "#1f7d4b", "#c8371f"
COLOURS = (INK, WORSE, BETTER, QUIET, "#7a4fb5")
"""Of groups."""
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
}
ROW_INCHES, TITLE_ROWS = 0.21, 3.0


class Effect(NamedTuple):
    """One row of a forest plot; all in 0..1."""

    label: str
    effect: float
    low: float
    high: float
    believed: bool
    """Its p-value, corrected, is below 0.05."""


class Point(NamedTuple):
    """One dot."""

    x: float
    y: float
    group: str


class Rate(NamedTuple):
    """A rate, 0..1, with its interval, where something else was `x`."""

    x: float
    rate: float
    low: float
    high: float
    group: str


def plot_effects(groups: Sequence[tuple[str, Sequence[Effect]]]) -> str:
    """A forest plot, a panel a group: what each change does to the rate, in percentage points."""
    groups = [(title, effects) for title, effects in groups if effects]
    heights = [len(effects) for _, effects in groups]

    def draw(figure: Figure) -> None:
        room = {"height_ratios": heights, "hspace": TITLE_ROWS * len(heights) / sum(heights), "top": 1, "bottom": 0}
        panels = figure.subplots(len(groups), 1, squeeze=False, gridspec_kw=room)[:, 0]
        for axes, (title, effects) in zip(panels, groups, strict=True):
            _draw_effects(axes, title, effects)
        panels[-1].set_xlabel("difference of the rates, percentage points, 95% interval")

    return _render(draw, (6.0, ROW_INCHES * (sum(heights) + TITLE_ROWS * (len(heights) - 1))))


def plot_against(points: Sequence[Point], x_label: str, y_label: str, *, logarithmic: bool = False) -> str:
    """A dot for each experiment, groups in the order of their first dots."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for index, group in enumerate(dict.fromkeys(point.group for point in points)):
            x, y = zip(*((point.x, point.y) for point in points if point.group == group), strict=True)
            axes.scatter(x, y, s=20, c=COLOURS[index % len(COLOURS)], alpha=0.75, linewidths=0, label=group)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        if logarithmic:
            _make_logarithmic(axes)
        axes.legend(frameon=False, fontsize=8)

    return _render(draw, (4.6, 3.2))


def plot_rates(rates: Sequence[Rate], x_label: str, y_label: str) -> str:
    """Rates with their intervals against a measure on a logarithmic axis; groups in the order of their first ones."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for index, group in enumerate(dict.fromkeys(rate.group for rate in rates)):
            own = sorted(rate for rate in rates if rate.group == group)
            x, y = [rate.x for rate in own], [rate.rate for rate in own]
            off = [[rate.rate - rate.low for rate in own], [rate.high - rate.rate for rate in own]]
            look: dict[str, Any] = {
                "color": COLOURS[index % len(COLOURS)],
                "marker": "o",
                "markersize": 4,
                "linewidth": 1.2,
            }
            axes.errorbar(x, y, off, elinewidth=0.8, label=group, **look)
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        _make_logarithmic(axes)
        axes.legend(frameon=False, fontsize=8)

    return _render(draw, (5.6, 3.4))


def _make_logarithmic(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter("")


def _draw_effects(axes: Axes, title: str, effects: Sequence[Effect]) -> None:
    for row, effect in enumerate(effects):
        colour = QUIET if not effect.believed else BETTER if effect.effect > 0 else WORSE
        axes.plot([100 * effect.low, 100 * effect.high], [row, row], color=colour, linewidth=1.4)
        axes.plot([100 * effect.effect], [row], marker="o", markersize=4, color=colour)
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.set_yticks(range(len(effects)), [effect.label for effect in effects])
    axes.set_ylim(len(effects) - 0.4, -0.6)
    axes.set_xlim(-103, 103)
    axes.set_title(title, loc="left", fontsize=9, fontweight="bold")


def _render(draw: Callable[[Figure], None], inches: tuple[float, float]) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "effects"}):
        figure = Figure(figsize=inches)
        draw(figure)
        # cut to size afterwards: matplotlib's solver of layouts does not give the same file twice
        about = {"Date": None, "Creator": None}
        figure.savefig(buffer, format="svg", facecolor="white", bbox_inches="tight", metadata=about)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
