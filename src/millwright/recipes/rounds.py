"""Rounds of DAgger for recipes that train as brick-pick does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millwright.catalog import Player
from millwright.recipes.brick_pick import ENV, BrickPick
from millwright.recipes.demonstrated import LINGER, record_scenes
from millwright.training.dagger import Round


@dataclass(frozen=True)
class Rounds:
    """A `training.dagger.Learner`: one growing dataset, a bundle a round.

    Each round goes on from the weights (and so the normalisation) of the one before: a policy trained anew every round
    would throw the samples of the earlier rounds away.
    """

    rounds: tuple[Round, ...]
    make_training: Callable[[Round], BrickPick]
    """How a round trains."""
    recorded: Mapping[str, Any]
    """Options of the environment while episodes are recorded."""
    demonstrator: str
    """Who drives in round 0."""
    workers: int
    dataset: Path
    trainings: Path
    """Gets a folder a round."""
    bundles: Path
    """Gets the bundles of all rounds but the last."""
    last: Path
    """The bundle of the last round."""

    def find_policy(self, step: Round) -> Path | None:
        bundle = self._name(step)
        return bundle if (bundle / "manifest.json").is_file() else None

    def record(self, step: Round, policy: Path | None) -> None:
        driver = {"policy": self.demonstrator} if policy is None else {"policy": str(policy), "beta": step.beta}
        player = Player(ENV, self.recorded, labelled=True, linger=LINGER, **driver)
        record_scenes(player, step.seeds, self.dataset, self.workers)

    def train(self, step: Round, policy: Path | None) -> Path:
        folder = self.trainings / f"round-{step.number}"
        self.make_training(step).train(self.dataset, folder, self._name(step), policy)
        return self._name(step)

    def _name(self, step: Round) -> Path:
        return self.last if step is self.rounds[-1] else self.bundles / f"round-{step.number}"
