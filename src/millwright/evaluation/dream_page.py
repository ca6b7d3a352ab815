"""The page about a run's dreams: whether they rank, foresee and keep their promises, with plots and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from PIL import Image

from millwright.evaluation.plots import ACCENT, FAILURES, INK, QUIET, render
from millwright.evaluation.style import CSS

Told = Mapping[str, Any]
WANTED = 900
"""The return at which CarRacing was called solved."""
FILM = "dream.mp4"
SCALE, GAP = 4, 8
"""Of the pictures of dreams: pixels of one, and between two."""


def write_dream_page(summary: Told, shown: Mapping[str, NDArray[np.uint8]], folder: Path) -> Path:
    """Write `truth.html` and `dreams.png`; the page shows the film `FILM` that lies beside it.

    Args:
        summary: of the recipe dream-truth.
        shown: rows of pictures (count, height, width, channels) by what they show.
    """
    draw_pictures(list(shown.values())).save(folder / "dreams.png")
    path = folder / "truth.html"
    path.write_text(draw_dream_page(summary, list(shown)), encoding="utf-8")
    return path


def draw_pictures(rows: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """One row below the other, each picture a few times as large."""
    grid = []
    for row in rows:
        large = np.repeat(np.repeat(np.broadcast_to(row, (*row.shape[:3], 3)), SCALE, 1), SCALE, 2)
        edged = np.pad(large, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=128)
        grid.append(np.concatenate(list(edged), 1))
    return Image.fromarray(np.concatenate(grid))


def draw_dream_page(summary: Told, rows: Sequence[str]) -> str:
    """The page as HTML; `rows` says what the rows of dreams.png show."""
    plots = "".join(
        f'<div class="card plot"><p class="soft title">{escape(title)}</p>{svg}</div>'
        for title, svg in draw_plots(summary).items()
    )
    legend = "".join(f"<li>{escape(row)}</li>" for row in rows)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Is the dream true?</title><style>{CSS}</style></head><body><main>
<h1>Is the dream true? <span>{escape(str(summary["fields"]["source"]))}</span></h1>
{_draw_tiles(summary)}
<section class="two" style="margin-top:16px">{plots}</section>
<h2>What was seen and what was dreamed <small>from top to bottom; white is grass</small></h2>
<section class="card"><img src="dreams.png" alt="pictures of drives and of dreams"><ol>{legend}</ol></section>
<h2>A drive, and what was dreamed of it <small>the dream does what was done</small></h2>
<section class="card"><video src="{FILM}" controls muted playsinline style="width:100%"></video></section>
{_draw_gaps(summary)}
{_draw_drivers(summary["ranking"]["drivers"])}
</main></body></html>
"""


def draw_plots(summary: Told) -> dict[str, str]:
    """SVG by what it shows."""
    learned = summary["learned"]
    plots = {
        f"Returns: mean and standard deviation; the line is {WANTED}": plot_bars(_gather_returns(summary)),
        "Returns: median, quartiles, whole range": plot_boxes(_gather_returns(summary)),
        "Dreamed against real, a dot a driver": plot_ranks(summary["ranking"]["drivers"]),
        "Error of the code, by how far ahead": plot_errors(learned["open_loop"]),
        "Exploit gap, with its 95% interval": plot_gaps(_gather_gaps(summary)),
        "Off the road: chances told, and how often it came": plot_calibration(learned["off_road"]),
    }
    return {title: svg for title, svg in plots.items() if svg}


def plot_bars(returns: Mapping[str, Sequence[float]]) -> str:
    """A bar a driver."""

    def draw(axes: Axes) -> None:
        means, spreads = ([float(of(values)) for values in returns.values()] for of in (np.mean, np.std))
        axes.bar(range(len(returns)), means, yerr=spreads, color=ACCENT, ecolor=INK, width=0.7)
        _name_drivers(axes, returns)

    return render("dream-bars", draw, (4.6, 3.2))


def plot_boxes(returns: Mapping[str, Sequence[float]]) -> str:
    """A box a driver."""

    def draw(axes: Axes) -> None:
        lines = {"color": INK, "linewidth": 0.8}
        looks = {f"{part}props": lines for part in ("box", "whisker", "cap", "median")}
        axes.boxplot(list(returns.values()), positions=range(len(returns)), whis=(0, 100), widths=0.6, **looks)  # type: ignore[arg-type]  # its stub knows only some of these
        _name_drivers(axes, returns)

    return render("dream-boxes", draw, (4.6, 3.2))


def _name_drivers(axes: Axes, returns: Mapping[str, Sequence[float]]) -> None:
    axes.axhline(WANTED, color=FAILURES[0], linewidth=0.9)
    axes.set_xticks(range(len(returns)), list(returns), rotation=40, ha="right")
    axes.set_ylabel("return")


def plot_ranks(drivers: Sequence[Told]) -> str:
    """Dreamed tiles a step against real returns: short dreams filled, those of a lap's time as rings."""

    def draw(axes: Axes) -> None:
        real = [driver["real"] for driver in drivers]
        axes.scatter([driver["short"] for driver in drivers], real, s=26, c=ACCENT, linewidths=0, label="short dreams")
        lap = [driver["long"] for driver in drivers]
        axes.scatter(lap, real, s=26, facecolors="none", edgecolors=INK, linewidths=0.8, label="a lap's time")
        axes.set_xlabel("dreamed tiles a step")
        axes.set_ylabel("real return, mean")
        axes.legend(frameon=False, fontsize=8)

    return render("dream-ranks", draw, (4.6, 3.2))


def plot_errors(open_loop: Told) -> str:
    """Of the dream, and of repeating what was last seen."""

    def draw(axes: Axes) -> None:
        for name, colour, label in (("dreamed", ACCENT, "dreamed"), ("repeated", QUIET, "last frame repeated")):
            axes.plot(open_loop["horizons"], open_loop[name], color=colour, marker="o", markersize=4, label=label)
        axes.set_xscale("log")
        axes.set_xticks(open_loop["horizons"], [str(steps) for steps in open_loop["horizons"]])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
        axes.set_xlabel("steps ahead")
        axes.set_ylabel("mean squared error")
        axes.legend(frameon=False, fontsize=8)

    return render("dream-errors", draw, (4.6, 3.2))


def plot_gaps(gaps: Mapping[str, Told]) -> str:
    """A dot and an interval each, in the alarm's colour where it sounds."""

    def draw(axes: Axes) -> None:
        for place, gap in enumerate(gaps.values()):
            colour = FAILURES[0] if gap["alarm"] else ACCENT
            axes.plot([place, place], gap["interval"], color=colour, linewidth=1.4)
            axes.plot([place], [gap["gap"]], color=colour, marker="o", markersize=4)
        axes.axhline(0, color=INK, linewidth=0.6)
        axes.set_xticks(range(len(gaps)), list(gaps), rotation=40, ha="right")
        axes.set_ylabel("dreamed less real, tiles a step")

    return render("dream-gaps", draw, (4.6, 3.2)) if gaps else ""


def plot_calibration(calibration: Told) -> str:
    """A dot a bin, as large as the bin; on the line all chances come true."""

    def draw(axes: Axes) -> None:
        sizes = 8 + 80 * np.array(calibration["num"]) / max(calibration["num"])
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8)
        axes.scatter(calibration["told"], calibration["came"], s=sizes, c=ACCENT, linewidths=0)
        axes.set_xlabel("chance told")
        axes.set_ylabel("share that came")

    return render("dream-calibration", draw, (4.6, 3.2))


def _gather_returns(summary: Told) -> dict[str, list[float]]:
    """Who drives without dreams, each round's controller, the learned driver and the unguarded ones."""
    returns = summary["returns"]
    named = ("random", "rule-document", "rule", "learned")
    found = {name: values for name, values in returns.items() if name in named or name.startswith("round")}
    ordered = sorted(found, key=lambda name: (name == "learned", name.startswith("round")))
    told = {name: found[name] for name in ordered}
    return told | {name: row["returns"] for name, row in summary["unguarded"].items()}


def _gather_gaps(summary: Told) -> dict[str, Told]:
    rows = [(f"round {row['round']}", row) for row in summary["rounds"]]
    rows += [("learned", summary["learned"]), *summary["unguarded"].items()]
    return {name: row["exploit"] for name, row in rows if "exploit" in row}


def _draw_tiles(summary: Told) -> str:
    ranking, learned = summary["ranking"], summary["learned"]
    cells = []
    for name in ("short", "long"):
        ranks = ranking[name]
        low, high = ranks["interval"]
        more = f"{low:.2f} to {high:.2f}; {ranks['num_policies']} drivers; top-1 regret {ranks['regret']:.0f}"
        cells.append((f"Spearman, {name} dreams", f"{ranks['spearman']:.2f}", more))
    events, off_road, codes = learned["events"], learned["off_road"], learned["codes"]
    rate = 2 * events["base_rate"] / (1 + events["base_rate"])
    cells.append(("F1 of new tiles", f"{events['f1']:.2f}", f"always telling one: {rate:.2f}"))
    cells.append(("calibration error", f"{off_road['error']:.3f}", "of being beside the road"))
    if "dreamed" in codes:
        floor = f"real against real: {codes['floor']:.2f}; own codes, no FID"
        cells.append(("Frechet distance", f"{codes['dreamed']:.2f}", floor))
    tiles = "".join(
        f'<div class="tile"><span>{escape(title)}</span><b>{value}</b><small>{escape(more)}</small></div>'
        for title, value, more in cells
    )
    return f'<section class="tiles">{tiles}</section>'


def _draw_gaps(summary: Told) -> str:
    rows = "".join(
        f"<tr><td class='text'>{escape(name)}</td><td>{gap['dreamed']:.3f}</td><td>{gap['real']:.3f}</td>"
        f"<td>{gap['gap']:+.3f} ({gap['interval'][0]:+.3f} to {gap['interval'][1]:+.3f})</td><td>{gap['num']}</td>"
        f"<td class='text'>{'alarm' if gap['alarm'] else 'silent'}</td></tr>"
        for name, gap in _gather_gaps(summary).items()
    )
    return f"""<h2>Exploit gap <small>tiles a step from the same moments;
the alarm sounds where the interval lies above 0</small></h2>
<section class="card"><table class="plain"><thead><tr><th class="text">driver</th><th>dreamed</th>
<th>real</th><th>gap, 95% interval</th><th>drives</th><th class="text">alarm</th></tr></thead><tbody>{rows}</tbody>
</table></section>"""


def _draw_drivers(drivers: Sequence[Told]) -> str:
    rows = "".join(
        f"<tr><td class='text'>{escape(row['policy'])}</td><td>{row['short']:.3f}</td><td>{row['long']:.3f}</td>"
        f"<td>{row['real']:.1f}</td></tr>"
        for row in sorted(drivers, key=lambda row: -float(row["real"]))
    )
    return f"""<h2>Drivers of mixed quality <small>the best on the road first</small></h2><section class="card">
<table class="plain"><thead><tr><th class="text">driver</th><th>short dreams, tiles a step</th>
<th>a lap's time, tiles a step</th><th>real return</th></tr></thead><tbody>{rows}</tbody></table></section>"""
