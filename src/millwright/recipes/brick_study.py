"""brick-study: why did a report's policies never pick a brick? One thing at a time, around its recipe and ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console
from rich.table import Column, Table

from millwright.core.errors import OptionError
from millwright.core.workers import map_seeds
from millwright.evaluation.provenance import collect_provenance, compute_claim_digest
from millwright.evaluation.suite import parse_seeds
from millwright.recipes.brick_pick import ENV
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, write_json
from millwright.recipes.study.ceilings import Ceilings, Outcome, aim_expert, summarise
from millwright.recipes.study.cells import CELLS, find_cells
from millwright.recipes.study.comparing import make_rows
from millwright.recipes.study.jobs import Job, Plan, record
from millwright.recipes.study.training import Budget


@dataclass(frozen=True)
class BrickStudy(Recipe):
    """Train and measure every cell of the study, each in as many minutes with as many parameters.

    Args:
        only: cells to run, by names or patterns (`reference,mended--*`); without, all.
        minutes: of a core's time, of training a cell at most; the rate of learning falls in time for it.
        samples: drawn in a training at most.
        training_seeds: repetitions of the cells on which claims rest; the others are trained once.
        seeds: scenes to evaluate on, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        aimed: scenes in which the first plan for every brick is looked at.
        looked: scenes that anchors play without their eyes.
        scale: share of the demonstrations; less than 1 is a rehearsal.
        workers: processes; each trains, or plays, one cell on one core.
    """

    about: ClassVar[str] = "why a report's policies never picked: sixty cells around its recipe and ours; hours"
    may_change: ClassVar[frozenset[str]] = frozenset({"seeds", "workers", "only", "training_seeds", "aimed", "looked"})

    only: str = ""
    minutes: float = 4.0
    samples: int = 400_000
    training_seeds: int = 3
    seeds: str = "5000:5200"
    aimed: int = 10
    looked: int = 100
    scale: float = 1.0
    workers: int = 2

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: `out` gets recordings/, work/, a file a cell and training seed in cells/, and summary.json.

        Raises:
            RecipeError: `out` was begun with other fields.
            UnknownNameError: `only` names no cell.
            OptionError: `seeds` are no seeds, a number is none, or the scenes to record are not all scenes to train on.
        """
        self._refuse_nothing()
        plan = self.make_plan(out)
        scenes = plan.list_scenes()
        claim_folder(self, out)
        (out / "cells").mkdir(exist_ok=True)
        clock, console = StageClock(out / "stages.json"), Console(stderr=True)
        with clock.stage("ceilings"):
            ceilings = self._measure_ceilings(out)
        left = plan.list_left()
        with clock.stage("record"):
            wanted = {plan.jobs[number].cell.setup.recording for number in left}
            record(plan, [recording for recording in scenes if recording in wanted], self.workers)
        with clock.stage("cells"):
            for done, (_, name) in enumerate(map_seeds(plan, left, self.workers), 1):
                console.print(f"{done} of {len(left)}: {name}")
        summary = self._summarise(plan, ceilings, clock.seconds)
        write_json(out / "summary.json", summary)
        Console().print(make_table(summary["rows"]))
        return summary

    def _refuse_nothing(self) -> None:
        """Numbers that would leave nothing to train, to play or to look at."""
        for name in ("minutes", "samples", "training_seeds", "aimed", "looked", "scale", "workers"):
            if not getattr(self, name) > 0:
                raise OptionError(f"--{name.replace('_', '-')} must be more than 0, got {getattr(self, name)}")

    def make_plan(self, out: Path) -> Plan:
        """All jobs: each cell with training seed 0 first, then those that are repeated."""
        cells = find_cells(self.only)
        repeated = [Job(cell, seed) for seed in range(1, self.training_seeds) for cell in cells if cell.deciding]
        jobs = (*(Job(cell, 0) for cell in cells), *repeated)
        budget = Budget(self.samples, self.minutes)
        return Plan(out, jobs, budget, parse_seeds(self.seeds), self.aimed, self.looked, self.scale)

    def _measure_ceilings(self, out: Path) -> dict[str, Any]:
        """What labels and metrics allow; kept in a file for the same scenes, sources and versions."""
        seeds, file = parse_seeds(self.seeds), out / "ceilings.json"
        claim = compute_claim_digest({"env": ENV, "seeds": self.seeds, "aimed": self.aimed})
        if file.is_file() and (kept := json.loads(file.read_text()))["claim"] == claim:
            return {name: value for name, value in kept.items() if name != "claim"}
        make_work: Callable[[], Callable[[int], list[Outcome]]] = Ceilings()
        played = dict(map_seeds(make_work, seeds, self.workers))
        rows = summarise(outcome for seed in seeds for outcome in played[seed])
        measured = {"rows": rows, "expert_aim": aim_expert(seeds[: self.aimed])}
        write_json(file, {"claim": claim, **measured})
        return measured

    def _summarise(self, plan: Plan, ceilings: Mapping[str, Any], seconds: Mapping[str, float]) -> dict[str, Any]:
        """Everything that is in the folder for these scenes, also from runs with another `only`."""
        everything = Plan(
            **{**vars(plan), "jobs": tuple(Job(cell, seed) for cell in CELLS.values() for seed in range(9))}
        )
        left = set(everything.list_left())
        files: dict[str, dict[int, Any]] = {}
        for number, job in enumerate(everything.jobs):
            if number not in left:
                files.setdefault(job.cell.name, {})[job.seed] = json.loads(plan.find_file(job).read_text())
        return {
            "recipe": "brick-study",
            "fields": {name: value for name, value in asdict(self).items() if name not in ("only", "workers")},
            "seconds": dict(seconds),
            "ceilings": ceilings,
            "rows": make_rows(tuple(CELLS.values()), files),
            "provenance": collect_provenance({"env": ENV}, f"millwright run brick-study --seeds {self.seeds}"),
        }


def make_table(rows: list[dict[str, Any]]) -> Table:
    """A line a cell: how often it picked, and what that is beside its anchor."""
    table = Table(Column("cell", no_wrap=True), "success", "95% interval", "effect", "p (Holm)", "own mm", "samples")
    for row in rows:
        low, high = row["interval"]
        beside = [f"{row['effect']:+.0%}", f"{row['p_holm']:.2g}"] if "effect" in row else ["", ""]
        table.add_row(
            row["name"], f"{row['successes']}/{row['episodes']}", f"{low:.0%} to {high:.0%}", *beside,
            f"{row['aim']['own_mm_p50']:.0f}", f"{row['samples']:,}",
        )  # fmt: skip
    return table
