"""What recipes have in common that record demonstrations, train on them and evaluate what came out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from millwright.catalog import Player, make_env
from millwright.core.errors import OptionError
from millwright.core.features import Features
from millwright.core.manifest import Manifest
from millwright.datasets.dataset import Dataset
from millwright.datasets.origins import count_origins
from millwright.datasets.recorder import record
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.recipes.cards import save_card
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, write_json
from millwright.training.gradient import FitResult

LABEL = "label.plan"
LINGER = 8
"""Steps that are recorded after a lift was judged."""
TRAINING_SEEDS = 5000
"""Scenes from here on are never trained on."""


class Recording(NamedTuple):
    """One kind of demonstrations: who drives, with which options of the environment, in which scenes."""

    policy: str
    options: Mapping[str, Any]
    scenes: range


@dataclass(frozen=True)
class Demonstrated(Recipe):
    """Record demonstrations, train a policy on them, evaluate it on unseen scenes.

    Args:
        episodes: demonstrations.
        samples: training samples drawn.
        seed: training seed: demonstrations, first weights, order.
        dataset: folder of a dataset to train on; without, `run` records one.
        seeds: scenes to evaluate on, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes that record and evaluate.
        batch_size: samples a training step.
        lr: learning rate at its highest.
    """

    name: ClassVar[str]
    env: ClassVar[str]
    judge: ClassVar[str]
    evaluated: ClassVar[Mapping[str, Any]] = {}
    """Options of the environment in which the report shows the policy."""
    measured: ClassVar[tuple[str, ...]] = ("report/result.json",)
    """The files of `out` whose results stand on the bundle's card."""
    robot: ClassVar[str] = "ur5e"
    """LeRobot's name of who demonstrates."""
    linger: ClassVar[int] = LINGER
    """Steps that are demonstrated after the judge has decided."""
    scenes_a_seed: ClassVar[int] = 600
    """How far each training seed moves the scenes on that are recorded."""

    episodes: int = 400
    samples: int = 500_000
    seed: int = 0
    dataset: str = ""
    seeds: str = "5000:5200"
    workers: int = 2
    batch_size: int = 128
    lr: float = 1.5e-3

    def run(self, out: Path) -> dict[str, Any]:
        """As `Recipe.run`: `out` gets dataset/, training/, a bundle of the recipe's name, report/ and summary.json.

        Raises:
            RecipeError: `out` was begun with other fields.
            OptionError: `seeds` are no seeds, or the scenes to record are not all scenes to train on.
        """
        seeds = parse_seeds(self.seeds)  # before minutes are spent
        self.begin(out)
        clock = StageClock(out / "stages.json")
        dataset = Path(self.dataset) if self.dataset else out / "dataset"
        if not self.dataset:
            with clock.stage("record"):
                self.record(dataset)
        bundle = out / self.name
        if not (bundle / "manifest.json").is_file():
            with clock.stage("train"):
                self.learn(dataset, out, bundle)
        with clock.stage("evaluate"):
            verdict = self.evaluate(bundle, seeds, out)
        summary = {"recipe": self.name, "fields": asdict(self), "seconds": clock.seconds, "result": verdict}
        write_json(out / "summary.json", summary)
        save_card(bundle, [out / name for name in self.measured])
        return summary

    def begin(self, out: Path) -> None:
        """Refuse what makes no sense, then claim `out`; errors as `run`."""
        self.refuse()
        if self.dataset and not out.exists():
            Dataset(Path(self.dataset))  # is there, before `out` is made for it
        claim_folder(self, out)

    @abstractmethod
    def refuse(self) -> None:
        """Fields that make no sense are an error before anything is done.

        Raises:
            OptionError: they do not.
        """

    @abstractmethod
    def list_recordings(self) -> tuple[Recording, ...]:
        """What `record` records."""

    def record(self, folder: Path) -> None:
        """Record what is not recorded yet."""
        for policy, options, scenes in self.list_recordings():
            player = Player(self.env, options, policy, labelled=True, linger=self.linger)
            record_scenes(player, scenes, folder, self.workers, self.robot)

    @abstractmethod
    def learn(self, dataset: Path, out: Path, bundle: Path) -> None:
        """Make the bundle from what was recorded; what else that takes goes into `out`."""

    def make_lineage(self, dataset: Dataset, outcome: FitResult, start: Manifest | None = None) -> dict[str, Any]:
        """What a bundle was made from: the recipe, the recordings, the training, and the bundle it began from."""
        return {
            "recipe": self.name,
            "fields": asdict(self),
            "dataset": dataset.digest,
            "episodes": len(dataset.episodes),
            "frames": len(dataset),
            "recorded": count_origins(dataset.episodes),
            "loss": outcome.loss,
            **describe_effort(outcome, start),
        }

    def evaluate(self, bundle: Path, seeds: range, out: Path) -> dict[str, Any]:
        """Play what was trained, write the report, and return the result without single verdicts."""
        return self.report(bundle, self.evaluated, seeds, out / "report")

    def report(self, bundle: Path, options: Mapping[str, Any], seeds: range, folder: Path) -> dict[str, Any]:
        """Play with these options of the environment; `folder` gets the report; the result, without single verdicts."""
        player = Player(self.env, options, str(bundle))
        told = "".join(f" --env.{option} {value}".lower() for option, value in options.items())
        command = f"millwright evaluate {self.env} --policy {bundle} --seeds {seeds.start}:{seeds.stop}{told}"
        result = evaluate(player, seeds, self.workers, folder, claim=player.describe(), command=command)
        return {key: value for key, value in result.to_json().items() if key != "verdicts"}


def describe_effort(outcome: FitResult, start: Manifest | None) -> dict[str, Any]:
    """For the lineage: what it began from, the CPU time of all trainings that led to it, and on what it was trained."""
    before = start.lineage.get("cpu_seconds") if start else 0.0
    spent = outcome.cpu_seconds
    known = {} if before is None or spent is None else {"cpu_seconds": round(before + spent, 1)}
    return {**({"start": start.id} if start else {}), **known, "precision": outcome.precision}


def refuse_unseen(scenes: range, seed: int) -> None:
    """Scenes that are not to be trained on are an error.

    Raises:
        OptionError: one of the scenes is none of 0:5000; `seed` is the training seed that led there.
    """
    if scenes and not (scenes[0] >= 0 and scenes[-1] < TRAINING_SEEDS):
        raise OptionError(
            f"--seed {seed} would record scenes {scenes.start}:{scenes.stop}, and those to train on are "
            f"0:{TRAINING_SEEDS}; take a smaller --seed (each has scenes of its own) or fewer episodes"
        )


def record_scenes(player: Player, scenes: range, folder: Path, workers: int, robot_type: str = "ur5e") -> None:
    """Record what is not recorded yet, with the environment's units and names."""
    env = make_env(player.env, **player.env_options)
    features = Features(*env.unwrapped.features.values(), env.unwrapped.action)
    fps = env.metadata["control_hz"]
    env.close()
    record(player, scenes, folder, fps=fps, workers=workers, features=features, robot_type=robot_type)
