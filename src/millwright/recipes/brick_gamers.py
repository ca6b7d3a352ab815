"""brick-gamers: every cheat and every adversarial start against the judge of an environment; all must get nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from rich.console import Console
from rich.table import Table

from millwright.catalog import TASKS, TO_THE_END, make_env, make_judge, make_policy
from millwright.core.errors import choose
from millwright.core.judging import judge_facts
from millwright.core.loop import run_episode
from millwright.core.policy import Privileged
from millwright.evaluation.provenance import collect_provenance, compute_claim_digest
from millwright.evaluation.statistics import wilson
from millwright.evaluation.suite import parse_seeds
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, write_json
from millwright.recipes.scenes import play_scenes

ORDINARY = ""
"""The start that is drawn, as everybody else gets it."""


class Outcome(NamedTuple):
    """What one episode came to."""

    policy: str
    start: str
    privileged: bool
    success: bool
    failure: str | None
    fooled: tuple[str, ...]
    """Counter-examples that call it a success."""


@dataclass(frozen=True)
class Battery:
    """Picklable: called once a worker, gives the function that plays everybody in the scene of a seed.

    Args:
        env: name of the environment.
        pairs: seeds of scenes in which every cheat is played from every start too, not only from the ordinary one.
        variant: name of one of the task's variants, or empty.
    """

    env: str
    pairs: range
    variant: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """Of the environment.

        Raises:
            UnknownNameError: no environment, or no variant of it, of that name.
        """
        task = choose("environment", self.env, TASKS)
        return {**task.small_pictures, **(choose("variant", self.variant, task.variants) if self.variant else {})}

    def __call__(self) -> Callable[[int], list[Outcome]]:
        env = make_env(self.env, **self.options)
        return lambda seed: [self._play(env, policy, start, seed) for policy, start in self.list_cells(seed)]

    def list_cells(self, seed: int) -> Iterator[tuple[str, str]]:
        """Policy and start of every episode in this scene: the expert, the cheats, the starts, then both together."""
        task = TASKS[self.env]
        cheats = (*task.baselines, *task.gamers)
        yield task.labeller, ORDINARY
        yield from ((policy, ORDINARY) for policy in cheats)
        for start in task.starts:
            yield from ((policy, start) for policy in (cheats if seed in self.pairs else ("nothing",)))

    def _play(self, env: Any, name: str, start: str, seed: int) -> Outcome:
        policy, options = make_policy(self.env, name), {"start": start} if start else {}
        episode = run_episode(env, policy, make_judge(self.env), seed, options=options, linger=TO_THE_END)
        examples, rows = TASKS[self.env].counter_examples.items(), [step.facts for step in episode.steps]
        fooled = [example for example, make in examples if judge_facts(make(), rows).success]
        verdict = episode.verdict
        return Outcome(name, start, isinstance(policy, Privileged), verdict.success, verdict.failure, tuple(fooled))


@dataclass(frozen=True)
class BrickGamers(Recipe):
    """Play every cheat, and nothing from every adversarial start, on `seeds`; every cheat from every start on fewer.

    Args:
        env: name of the environment.
        seeds: scenes, A:B.
        pair_seeds: those of them in which every cheat is played from every start too.
        variant: one of the environment's other kinds of scenes (`clutter`), or empty for the ordinary ones.
        workers: processes.
    """

    about: ClassVar[str] = "cheats and adversarial starts against the judge: all must get 0; a few minutes"
    may_change: ClassVar[frozenset[str]] = Recipe.may_change | {"pair_seeds"}

    env: str = "brick-table"
    seeds: str = "10000:10050"
    pair_seeds: str = "10000:10010"
    variant: str = ""
    workers: int = 2

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: `out` gets a file a scene in scenes/, and summary.json with a row a policy and start.

        Raises:
            OptionError: `seeds` or `pair_seeds` are no seeds.
            UnknownNameError: no environment, or no variant of it, of that name.
            RecipeError: `out` was begun with another environment or variant.
        """
        seeds, battery = parse_seeds(self.seeds), Battery(self.env, parse_seeds(self.pair_seeds), self.variant)
        options, task = battery.options, TASKS[self.env]
        claim_folder(self, out)
        clock = StageClock(out / "stages.json")
        with clock.stage("play"):
            outcomes = self._play_scenes(battery, seeds, out / "scenes")
        command = f"millwright run brick-gamers --env {self.env} --seeds {self.seeds} --pair-seeds {self.pair_seeds}"
        command += f" --variant {self.variant}" if self.variant else ""
        rows = make_rows(outcomes, tuple(task.counter_examples))
        summary = {
            "schema": 1,
            "recipe": "brick-gamers",
            "fields": asdict(self),
            "env": self.env,
            "variant": self.variant,
            "judge": type(task.judge()).__name__,
            "counter_examples": list(task.counter_examples),
            "rows": rows,
            "seconds": clock.seconds,
            "provenance": collect_provenance({"env": self.env, "env_options": options}, command),
        }
        write_json(out / "summary.json", summary)
        Console().print(make_table(rows, task.labeller))
        return summary

    def _play_scenes(self, battery: Battery, seeds: range, folder: Path) -> list[Outcome]:
        """Outcomes of all scenes; what the folder holds for the same sources and versions is not played again."""
        cells = {seed: list(battery.list_cells(seed)) for seed in seeds}
        about = {"env": self.env, **({"variant": self.variant} if self.variant else {})}
        claims = {seed: compute_claim_digest({**about, "cells": cells[seed]}) for seed in seeds}
        played = play_scenes(battery, claims, folder, self.workers)
        return [Outcome(*row) for scene in played.values() for row in scene]


def make_rows(outcomes: Iterable[Outcome], counter_examples: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row for each policy and start: episodes, successes with their interval, failures, and who was fooled."""
    cells: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        cells.setdefault((outcome.policy, outcome.start), []).append(outcome)
    return [
        {
            "policy": policy,
            "start": start,
            "privileged": cell[0].privileged,
            "episodes": len(cell),
            "successes": sum(outcome.success for outcome in cell),
            "interval": list(wilson(sum(outcome.success for outcome in cell), len(cell))),
            "failures": dict(Counter(outcome.failure for outcome in cell if outcome.failure).most_common()),
            "fooled": {name: sum(name in outcome.fooled for outcome in cell) for name in counter_examples},
        }
        for (policy, start), cell in cells.items()
    ]


def make_table(rows: list[dict[str, Any]], expert: str) -> Table:
    """The expert, every cheat from the ordinary start, and every start with all cheats added up."""
    ordinary = [row for row in rows if row["start"] == ORDINARY]
    cheats = [row for row in rows if row["policy"] != expert]
    table = Table("who", "start", "success", "95% interval", *(f"by {name}" for name in rows[0]["fooled"]))
    for row in ordinary:
        _add_row(table, row["policy"], "ordinary", [row])
    for start in dict.fromkeys(row["start"] for row in rows if row["start"] != ORDINARY):
        _add_row(table, "all cheats", start, [row for row in rows if row["start"] == start])
    _add_row(table, "all cheats", "all of these", cheats)
    return table


def _add_row(table: Table, who: str, start: str, rows: list[dict[str, Any]]) -> None:
    episodes, successes = (sum(row[key] for row in rows) for key in ("episodes", "successes"))
    low, high = wilson(successes, episodes)
    fooled = [str(sum(row["fooled"][name] for row in rows)) for name in rows[0]["fooled"]]
    table.add_row(who, start, f"{successes}/{episodes}", f"{low:.1%} to {high:.1%}", *fooled)
