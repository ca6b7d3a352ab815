"""brick-pick: from nothing to a policy that picks the brick that was clicked, and a report that says how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.catalog import Player, make_env
from millwright.core.errors import OptionError
from millwright.core.features import Feature, Features
from millwright.core.manifest import Manifest
from millwright.datasets.dataset import Dataset
from millwright.datasets.origins import count_origins
from millwright.datasets.recorder import record
from millwright.evaluation.suite import evaluate, parse_seeds
from millwright.policies.bundle import Bundle, load_bundle, load_manifest
from millwright.policies.network import Network
from millwright.policies.networks import make_network
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.grey import Grey
from millwright.processors.hand import HandAbsolute
from millwright.processors.pipeline import Pipeline
from millwright.processors.processor import Processor
from millwright.recipes.cards import save_card
from millwright.recipes.recipe import Recipe, StageClock, claim_folder, write_json
from millwright.training.augment import ColourJitter
from millwright.training.data import ArrayData
from millwright.training.gradient import FitConfig, FitResult, fit
from millwright.training.prepare import Raw, fit_pipeline, prepare

ENV, JUDGE = "brick-table", "lift"
IMAGE, BOX, POSE, STATE = (
    "observation.images.wrist",
    "observation.environment_state",
    "observation.hand_pose",
    "observation.state",
)
LABEL = "label.plan"
HAND_TARGET = Feature(
    "hand_target", (8,), unit="m, wxyz, m", frame="base", names=("x", "y", "z", "qw", "qx", "qy", "qz", "opening")
)
TRAINING_SEEDS = 5000
"""Scenes from here on are never trained on."""
LINGER = 8
"""Ticks that are recorded after a lift was judged."""
HARD_SEEDS = 2500
"""Scenes of the hard layout are recorded with seeds from here on, so that both kinds fit into one dataset."""


class Recording(NamedTuple):
    """One kind of demonstrations: who drives, with which options of the environment, in which scenes."""

    policy: str
    options: Mapping[str, Any]
    scenes: range


@dataclass(frozen=True)
class BrickPick(Recipe):
    """Record perturbed demonstrations, train a chunk policy from scratch, evaluate it on unseen scenes.

    Args:
        episodes: demonstrations of the default layout.
        hard_episodes: demonstrations of the hard layout (any yaw, free placement).
        samples: training samples drawn.
        seed: training seed: demonstrations, first weights, order.
        blind: train and evaluate on grey images (a control that must fail).
        dataset: folder of a dataset to train on; without, `run` records one.
        seeds: scenes to evaluate on, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes that record and evaluate.
        batch_size: samples a training step.
        lr: learning rate at its highest.
    """

    name: ClassVar[str] = "brick-pick"
    env: ClassVar[str] = ENV
    judge: ClassVar[str] = JUDGE
    read: ClassVar[tuple[str, ...]] = (IMAGE, BOX, POSE, STATE)
    """What the policy needs of an observation."""
    recorded: ClassVar[Mapping[str, Any]] = {"restless": True}
    """Options of the environment while demonstrations are recorded."""
    demonstrator: ClassVar[str] = "expert-perturbed"
    """Who demonstrates, by its name in the catalogue."""
    network: ClassVar[str] = "prompt-chunk"
    sizes: ClassVar[Mapping[str, Any]] = {}
    """Of the network, where they are not its own."""
    crops: ClassVar[tuple[Processor, ...]] = (PromptCrop(),)
    """What is cut out of the picture."""
    numbers: ClassVar[Concat] = Concat(((BOX, (0, 1, 2, 3)), (POSE, (2,)), (STATE, (6,))))
    """What else the network is told: the prompt's box, the hand's height, the opening."""
    num_numbers: ClassVar[int] = 6
    linger: ClassVar[int] = LINGER
    """Steps that are demonstrated after the judge has decided."""
    evaluated: ClassVar[Mapping[str, Any]] = {}
    """Options of the environment in which the report shows the policy."""
    measured: ClassVar[str] = "report/result.json"
    """The file of `out` whose result stands on the bundle's card."""
    scenes_a_seed: ClassVar[int] = 600
    """How far each training seed moves the scenes on that are recorded."""
    about: ClassVar[str] = "click a brick and the arm picks it: record, train, evaluate, report in five minutes"

    episodes: int = 400
    hard_episodes: int = 0
    samples: int = 500_000
    seed: int = 0
    blind: bool = False
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
        self.find_scenes()
        claim_folder(self, out)
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
        save_card(bundle, [out / self.measured])
        return summary

    def evaluate(self, bundle: Path, seeds: range, out: Path) -> dict[str, Any]:
        """Play what was trained, write the report, and return the result without single verdicts."""
        player = Player(self.env, self.evaluated, str(bundle))
        options = "".join(f" --env.{option} {value}".lower() for option, value in self.evaluated.items())
        command = f"millwright evaluate {self.env} --policy {bundle} --seeds {self.seeds}{options}"
        result = evaluate(player, seeds, self.workers, out / "report", claim=player.describe(), command=command)
        return {key: value for key, value in result.to_json().items() if key != "verdicts"}

    def find_scenes(self) -> tuple[range, range]:
        """Seeds of the demonstrations, of the default and of the hard layout; none with a `dataset`.

        Raises:
            OptionError: no episodes, or seeds that are used twice or are not for training.
        """
        if self.dataset:
            return range(0), range(0)
        first = self.scenes_a_seed * self.seed
        plain = range(first, first + self.episodes)
        hard = range(HARD_SEEDS + first, HARD_SEEDS + first + self.hard_episodes)
        if not (plain or hard):
            raise OptionError("nothing to train on: give --episodes, --hard-episodes or --dataset")
        for scenes in (plain, hard):
            refuse_unseen(scenes, self.seed)
        if hard and len(plain) > HARD_SEEDS:
            raise OptionError(f"beside hard episodes there can be {HARD_SEEDS} default ones, not {self.episodes}")
        return plain, hard

    def record(self, folder: Path) -> None:
        """Record what is not recorded yet."""
        for policy, options, scenes in self.list_recordings():
            player = Player(self.env, options, policy, labelled=True, linger=self.linger)
            record_scenes(player, scenes, folder, self.workers)

    def list_recordings(self) -> tuple[Recording, ...]:
        """What `record` records."""
        kinds = zip((False, True), self.find_scenes(), strict=True)
        return tuple(
            Recording(self.demonstrator, {"hard": hard, **self.choose_recorded()}, scenes)
            for hard, scenes in kinds
            if scenes
        )

    def learn(self, dataset: Path, out: Path, bundle: Path) -> None:
        """Make the bundle from what was recorded; what else that takes goes into `out`."""
        self.train(dataset, out / "training", bundle)

    def choose_recorded(self) -> Mapping[str, Any]:
        """Options of the environment while demonstrations are recorded."""
        return self.recorded

    def train(self, dataset_folder: Path, out: Path, bundle: Path, start: Path | None = None) -> None:
        """Train on a recorded dataset and save the bundle; from the weights of the bundle `start`, if one is given."""
        dataset = Dataset(dataset_folder)
        names = (*(name for name in self.read if name != IMAGE), LABEL)
        raw = {IMAGE: dataset.frames(IMAGE), **{name: dataset.column(name) for name in names}}
        network, pipeline, data = self._prepare(raw, dataset.find_firsts(), start)
        settings = FitConfig(samples=self.samples, batch_size=self.batch_size, lr=self.lr, seed=self.seed)
        outcome = fit(network, data, settings, out, augment=ColourJitter())
        features = dataset.features
        observed = Features(*(features[name] for name in self.read))
        lineage = {
            "recipe": self.name,
            "fields": asdict(self),
            "dataset": dataset.digest,
            "episodes": len(dataset.episodes),
            "frames": len(dataset),
            "recorded": count_origins(dataset.episodes),
            "loss": outcome.loss,
            **describe_effort(outcome, load_manifest(start) if start else None),
        }
        made = Bundle(network, pipeline, observed, HAND_TARGET, dataset.fps, self.env, self.judge, lineage=lineage)
        made.save(bundle)
        save_card(bundle)

    def _prepare(self, raw: Raw, first: NDArray[np.int64], start: Path | None) -> tuple[Network, Pipeline, ArrayData]:
        """The network to train, its pipeline and what it trains on: all new, or `start`'s, which belong together."""
        if start is not None:
            begun = load_bundle(start)
            data = prepare(begun.pipeline, raw, target=LABEL, keep=begun.network.inputs, first=first)
            return begun.network, begun.pipeline, data
        network = make_network(self.network, {"proprio": self.num_numbers, **self.sizes}, self.seed)
        pipeline, data = fit_pipeline(
            raw, self.make_inputs(), (HandAbsolute(),),
            target=LABEL, keep=network.inputs, normalise=("proprio",), first=first,
        )  # fmt: skip
        return network, pipeline, data

    def make_inputs(self) -> tuple[Processor, ...]:
        """What the network sees: parts of the picture and some numbers."""
        eye = (Grey(),) if self.blind else ()
        return (*eye, *self.crops, self.numbers)


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


def record_scenes(player: Player, scenes: range, folder: Path, workers: int) -> None:
    """Record what is not recorded yet, with the brick table's units and names."""
    env = make_env(player.env, **player.env_options)
    features = Features(*env.unwrapped.features.values(), env.unwrapped.action)
    record(
        player, scenes, folder,
        fps=env.metadata["control_hz"], workers=workers, features=features, robot_type="ur5e",
    )  # fmt: skip
