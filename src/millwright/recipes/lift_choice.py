"""lift-choice: from nothing to a policy that lifts the object that the words name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from millwright.catalog import Namer, Player, make_env
from millwright.core.errors import OptionError
from millwright.datasets.dataset import Dataset
from millwright.datasets.rejudging import load_facts
from millwright.evaluation.naming import Named, count_named
from millwright.evaluation.provenance import collect_provenance, compute_claim_digest
from millwright.policies.vla import POINTS, Vla
from millwright.processors.pipeline import Pipeline
from millwright.recipes.demonstrated import LABEL
from millwright.recipes.imagined import PICTURE, SHARD, Arrays, Imaginer, imagine_scenes, load_scenes
from millwright.recipes.lift import CAMERAS, STATE, TASK, Lift
from millwright.recipes.recipe import describe_command, write_json
from millwright.recipes.scenes import play_scenes
from millwright.training.data import ArrayData, Data, HistoryData, JoinedData
from millwright.training.prepare import Raw
from millwright.training.shared import prepare_shared


@dataclass(frozen=True)
class LiftChoice(Lift):
    """As lift, with two to four objects of which the words name one; evaluated on sentences never trained on.

    Demonstrations are joined by scenes made up beneath recorded arms, in which every object is named in turn. Of the
    scenes that are evaluated, half are played again with every object named in turn, and as many with targets of a
    colour and a shape that were never together in training.

    Args:
        pictures: made up, each with a label for every object in it; 0: demonstrations alone, which ground no words.
    """

    name: ClassVar[str] = "lift-choice"
    env: ClassVar[str] = "lift-choice"
    evaluated: ClassVar[Mapping[str, Any]] = {"words": "unseen"}
    measured: ClassVar[tuple[str, ...]] = ("report/result.json", "report-pairs/result.json", "in-turn.json")
    scenes_a_seed: ClassVar[int] = 1000
    sizes: ClassVar[Mapping[str, Any]] = {"channels": (16, 32, 64, 96, 128), "words": 24, "fusion": "pointing"}
    about: ClassVar[str] = "lift the object that the words name, in sentences never trained on"

    episodes: int = 800
    samples: int = 600_000
    batch_size: int = 128
    lr: float = 1.5e-3
    pictures: int = 20_000

    def refuse(self) -> None:
        super().refuse()
        if self.pictures < 0 or self.pictures % SHARD:
            raise OptionError(f"pictures come in files of {SHARD}: give a multiple of it, not {self.pictures}")

    def join(self, recorded: Dataset, demonstrated: Data, network: Vla, pipeline: Pipeline, out: Path) -> Data:
        if not self.pictures:
            return demonstrated
        folder, states = out / "imagined", out / "arms.npy"
        np.save(states, recorded.column(STATE))
        first = self.seed * self.scenes_a_seed
        shards = range(first, first + self.pictures // SHARD)
        imaginer = Imaginer(self.env, states, tuple(CAMERAS.values()))
        imagine_scenes(imaginer, shards, folder, self.workers)
        made_up = self.prepare_scenes(load_scenes(folder, shards), network, pipeline)
        at_rest = HistoryData(made_up, network.looked_back, np.arange(made_up.num_samples))
        return JoinedData((demonstrated, at_rest))

    def evaluate(self, bundle: Path, seeds: range, out: Path) -> dict[str, Any]:
        """As `Demonstrated.evaluate`, on sentences never trained on; then every object of half of the scenes named in
        turn, and as many scenes whose target is of a colour and a shape that were never together.
        """
        result = super().evaluate(bundle, seeds, out)
        half = seeds[: max(1, len(seeds) // 2)]
        command = describe_command(self.name, self)
        player = Player(self.env, self.evaluated, str(bundle))
        turns = name_objects(player, half, self.workers, out / "in-turn.json", command)
        pairs = self.report(bundle, {**self.evaluated, "pairs": "unseen"}, half, out / "report-pairs")
        return {**result, "in_turn": turns, "held_out_pairs": pairs}

    def read(self, dataset: Dataset) -> Raw:
        """All samples, and where in their pictures what is meant lies."""
        env = make_env(self.env)
        facts = [one for row in dataset.episodes for one in load_facts(dataset, row.index)]
        return {**super().read(dataset), POINTS: np.array([env.unwrapped.point_out(one) for one in facts], np.float32)}

    def prepare_scenes(self, scenes: Arrays, network: Vla, pipeline: Pipeline) -> ArrayData:
        """Made-up scenes as `pipeline` prepares them."""
        number = scenes[PICTURE]
        if self.control == "shuffled":
            number = np.random.default_rng(self.seed).permutation(number)
        unread = (PICTURE, *CAMERAS.values(), *((TASK,) if self.control == "mute" else ()))
        labels = {name: array for name, array in scenes.items() if name not in unread}
        pictures = {name: scenes[name] for name in CAMERAS.values()}
        return prepare_shared(pipeline, labels, pictures, number, target=LABEL, keep=(*network.inputs, *network.labels))


def name_objects(player: Player, seeds: range, workers: int, file: Path, command: str = "") -> dict[str, Any]:
    """Name every object of these scenes in turn and count; scenes that were played for the same claim are not again.

    Returns:
        what `count_named` counts, with env, policy, seeds and provenance; `file` holds every outcome too.
    """
    claim = compute_claim_digest({**player.describe(), "in_turn": True})
    played = play_scenes(Namer(player), dict.fromkeys(seeds, claim), file.with_suffix(""), workers)
    scenes = {seed: [Named(*row) for row in rows] for seed, rows in played.items()}
    counted = {
        "schema": 1,
        "env": player.env,
        "policy": player.describe()["policy"],
        "seeds": f"{seeds.start}:{seeds.stop}",
        **count_named(scenes),
        "provenance": collect_provenance(player.describe(), command),
    }
    write_json(file, {**counted, "named": {str(seed): [one._asdict() for one in row] for seed, row in scenes.items()}})
    return counted
