"""lift-choice: from nothing to a policy that lifts the object that the words name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from millwright.core.errors import OptionError
from millwright.datasets.dataset import Dataset
from millwright.policies.network import Network
from millwright.processors.pipeline import Pipeline
from millwright.recipes.demonstrated import LABEL
from millwright.recipes.imagined import PICTURE, SHARD, Arrays, Imaginer, imagine_scenes, load_scenes
from millwright.recipes.lift import CAMERAS, STATE, TASK, Lift
from millwright.training.data import ArrayData, Data, JoinedData
from millwright.training.shared import prepare_shared


@dataclass(frozen=True)
class LiftChoice(Lift):
    """As lift, with two to four objects of which the words name one; evaluated on sentences never trained on.

    Demonstrations are joined by scenes made up beneath recorded arms, in which every object is named in turn.

    Args:
        pictures: made up, each with a label for every object in it; 0: demonstrations alone, which ground no words.
    """

    name: ClassVar[str] = "lift-choice"
    env: ClassVar[str] = "lift-choice"
    evaluated: ClassVar[Mapping[str, Any]] = {"words": "unseen"}
    scenes_a_seed: ClassVar[int] = 1000
    about: ClassVar[str] = "lift the object that the words name, in sentences never trained on"

    episodes: int = 800
    samples: int = 1_500_000
    pictures: int = 20_000

    def refuse(self) -> None:
        super().refuse()
        if self.pictures < 0 or self.pictures % SHARD:
            raise OptionError(f"pictures come in files of {SHARD}: give a multiple of it, not {self.pictures}")

    def join(self, recorded: Dataset, data: ArrayData, network: Network, pipeline: Pipeline, out: Path) -> Data:
        if not self.pictures:
            return data
        folder, states = out / "imagined", out / "arms.npy"
        np.save(states, recorded.column(STATE))
        first = self.seed * self.scenes_a_seed
        shards = range(first, first + self.pictures // SHARD)
        imaginer = Imaginer(self.env, states, tuple(CAMERAS.values()))
        imagine_scenes(imaginer, shards, folder, self.workers)
        return JoinedData((data, self.prepare_scenes(load_scenes(folder, shards), network, pipeline)))

    def prepare_scenes(self, scenes: Arrays, network: Network, pipeline: Pipeline) -> ArrayData:
        """Made-up scenes as `pipeline` prepares them."""
        number = scenes[PICTURE]
        if self.control == "shuffled":
            number = np.random.default_rng(self.seed).permutation(number)
        unread = (PICTURE, *CAMERAS.values(), *((TASK,) if self.control == "mute" else ()))
        labels = {name: array for name, array in scenes.items() if name not in unread}
        pictures = {name: scenes[name] for name in CAMERAS.values()}
        return prepare_shared(pipeline, labels, pictures, number, target=LABEL, keep=network.inputs)
