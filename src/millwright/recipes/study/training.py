"""Training of a cell: its network, what it sees, what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from millwright.core.features import Features
from millwright.datasets.dataset import Dataset
from millwright.datasets.origins import count_origins
from millwright.policies.bundle import Bundle
from millwright.policies.network import Network
from millwright.policies.networks import make_network
from millwright.processors.base_frame import FromBaseFrame
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.hand import HandAbsolute
from millwright.processors.joints import JointTargets
from millwright.processors.pinhole_box import PinholeBox
from millwright.processors.processor import Invertible, Processor
from millwright.processors.resize import ResizeImage
from millwright.processors.steps import StepSum
from millwright.recipes.brick_pick import BOX, ENV, HAND_TARGET, IMAGE, JUDGE, POSE, STATE
from millwright.recipes.cards import save_card
from millwright.recipes.demonstrated import LABEL, describe_effort
from millwright.recipes.study.labels import Columns, Frames, choose_frames, make_labels, solve_joints
from millwright.recipes.study.setup import Setup
from millwright.training.augment import ColourJitter
from millwright.training.gradient import FitConfig, FitResult, fit
from millwright.training.prepare import fit_pipeline

CROP_PX, PICTURE_PX = 32, 80
"""Sides of what networks see: a piece cut out around the prompt, or the whole picture."""
ACTIONS: Mapping[str, tuple[int, tuple[Invertible, ...]]] = {
    "hand-relative": (5, (HandAbsolute(),)),
    "delta": (5, (StepSum(), HandAbsolute())),
    "base-frame": (6, (FromBaseFrame(),)),
    "joints": (7, (JointTargets(),)),
}
"""Names of representations -> numbers an action, and what makes actions of them."""
CROP_EYE: Mapping[str, Any] = {"image_size": CROP_PX, "channels": (16, 32, 64, 128)}
PICTURE_EYE: Mapping[str, Any] = {"image_size": PICTURE_PX, "channels": (16, 32, 64, 64)}
SIZES: Mapping[tuple[str, bool], Mapping[str, Any]] = {
    ("routed-chunk", True): {**CROP_EYE, "head_widths": (528, 528)},
    ("routed-chunk", False): {**PICTURE_EYE, "head_widths": (304, 304)},
    ("act", True): CROP_EYE,
    ("act", False): PICTURE_EYE,
    ("diffusion", True): {**CROP_EYE, "condition": 96},
    ("diffusion", False): {**PICTURE_EYE, "condition": 64},
}
"""Network, and whether it sees a crop -> sizes at which all have as many parameters."""
PARAMETERS = 720_000
"""That every network of the study has, within 10%."""
NUMERIC = ("token", "attention")
"""Routings that take the box as numbers, not as a place in the picture."""
STEPS: Mapping[str, tuple[float, int]] = {"routed-chunk": (1.5e-3, 128), "act": (5e-4, 64), "diffusion": (1e-3, 64)}
"""Network -> its highest learning rate and its batch; those that are slow make more of their samples in small ones."""


@dataclass(frozen=True)
class Budget:
    """How long a cell is trained: whichever ends first."""

    samples: int
    minutes: float


class Picked:
    """Rows of a memory-mapped array by their numbers, read when they are asked for."""

    def __init__(self, array: NDArray[Any], index: NDArray[np.int64]) -> None:
        self._array, self._index = array, index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        picked: NDArray[Any] = self._array[self._index[rows]]
        return picked


def train(
    setup: Setup, dataset: Dataset, scenes: range, seed: int, budget: Budget, out: Path, bundle: Path
) -> FitResult:
    """Train a cell with one training seed, or go on with it, and save the bundle.

    Args:
        dataset: of `setup.recording`.
        scenes: of it, those to learn from.
        seed: of the first weights and of the order.
    """
    columns = Columns(*(dataset.column(name) for name in (LABEL, POSE, STATE)))
    frames = choose_frames(columns, list_episodes(dataset, scenes), setup.pauses)
    network = make_cell_network(setup, seed)
    pipeline, data = fit_pipeline(
        collect(dataset, columns, frames, setup), make_inputs(setup), ACTIONS[setup.actions][1],
        target=LABEL, keep=network.inputs, normalise=("proprio", *list_boxes(setup)),
        per_step=setup.per_step,
    )  # fmt: skip
    lr, batch_size = STEPS[setup.network]
    settings = FitConfig(
        samples=budget.samples, batch_size=batch_size, lr=lr, seed=seed,
        warmup_samples=budget.samples // 40, max_minutes=budget.minutes, clock="cpu", threads=1,
    )  # fmt: skip
    images = ("crop", "image") if setup.jitter else ()
    outcome = fit(network, data, settings, out, augment=ColourJitter(images=images), progress=False)
    features = dataset.features
    observed = Features(*(features[name] for name in (IMAGE, BOX, POSE, STATE)))
    action = features["action"] if setup.actions == "joints" else HAND_TARGET
    learned = [row for row in dataset.episodes if row.seed in scenes]
    lineage = {
        "recipe": "brick-study",
        "setup": asdict(setup),
        "seed": seed,
        "dataset": dataset.digest,
        "episodes": len(learned),
        "recorded": count_origins(learned),
        **describe_effort(outcome, None),
    }
    Bundle(network, pipeline, observed, action, dataset.fps, ENV, JUDGE, lineage=lineage).save(bundle)
    save_card(bundle)
    return outcome


def make_cell_network(setup: Setup, seed: int) -> Network:
    """The untrained network of a cell."""
    sizes = SIZES[setup.network, setup.routing == "crop"]
    numbers = sum(len(columns) for _, columns in list_numbers(setup))
    fields = {"routing": setup.routing, "dof": ACTIONS[setup.actions][0], "proprio": numbers}
    return make_network(setup.network, {**sizes, **fields}, seed)


def make_inputs(setup: Setup) -> tuple[Processor, ...]:
    """What the network of a cell sees."""
    box: tuple[Processor, ...] = (PinholeBox(),) if setup.straight_box else ()
    numbers = Concat(list_numbers(setup))
    if setup.routing == "crop":
        return (*box, PromptCrop(size=CROP_PX), numbers)
    return (*box, ResizeImage(size=PICTURE_PX), Concat(((BOX, (0, 1, 2, 3)),), to="box"), numbers)


def list_numbers(setup: Setup) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Features and columns of the numbers beside the picture; with a crop, the box is among them, as in brick-pick."""
    box = ((BOX, (0, 1, 2, 3)),) if setup.routing == "crop" else ()
    if setup.posture:
        return (*box, (POSE, (0, 1, 2)), (STATE, tuple(range(7))))
    return (*box, (POSE, (2,)), (STATE, (6,)))


def list_boxes(setup: Setup) -> tuple[str, ...]:
    """What is normalised of the prompt."""
    return ("box",) if setup.whitened and setup.routing in NUMERIC else ()


def list_episodes(dataset: Dataset, scenes: range) -> list[NDArray[np.int64]]:
    """The frames of each episode of these scenes."""
    return [np.arange(row.start, row.stop) for row in dataset.episodes if row.seed in scenes]


def collect(dataset: Dataset, columns: Columns, frames: Frames, setup: Setup) -> dict[str, NDArray[Any]]:
    """What the pipeline reads, a row for each of `frames`."""
    labels = make_labels(columns, frames, setup.label, setup.shut_m)
    if setup.actions == "joints":
        labels = solve_joints(labels, columns.state[frames.numbers])
    picture = cast(NDArray[Any], Picked(dataset.frames(IMAGE), frames.numbers))
    box = dataset.column(BOX)[frames.numbers]
    numbers = {BOX: box, POSE: columns.pose[frames.numbers], STATE: columns.state[frames.numbers]}
    return {IMAGE: picture, **numbers, LABEL: labels}
