"""write_probe: a probe as numbers, and on one sheet what the policy sees, looks at and would do for each object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecFromSubplotSpec
from matplotlib.patches import Polygon, Rectangle

from millwright.evaluation.probe import Aim, Probe, find_tips, summarise
from millwright.geometry.boxes import compute_corners

SCHEMA = 1
GOOD, BAD, PROMPT, CROP, PLAN, CLICK = "#1f7a46", "#c5341f", "#00c853", "#ffffff", "#ffc400", "#d400aa"
HEAT, COLUMNS = "inferno", 3
GREY = np.array([0.299, 0.587, 0.114])
"""Brightness of red, green and blue (ITU-R 601)."""


def write_probe(probe: Probe, folder: Path, about: Mapping[str, Any]) -> None:
    """Write `probe.json` and `probe.png` into a folder, made if missing; `about` names the bundle and more."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {"schema": SCHEMA, **about, **probe.to_json()}
    (folder / "probe.json").write_text(json.dumps(values, indent=1, allow_nan=False) + "\n")
    draw_probe(probe, f"{about['bundle']}, scene {probe.seed}").savefig(folder / "probe.png")


def draw_probe(probe: Probe, title: str) -> Figure:
    """The sheet: the scene from above, and two pictures for each object."""
    rows = -(-len(probe.aims) // COLUMNS)
    figure = Figure(figsize=(19, 0.8 + 2.65 * rows), layout="constrained", dpi=100)
    figure.suptitle(f"{title}: {summarise(probe)}", fontsize=15, fontweight="bold")
    halves = figure.add_gridspec(1, 2, width_ratios=[1, 2.6])
    side = GridSpecFromSubplotSpec(3, 1, halves[0], height_ratios=[6, 1.6, 0.25])
    _draw_map(figure.add_subplot(side[0]), probe)
    heat = ScalarMappable(Normalize(0, max(1.0, *(float(aim.influence.moved_mm.max()) for aim in probe.aims))), HEAT)
    _write_legend(figure.add_subplot(side[1]))
    bar = figure.colorbar(heat, cax=figure.add_subplot(side[2]), orientation="horizontal")
    bar.set_label("fingertips end this far away when the place is hidden, mm")
    grid = GridSpecFromSubplotSpec(rows, COLUMNS, halves[1])
    for index, aim in enumerate(probe.aims):
        cell = GridSpecFromSubplotSpec(1, 2, grid[index // COLUMNS, index % COLUMNS], wspace=0.02)
        _draw_picture(figure.add_subplot(cell[0]), aim)
        _draw_influence(figure.add_subplot(cell[1]), aim, heat)
    return figure


def _draw_map(axes: Axes, probe: Probe) -> None:
    """The table from above, the robot at the top; lines lead from objects to where the policy would go for them."""
    for aim in probe.aims:
        box, pose = probe.boxes[aim.name]
        top = compute_corners(pose[:3], pose[3:], box.half_sizes)[[1, 3, 7, 5], :2]
        axes.add_patch(Polygon(top[:, ::-1], facecolor=box.color, edgecolor="#333333", linewidth=0.8))
        axes.plot(aim.click[1], aim.click[0], "+", color=CLICK, markersize=9, markeredgewidth=1.6)
        tips, end = find_tips(aim.hands[-1]), aim.hands[-1]
        color = GOOD if aim.goes_to == aim.name else BAD
        axes.plot([pose[1], end[1]], [pose[0], end[0]], color=color, linewidth=1.2)
        axes.plot(tips[:, 1], tips[:, 0], color=color, linewidth=2.2, marker="o", markersize=3.5)
        axes.annotate(
            f"{aim.name} {aim.own_mm:.0f} mm", (pose[1], pose[0] - 0.045), ha="center", fontsize=9, color=color
        )
    axes.set_aspect("equal")
    axes.margins(0.12)
    axes.invert_yaxis()
    axes.set_xlabel("y, m")
    axes.set_ylabel("x, m (the robot stands at the top)")
    axes.set_title("where it would go for each", fontsize=12)


def _write_legend(axes: Axes) -> None:
    rows = (
        (GOOD, "o-", "where the fingertips would end, nearest to what was asked for"),
        (BAD, "o-", "the same, nearest to something else"),
        (CLICK, "+", "the click"),
        (PROMPT, "s-", "the prompt's box"),
        (PLAN, "o-", "the planned way of the hand, and its end"),
        ("#888888", "--", "what is cut out of the picture for the network"),
    )
    for row, (color, sign, text) in enumerate(rows):
        axes.plot([0.02, 0.08], [-row, -row], sign, color=color, linewidth=2, markersize=5)
        axes.text(0.12, -row, text, va="center", fontsize=9.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(-len(rows) + 0.3, 0.7)
    axes.axis("off")


def _draw_picture(axes: Axes, aim: Aim) -> None:
    axes.imshow(aim.picture, extent=(0, 1, 1, 0), interpolation="nearest")
    x0, y0, x1, y1 = aim.box[:4]
    if aim.in_view:
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=PROMPT, linewidth=1.8))
    if aim.crop is not None:
        x0, y0, x1, y1 = aim.crop
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=CROP, linewidth=1.3, linestyle="--"))
    _draw_plan(axes, aim)
    axes.plot(*aim.path_in_picture.T, color=PLAN, linewidth=1.2)
    _frame(axes, (0.0, 0.0, 1.0, 1.0))
    word = "" if aim.goes_to == aim.name else f", goes to {aim.goes_to}"
    text = f"{aim.name}: {aim.own_mm:.1f} mm{word}"
    axes.set_title(text, fontsize=11, loc="left", color=BAD if word else GOOD, fontweight="bold")


def _draw_influence(axes: Axes, aim: Aim, heat: ScalarMappable) -> None:
    """The searched part of the picture, grey, under the influence of each place in it."""
    axes.imshow(aim.picture @ GREY, extent=(0, 1, 1, 0), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    moved = aim.influence.moved_mm
    x0, y0, x1, y1 = aim.influence.area
    colors = heat.to_rgba(moved)
    colors[..., 3] = 0.15 + 0.7 * np.sqrt(moved / max(float(moved.max()), 1e-9))
    axes.imshow(colors, extent=(x0, x1, y1, y0), interpolation="bilinear")
    _draw_plan(axes, aim)
    _frame(axes, aim.influence.area)
    text = f"click {aim.click_mm:.0f} mm off; to {aim.nearest_other} {aim.nearest_other_mm:.0f} mm"
    axes.set_title(text, fontsize=8, loc="left", color="#555555")


def _draw_plan(axes: Axes, aim: Aim) -> None:
    axes.plot(*aim.tips_in_picture.T, color=PLAN, linewidth=2.4, marker="o", markersize=3.5)


def _frame(axes: Axes, area: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = area
    axes.set_xlim(x0, x1)
    axes.set_ylim(y1, y0)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
