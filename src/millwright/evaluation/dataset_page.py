"""The page that describes a dataset: one HTML file with its plots and sample films inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from millwright.datasets.describing import Description, Joint
from millwright.datasets.durable import replace_text
from millwright.datasets.samples import Film
from millwright.evaluation.plots import ACCENT, render
from millwright.evaluation.style import CSS
from millwright.evaluation.words import percent

_SHOWN = 12
"""Instructions and words that are shown; the file of --json has more."""
_EXTRA_CSS = ".joints { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 12px; }"


def write_dataset_page(description: Description, films: Sequence[Film], path: Path) -> None:
    """Write the page, whole or not at all; it needs no other file."""
    replace_text(path, draw_dataset_page(description, films))


def draw_dataset_page(description: Description, films: Sequence[Film]) -> str:
    """The page as HTML."""
    name = escape(description.name)
    parts = (
        _draw_tiles(description),
        _draw_films(films),
        _draw_actions(description),
        _draw_episodes(description),
        _draw_words(description),
        _draw_anomalies(description),
        _draw_features(description),
    )
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<meta name="viewport" content="width=device-width"><style>{CSS}{_EXTRA_CSS}</style></head><body><main>
<h1>{name} <span>{escape(description.robot)} at {description.fps} Hz</span></h1>
{"".join(parts)}</main></body></html>"""


def _draw_tiles(it: Description) -> str:
    seconds = it.frames / it.fps
    tiles = [
        (f"{it.episodes:,}", "episodes", f"seeds {it.seeds[0]}:{it.seeds[1]}" if it.seeds else "seeds not known"),
        (f"{it.frames:,}", "frames", f"{seconds / 60:.1f} minutes"),
        (f"{it.size_mb:,.1f} MB", "on disk", f"{1e3 * it.size_mb / max(1, it.episodes):,.0f} kB an episode"),
        (f"{it.num_tasks:,}", "instructions", f"{len(it.words)} words"),
    ]
    if it.verdicts:
        good = it.verdicts.get("success", 0)
        tiles.append((percent(good / it.episodes), "succeeded", f"{good} of {it.episodes}"))
    tiles += [(percent(share), name, "of its values are there") for name, share in it.depth_valid.items()]
    cells = (
        f'<div class="tile"><span>{escape(title)}</span><b>{value}</b><small>{escape(more)}</small></div>'
        for value, title, more in tiles
    )
    return f'<section class="tiles">{"".join(cells)}</section>'


def _draw_films(films: Sequence[Film]) -> str:
    if not films:
        return ""
    return f"""<h2>Sample films <small>{escape(films[0].camera)}; spread over the episodes, not chosen</small></h2>
<section class="films">{"".join(map(_draw_film, films))}</section>"""


def _draw_film(film: Film) -> str:
    source = f"data:video/mp4;base64,{base64.b64encode(film.mp4).decode()}"
    edge = "var(--good)" if film.verdict == "success" else "var(--f0)" if film.verdict else "var(--quiet)"
    return f"""<figure style="border-top-color:{edge}"><video src="{source}" muted loop playsinline controls
preload="auto"></video><figcaption><b>episode {film.episode}</b> {escape(film.verdict)}<br>
<span class="soft">{escape(film.task)}</span></figcaption></figure>"""


def _draw_actions(it: Description) -> str:
    if not it.joints:
        return ""
    plots = "".join(f'<div class="card plot">{_plot_joint(joint)}</div>' for joint in it.joints)
    heads = "".join(f"<th>{text}</th>" for text in ("mean", "deviation", "least", "most", "mean step", "largest step"))
    rows = "".join(_draw_joint(joint) for joint in it.joints)
    grippers = "".join(
        f"<p>{escape(one.name)}: near its least in {percent(one.low_share)} of the frames, near its most in "
        f"{percent(one.high_share)}; {one.switches:.1f} changes an episode.</p>"
        for one in it.grippers
    )
    return f"""<h2>Actions <small>how often each value comes; a step is the change in one tick</small></h2>
<section class="joints">{plots}</section>{grippers}
<section class="card wide"><table><thead><tr><th class="text">joint</th>{heads}</tr></thead>
<tbody>{rows}</tbody></table></section>"""


def _draw_joint(joint: Joint) -> str:
    values = (joint.mean, joint.std, joint.min, joint.max, joint.mean_step, joint.max_step)
    cells = "".join(f"<td>{value:.4g}</td>" for value in values)
    unit = f' <span class="soft">{escape(joint.unit)}</span>' if joint.unit else ""
    return f'<tr><td class="text">{escape(joint.name)}{unit}</td>{cells}</tr>'


def _plot_joint(joint: Joint) -> str:
    def draw(axes: Axes) -> None:
        axes.stairs(joint.counts, joint.edges, fill=True, color=ACCENT, edgecolor=ACCENT)
        axes.set_xlabel(f"{joint.name}, {joint.unit}" if joint.unit else joint.name)
        axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.ticklabel_format(axis="x", useOffset=False)
        if joint.max - joint.min < 1e-3 * max(1.0, abs(joint.mean)):  # a joint that rests is a line
            axes.set_xlim(joint.mean - 0.5, joint.mean + 0.5)

    return render(f"joint-{joint.name}", draw, (2.6, 1.6))


def _draw_episodes(it: Description) -> str:
    def draw(axes: Axes) -> None:
        axes.hist([length / it.fps for length in it.lengths], 40, color=ACCENT)
        axes.set_xlabel("length of an episode, s")
        axes.set_ylabel("episodes")
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))

    verdicts = _draw_bars(it.verdicts, it.episodes) or "<p class='soft'>No verdicts are recorded.</p>"
    return f"""<h2>Episodes</h2><section class="two"><div class="card plot">{render("lengths", draw, (4.6, 2.6))}</div>
<div class="card tasks">{verdicts}</div></section>"""


def _draw_words(it: Description) -> str:
    tasks, words = (dict(list(table.items())[:_SHOWN]) for table in (it.tasks, it.words))
    cards = "".join(f'<div class="card tasks">{_draw_bars(table, it.episodes)}</div>' for table in (tasks, words))
    return f'<h2>Instructions <small>the most frequent, by episodes</small></h2><section class="two">{cards}</section>'


def _draw_bars(counts: Mapping[str, int], total: int) -> str:
    return "".join(
        f'<div class="bar"><span title="{escape(name)}">{escape(name) or "(none)"}</span><div><i style="width:'
        f'{number / max(1, total):.1%};background:{"var(--good)" if name == "success" else "var(--accent)"}"></i></div>'
        f"<em>{number}</em></div>"
        for name, number in counts.items()
    )


def _draw_anomalies(it: Description) -> str:
    items = "".join(f"<p>{escape(text)}</p>" for text in it.anomalies[:40])
    more = f"<p>... and {len(it.anomalies) - 40} more</p>" if len(it.anomalies) > 40 else ""
    told = items + more or "<p>None in actions and lengths. <code>millwright dataset validate</code> looks closer.</p>"
    return f'<h2>Anomalies</h2><section class="card">{told}</section>'


def _draw_features(it: Description) -> str:
    rows = {**it.cameras, **it.features}
    if it.num_facts:
        rows["facts.*"] = f"{it.num_facts} columns: the truth, for judges"
    rows |= {f"split {name}": f"episodes {episodes}" for name, episodes in it.splits.items()}
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows.items())
    return f'<h2>What is in it</h2><section class="card"><dl>{items}</dl></section>'
