"""The part of the report page that analyses the failures, class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from millwright.evaluation.advice import advise
from millwright.evaluation.failures import ALL, Analysis, FailureClass, Finding, analyse_failures
from millwright.evaluation.plots import VARIABLES, colour_failures
from millwright.evaluation.result import EpisodeResult, Result
from millwright.evaluation.words import describe_name, describe_p, describe_value, percent

SHOWN_FINDINGS, SHOWN_STRIPS, OPEN_ROWS = 3, 4, 8


def draw_failures(result: Result) -> str:
    """How often each class came, and a card a class: what it means, what goes along with it, what it looks like."""
    number, failed = len(result.episodes), len(result.episodes) - result.successes
    if not failed:
        every = "The only episode" if number == 1 else f"Each of the {number} episodes"
        return f"<h2>Failures</h2><section class='card'>None. {every} succeeded.</section>"
    analysis, colours = analyse_failures(result.verdicts), colour_failures(result)
    bars = "".join(_bar(item, VARIABLES[colours[item.name]], failed) for item in analysis.classes if item.name != ALL)
    cards = "".join(_card(item, analysis, result, colours) for item in analysis.classes)
    return f"""<h2>Failures <small>{failed} of {number} episodes, by class</small></h2>
<section class="card">{bars}</section>
<h2>Each class <small>what it means, what goes along with it, what it looks like, what to try</small></h2>
<div class="stack">{cards}</div>"""


def _bar(item: FailureClass, colour: str, failed: int) -> str:
    name = escape(item.name)
    return f"""<div class="bar long"><a href="#failure-{name}">{name}</a>
<div><i style="width:{item.count / failed:.1%};background:{colour}"></i></div><em>{_share(item)}</em></div>"""


def _share(item: FailureClass) -> str:
    low, high = item.interval
    return f"{item.count} ({percent(item.count / item.episodes)}; 95%: {percent(low)} to {percent(high)})"


def _card(item: FailureClass, analysis: Analysis, result: Result, colours: Mapping[str, str]) -> str:
    along = f"<div><h4>What goes along with it</h4>{_draw_findings(item, analysis)}</div>"
    if item.name == ALL:
        return f"""<section class="card failure"><h3>All failures together</h3>
<p class="soft">{_share(item)}. A cause that shows in several classes shows here first.</p>{along}</section>"""
    advice, name = advise(item.name), escape(item.name)
    episodes = [episode for episode in result.episodes if episode.failure == item.name]
    return f"""<section class="card failure" id="failure-{name}"
style="border-top:3px solid {VARIABLES[colours[item.name]]}">
<h3>{name} <span>{_share(item)}</span></h3><p>{escape(advice.meaning)}</p>
<div class="halves">{along}<div><h4>What to try</h4><p>{escape(advice.mitigation)}{_draw_hint(item)}</p></div></div>
{_draw_strips(episodes)}{_draw_evidence(episodes)}</section>"""


def _draw_hint(item: FailureClass) -> str:
    """What follows from a property that stands out, whatever the class."""
    if not item.findings or not item.findings[0].stands_out:
        return ""
    part = escape(str(item.findings[0].part))
    return f" Here, begin with the starts where <b>{part}</b>: look at them first, and record more of them."


def _draw_findings(item: FailureClass, analysis: Analysis) -> str:
    if not analysis.properties:
        return "<p>Not known: this result holds no properties of its episodes' starts.</p>"
    if not item.findings:
        return f"<p>{item.count} of {item.episodes} is too uneven to tell: whatever they share could be luck.</p>"
    proven = [finding for finding in item.findings if finding.stands_out]
    shown = item.findings[: max(SHOWN_FINDINGS, len(proven))]
    said = "" if proven else "<p>Nothing stands out. Nearest to it, and no more than luck would bring:</p>"
    rows = "".join(_draw_finding(finding) for finding in shown)
    tests = "the one test" if analysis.tests == 1 else f"the {analysis.tests} tests"
    return f"""{said}<table class="plain"><thead><tr><th class="text">episodes where</th><th>failed so</th>
<th>elsewhere</th><th>p, corrected</th></tr></thead><tbody>{rows}</tbody></table>
<p class="soft fine">Fisher's exact test, two-sided, corrected (Holm) for {tests} of this page.
What goes along with failing need not be its cause.</p>"""


def _draw_finding(finding: Finding) -> str:
    here = _rate(finding.failed_here, finding.total_here)
    elsewhere = _rate(finding.failed_elsewhere, finding.total_elsewhere)
    kind = "proven" if finding.stands_out else "soft"
    return f"""<tr class="{kind}"><td class="text">{escape(str(finding.part))}</td>{here}{elsewhere}
<td>{escape(describe_p(finding.corrected))}</td></tr>"""


def _rate(failed: int, total: int) -> str:
    return f'<td class="rated" style="--share:{failed / total:.1%}">{failed} of {total}</td>'


def _draw_strips(episodes: Sequence[EpisodeResult]) -> str:
    """Key frames of the first few, those of the others behind a line to click on."""
    strips = [_draw_strip(episode) for episode in episodes if episode.strip]
    if not strips:
        return ""
    first, more = "".join(strips[:SHOWN_STRIPS]), "".join(strips[SHOWN_STRIPS:])
    rest = f"<details><summary>{len(strips) - SHOWN_STRIPS} more</summary>{_grid(more)}</details>" if more else ""
    return f"<h4>Key frames</h4>{_grid(first)}{rest}"


def _grid(strips: str) -> str:
    return f'<div class="strips">{strips}</div>'


def _draw_strip(episode: EpisodeResult) -> str:
    captions = "".join(f"<span>{escape(label)}<br>{time_s:.1f} s</span>" for label, time_s in episode.moments)
    told = ", ".join(f"{label} at {time_s:.1f} s" for label, time_s in episode.moments)
    noted = [f"{describe_name(name)}: {value}" for name, value in episode.evidence.items() if _is_news(value, episode)]
    film = f' · <a href="films/{episode.film}">film</a>' if episode.film else ""
    return f"""<figure class="frames"><figcaption><a href="#seed-{episode.seed}">seed {episode.seed}</a>{film}
<span class="soft">{escape("; ".join([episode.task, *noted]))}</span></figcaption>
<img src="films/{episode.strip}" loading="lazy" alt="key frames: {escape(told)}">
<div class="moments">{captions}</div></figure>"""


def _is_news(value: object, episode: EpisodeResult) -> bool:
    """What the judge noted in words, unless the task says it already."""
    return isinstance(value, str) and value not in episode.task


def _draw_evidence(episodes: Sequence[EpisodeResult]) -> str:
    """Table of what the verdicts rest on: every failure of the class, every thing that the judge noted."""
    names = dict.fromkeys(name for episode in episodes for name, value in episode.evidence.items() if value is not None)
    if not names:
        return ""
    heads = "".join(f"<th>{escape(describe_name(name))}</th>" for name in names)
    rows = "".join(
        f'<tr><td><a href="#seed-{episode.seed}">{episode.seed}</a></td>'
        + "".join(f"<td>{escape(describe_value(name, episode.evidence.get(name)))}</td>" for name in names)
        + "</tr>"
        for episode in episodes
    )
    title = "Evidence of the only one" if len(episodes) == 1 else f"Evidence of all {len(episodes)}"
    state = " open" if len(episodes) <= OPEN_ROWS else ""
    return f"""<details{state}><summary>{title}</summary><div class="wide"><table class="plain">
<thead><tr><th>seed</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div></details>"""
