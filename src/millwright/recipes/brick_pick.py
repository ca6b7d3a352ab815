"""brick-pick: from nothing to a policy that picks the brick that was clicked, and a report that says how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import OptionError
from millwright.core.features import Feature, Features
from millwright.datasets.dataset import Dataset
from millwright.policies.bundle import Bundle, load_bundle
from millwright.policies.folder import load_manifest
from millwright.policies.network import Network
from millwright.policies.networks import make_network
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.grey import Grey
from millwright.processors.hand import HandAbsolute
from millwright.processors.pipeline import Pipeline
from millwright.processors.processor import Processor
from millwright.recipes.cards import save_card
from millwright.recipes.demonstrated import LABEL, Demonstrated, Recording, refuse_unseen
from millwright.training.augment import ColourJitter
from millwright.training.data import ArrayData
from millwright.training.gradient import FitConfig, fit
from millwright.training.prepare import Raw, fit_pipeline, prepare

ENV, JUDGE = "brick-table", "lift"
IMAGE, BOX, POSE, STATE = (
    "observation.images.wrist",
    "observation.environment_state",
    "observation.hand_pose",
    "observation.state",
)
HAND_TARGET = Feature(
    "hand_target", (8,), unit="m, wxyz, m", frame="base", names=("x", "y", "z", "qw", "qx", "qy", "qz", "opening")
)
HARD_SEEDS = 2500
"""Scenes of the hard layout are recorded with seeds from here on, so that both kinds fit into one dataset."""


@dataclass(frozen=True)
class BrickPick(Demonstrated):
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
    about: ClassVar[str] = "click a brick and the arm picks it: record, train, evaluate, report in five minutes"

    hard_episodes: int = 0
    blind: bool = False

    def refuse(self) -> None:
        self.find_scenes()

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

    def list_recordings(self) -> tuple[Recording, ...]:
        kinds = zip((False, True), self.find_scenes(), strict=True)
        return tuple(
            Recording(self.demonstrator, {"hard": hard, **self.choose_recorded()}, scenes)
            for hard, scenes in kinds
            if scenes
        )

    def learn(self, dataset: Path, out: Path, bundle: Path) -> None:
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
        lineage = self.make_lineage(dataset, outcome, load_manifest(start) if start else None)
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
