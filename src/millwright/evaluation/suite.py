"""Suite and evaluate: play seeds in parallel workers and say how many episodes succeeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from millwright.core.errors import OptionError
from millwright.core.workers import LAST_SEED, check_seeds, map_seeds
from millwright.evaluation.journal import Journal
from millwright.evaluation.provenance import collect_provenance, compute_claim_digest
from millwright.evaluation.reduce import Play, Reduce
from millwright.evaluation.result import EpisodeResult, Result
from millwright.evaluation.statistics import wilson

FILMED = 16
"""Episodes drawn before playing, whose films are kept even if they succeed; the report shows a dozen of them."""
_DIGITS = len(str(LAST_SEED))


@dataclass(frozen=True)
class Suite:
    """A named set of seeds, on which several arms are compared."""

    name: str
    seeds: range
    varies: str
    """What differs from seed to seed: `scene, target and click`."""


def parse_seeds(text: str) -> range:
    """`A:B` as a half-open range.

    Raises:
        OptionError: not two integers with 0 <= A < B, or what `check_seeds` refuses.
    """
    first, colon, last = text.partition(":")
    written = colon and all(part.isdecimal() and len(part) <= _DIGITS for part in (first, last))
    if written and int(first) < int(last):
        seeds = range(int(first), int(last))
        check_seeds(seeds)
        return seeds
    raise OptionError(f"seeds must read A:B with A < B (half open, 10000:10200 is 200 seeds); got {text!r}")


def evaluate(
    make_play: Callable[[], Play],
    seeds: range,
    workers: int = 1,
    report_dir: Path | None = None,
    *,
    claim: Mapping[str, Any] | None = None,
    command: str = "",
    progress: bool = True,
) -> Result:
    """Play every seed once and summarise. The number of workers changes nothing but the time it takes.

    With a `report_dir`, that folder gets `report.html`, `films/`, `result.json` and `episodes.jsonl`. With a
    `claim` too, episodes that the folder already holds for the same claim and versions are not played again.

    Args:
        make_play: picklable; called once a worker, gives a player (seed -> Episode).
        seeds: of the episodes, step 1.
        claim: what decides an episode besides its seed: `env`, `policy`, options, the policy's digest.
            What it leaves out is taken from the episodes' own provenance.
        command: the command line, for the provenance.

    Raises:
        OptionError: no seeds, or a step other than 1.
        WorkerError: an episode failed; with one worker the episode's own error. Finished episodes are kept.
    """
    if not seeds or seeds.step != 1:
        raise OptionError(f"seeds must be a range of at least one seed with step 1, got {seeds}")
    work, journal = Reduce(make_play), None
    if report_dir is not None:
        films = report_dir / "films"
        films.mkdir(parents=True, exist_ok=True)
        work = Reduce(make_play, films, draw_filmed(seeds))
        journal = Journal(report_dir / "episodes.jsonl", compute_claim_digest(claim) if claim else None)
    played = {} if journal is None else {seed: result for seed, result in journal.played.items() if seed in seeds}
    with _Tally(len(seeds), played.values(), progress) as tally:
        for seed, result in map_seeds(work, [seed for seed in seeds if seed not in played], workers):
            played[seed] = result
            if journal is not None:
                journal.append(result)
            tally.count(result)
    episodes = tuple(played[seed] for seed in seeds)
    about = {"env": "", "policy": "", **episodes[0].provenance, **(claim or {})}
    outcome = Result(seeds, episodes, collect_provenance(about, command))
    if report_dir is not None:
        # matplotlib loads slowly, and only reports draw
        from millwright.evaluation.report import write_report

        outcome.save(report_dir / "result.json")
        write_report(outcome, report_dir)
    return outcome


def evaluate_arms(
    suite: Suite,
    arms: Mapping[str, Callable[[], Play]],
    workers: int = 1,
    report_dir: Path | None = None,
    *,
    claim: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> dict[str, Result]:
    """Evaluate every arm (a policy and its controls, say) on the same seeds, so that `compare` can pair them.

    Each arm's report goes into a folder of its name under `report_dir`; other arguments as for `evaluate`.
    """
    results = {}
    for arm, make_play in arms.items():
        folder = None if report_dir is None else report_dir / arm
        about = {**(claim or {}), "suite": suite.name, "varies": suite.varies, "arm": arm}
        results[arm] = evaluate(make_play, suite.seeds, workers, folder, claim=about, progress=progress)
    return results


def draw_filmed(seeds: range) -> frozenset[int]:
    """The seeds whose films are kept whatever becomes of them: the same draw for the same seeds."""
    return frozenset(random.Random(seeds.start).sample(seeds, min(FILMED, len(seeds))))


class _Tally:
    """A line that says how many episodes succeeded so far, with the interval and the time left."""

    def __init__(self, total: int, played: Iterable[EpisodeResult], shown: bool) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, TextColumn("left"), TimeRemainingColumn(), disable=not shown)
        self._task = self._bar.add_task("", total=total)
        self._successes = self._played = 0
        for result in played:
            self.count(result)

    def __enter__(self) -> _Tally:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def count(self, result: EpisodeResult) -> None:
        self._played += 1
        self._successes += result.success
        low, high = wilson(self._successes, self._played)
        text = f"{self._successes} succeeded, {self._successes / self._played:.1%} ({low:.1%} to {high:.1%})"
        self._bar.update(self._task, completed=self._played, description=text)
