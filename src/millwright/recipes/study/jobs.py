"""Jobs: one cell with one training seed, from its recording to its file; done again only where something is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from millwright.catalog import Player
from millwright.datasets.dataset import Dataset
from millwright.evaluation.provenance import compute_source_digest
from millwright.policies.bundle import load_bundle
from millwright.recipes.brick_pick import ENV
from millwright.recipes.demonstrated import LINGER, record_scenes, refuse_unseen
from millwright.recipes.recipe import write_json
from millwright.recipes.study.cells import ANCHORS, Cell
from millwright.recipes.study.measuring import EYES, aim, play
from millwright.recipes.study.setup import Recording, Setup
from millwright.recipes.study.training import Budget, train


class Job(NamedTuple):
    """One cell with one training seed."""

    cell: Cell
    seed: int

    @property
    def name(self) -> str:
        return f"{self.cell.name}-seed-{self.seed}"


@dataclass(frozen=True)
class Plan:
    """What all jobs of a study share. Picklable: called once a worker, gives the function that does job number i.

    Args:
        out: folder of the study.
        jobs: all of them.
        budget: of a training.
        seeds: scenes to play.
        aimed: of these, in how many the first plans are looked at.
        looked: of these, how many an anchor plays without its eyes.
        scale: share of the episodes that setups ask for (a rehearsal takes few).
    """

    out: Path
    jobs: tuple[Job, ...]
    budget: Budget
    seeds: range
    aimed: int
    looked: int
    scale: float = 1.0

    def __call__(self) -> Callable[[int], str]:
        return self.do

    def list_scenes(self) -> dict[Recording, range]:
        """Recording -> its scenes: for every training seed others.

        Raises:
            OptionError: some are not to be trained on.
        """
        needed: dict[Recording, int] = {}
        for cell, seed in self.jobs:
            wanted = (seed + 1) * self.count_episodes(cell)
            needed[cell.setup.recording] = max(needed.get(cell.setup.recording, 0), wanted)
        for cell, seed in self.jobs:
            refuse_unseen(range(needed[cell.setup.recording]), seed)
        return {recording: range(number) for recording, number in needed.items()}

    def count_episodes(self, cell: Cell) -> int:
        """How many demonstrations a cell learns from."""
        return max(1, round(self.scale * cell.setup.episodes))

    def find_file(self, job: Job) -> Path:
        return self.out / "cells" / f"{job.name}.json"

    def find_dataset(self, recording: Recording) -> Path:
        return self.out / "recordings" / recording.name

    def list_left(self) -> tuple[int, ...]:
        """Numbers of the jobs whose file is missing, or is of other scenes or another setup."""
        return tuple(number for number, job in enumerate(self.jobs) if not self._is_done(job))

    def do(self, number: int) -> str:
        """Train and measure; returns the name of the job."""
        job = self.jobs[number]
        cell, folder = job.cell, self.out / "work" / f"{job.name}-{_digest(job.cell.setup)}"
        folder.mkdir(parents=True, exist_ok=True)
        bundle = folder / cell.name
        if not (bundle / "manifest.json").is_file():
            dataset = Dataset(self.find_dataset(cell.setup.recording))
            scenes = range(job.seed * self.count_episodes(cell), (job.seed + 1) * self.count_episodes(cell))
            train(cell.setup, dataset, scenes, job.seed, self.budget, folder / "training", bundle)
        fitted = json.loads((folder / "training" / "fit.json").read_text())
        network = load_bundle(bundle).network
        options = cell.setup.recording.played_options
        values = {
            "claim": self._claim(job),
            "source": compute_source_digest(),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "samples": fitted["samples"],
            "minutes": round(fitted["seconds"] / 60, 2),
            "loss": fitted["loss"],
            "stopped_by": fitted["stopped_by"],
            "played": play(cell.setup, bundle, self.seeds),
            "aim": aim(options, bundle, self.seeds[: self.aimed]),
        }
        if cell.name in ANCHORS:
            values["eyes"] = {eyes: play(cell.setup, bundle, self.seeds[: self.looked], eyes) for eyes in EYES}
        write_json(self.find_file(job), values)
        return job.name

    def _is_done(self, job: Job) -> bool:
        file = self.find_file(job)
        return file.is_file() and json.loads(file.read_text())["claim"] == self._claim(job)

    def _claim(self, job: Job) -> dict[str, Any]:
        """What decides a file; as JSON has it."""
        about = {"setup": asdict(job.cell.setup), "seed": job.seed, "budget": asdict(self.budget), "scale": self.scale}
        scenes = {"seeds": f"{self.seeds.start}:{self.seeds.stop}", "aimed": self.aimed, "looked": self.looked}
        claim: dict[str, Any] = json.loads(json.dumps({**about, **scenes}))
        return claim


def _digest(setup: Setup) -> str:
    """So that a cell that was set up otherwise before is trained anew."""
    return hashlib.sha256(json.dumps(asdict(setup), sort_keys=True).encode()).hexdigest()[:8]


def record(plan: Plan, recordings: Sequence[Recording], workers: int) -> None:
    """Record what is not recorded yet."""
    scenes = plan.list_scenes()
    for recording in recordings:
        driver = "expert-perturbed" if recording.perturbed else "expert"
        player = Player(ENV, recording.env_options, driver, labelled=True, linger=LINGER)
        record_scenes(player, scenes[recording], plan.find_dataset(recording), workers)
