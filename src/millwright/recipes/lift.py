"""lift: from nothing to a policy that lifts the cube it sees, and a report that says how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from rich.console import Console
from rich.markdown import Markdown

from millwright.core.errors import OptionError, choose
from millwright.core.features import Feature, Features
from millwright.datasets.dataset import Dataset
from millwright.nets.parameters import tell_parameters
from millwright.nets.text import TEXT_ENCODERS, load_text_encoder
from millwright.policies.bundle import Bundle
from millwright.policies.networks import make_network
from millwright.policies.vla import Vla, VlaConfig
from millwright.processors.concat import Concat
from millwright.processors.grey import Grey
from millwright.processors.gripper import GripperSign
from millwright.processors.pipeline import Pipeline
from millwright.processors.processor import Processor
from millwright.processors.resize import ResizeImage
from millwright.processors.text import EncodeText
from millwright.recipes.cards import save_card
from millwright.recipes.demonstrated import LABEL, Demonstrated, Recording, refuse_unseen
from millwright.training.augment import ColourJitter
from millwright.training.data import ArrayData, Data, HistoryData
from millwright.training.gradient import FitConfig, fit
from millwright.training.prepare import Raw, fit_pipeline

CAMERAS = {name: f"observation.images.{name}" for name in ("agentview", "wrist")}
POSE, STATE, TASK = "observation.hand_pose", "observation.state", "task"
NUMBERS = Concat(((POSE, ()), (STATE, (7,))))
"""What the policy is told beside pictures and words: the hand's pose and the opening."""
NUM_NUMBERS = 8
GRIPPER = 6
"""Column of an action."""
CONTROLS = {
    "": "none",
    "blind": "trained and played on grey pictures",
    "shuffled": "trained on the pictures of other samples",
    "mute": "trained and played without words",
}
"""Policies that must fail where what they lack is needed."""


@dataclass(frozen=True)
class Lift(Demonstrated):
    """Record perturbed demonstrations, train a small vision-language-action policy, evaluate it on unseen scenes.

    The words carry nothing here: there is one cube.

    Args:
        episodes: demonstrations.
        samples: training samples drawn.
        seed: training seed: demonstrations, first weights, order.
        control: blind, shuffled or mute: a policy that lacks something, to compare with.
        encoder: of the text: minilm, clip or hashed.
        dataset: folder of a dataset to train on; without, `run` records one.
        seeds: scenes to evaluate on, A:B; tune on 5000 to 9999, 10000 and up are for published figures.
        workers: processes that record and evaluate.
        batch_size: samples a training step.
        lr: learning rate at its highest.
    """

    name: ClassVar[str] = "lift"
    env: ClassVar[str] = "lift"
    judge: ClassVar[str] = "lift"
    robot: ClassVar[str] = "panda"
    sizes: ClassVar[Mapping[str, Any]] = {"channels": (8, 24, 48, 96, 128), "film_layers": 1}
    """Of the network, where they are not its own: where the words carry nothing, one layer hears them."""
    about: ClassVar[str] = "lift the cube that two cameras show: record, train, evaluate, report"

    samples: int = 150_000
    batch_size: int = 64
    lr: float = 1.2e-3
    control: str = ""
    encoder: str = "minilm"

    def refuse(self) -> None:
        """As `Demonstrated.refuse`.

        Raises:
            OptionError: no episodes, or scenes that are not to be trained on.
            UnknownNameError: no such control or encoder.
            MissingExtraError: the encoder's weights are not there.
        """
        choose("control", self.control, CONTROLS)
        choose("text encoder", self.encoder, TEXT_ENCODERS)
        if not self.dataset and self.episodes < 1:
            raise OptionError("nothing to train on: give --episodes or --dataset")
        refuse_unseen(self.find_scenes(), self.seed)
        load_text_encoder(self.encoder)

    def find_scenes(self) -> range:
        """Seeds of the demonstrations; none with a `dataset`."""
        first = self.scenes_a_seed * self.seed
        return range(0) if self.dataset else range(first, first + self.episodes)

    def list_recordings(self) -> tuple[Recording, ...]:
        scenes = self.find_scenes()
        return (Recording("expert-perturbed", {}, scenes),) if scenes else ()

    def learn(self, dataset: Path, out: Path, bundle: Path) -> None:
        recorded = Dataset(dataset)
        network, pipeline, data = self.prepare(self.read(recorded))
        settings = FitConfig(samples=self.samples, batch_size=self.batch_size, lr=self.lr, seed=self.seed)
        demonstrated = HistoryData(data, network.looked_back, recorded.find_firsts())
        joined = self.join(recorded, demonstrated, network, pipeline, out)
        outcome = fit(network, joined, settings, out / "training", augment=ColourJitter(images=tuple(CAMERAS)))
        features = recorded.features
        said = Feature(TASK, (1,), dtype="string")
        observed = Features(*(features[name] for name in (*CAMERAS.values(), POSE, STATE)), said)
        motion = replace(features["action"], name="hand_motion")
        lineage = self.make_lineage(recorded, outcome)
        made = Bundle(network, pipeline, observed, motion, recorded.fps, self.env, self.judge, lineage=lineage)
        made.save(bundle)
        save_card(bundle)
        Console(stderr=True).print(Markdown(tell_parameters(made.count_parameters())))

    def join(self, recorded: Dataset, demonstrated: Data, network: Vla, pipeline: Pipeline, out: Path) -> Data:
        """What is trained on: the demonstrations as they were prepared, and whatever else there is."""
        return demonstrated

    def read(self, dataset: Dataset) -> Raw:
        """All samples of a dataset, as recorded."""
        columns = {name: dataset.column(name) for name in (POSE, STATE, LABEL)}
        tasks = np.array(dataset.tasks, dtype=object)[dataset.column("task_index").reshape(-1)]
        return {**{name: dataset.frames(name) for name in CAMERAS.values()}, **columns, TASK: tasks}

    def prepare(self, raw: Raw) -> tuple[Vla, Pipeline, ArrayData]:
        """The network to train, its pipeline, and what it trains on."""
        mute = self.control == "mute"
        text = 0 if mute else load_text_encoder(self.encoder).dim
        network = make_network("vla", {"proprio": NUM_NUMBERS, "text": text, **self.sizes}, self.seed)
        assert isinstance(network, Vla)
        pipeline, data = fit_pipeline(
            {name: array for name, array in raw.items() if not (mute and name == TASK)},
            self.make_inputs(network.config), (GripperSign(column=GRIPPER),),
            target=LABEL, keep=(*network.inputs, *network.labels), plain=(GRIPPER,),
        )  # fmt: skip
        if self.control == "shuffled":
            order = np.random.default_rng(self.seed).permutation(data.num_samples)
            data.arrays.update({name: data.arrays[name][order] for name in CAMERAS})
        return network, pipeline, data

    def make_inputs(self, config: VlaConfig) -> tuple[Processor, ...]:
        """What the network sees, hears and is told."""
        eyes = tuple(Grey(name) for name in CAMERAS.values()) if self.control == "blind" else ()
        resize = tuple(ResizeImage(name, config.image_size, camera) for camera, name in CAMERAS.items())
        ears = () if self.control == "mute" else (EncodeText(encoder=self.encoder, words=config.words),)
        return (*eyes, *resize, NUMBERS, *ears)
