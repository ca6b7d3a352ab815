"""brick-clutter: brick-pick for piles, in which most bricks touch others and some have to be pushed free first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from millwright.core.errors import OptionError
from millwright.processors.crop import PromptCrop
from millwright.processors.processor import Processor
from millwright.processors.window import Window
from millwright.recipes.brick_pick import BrickPick
from millwright.recipes.demonstrated import refuse_unseen
from millwright.recipes.rounds import Rounds
from millwright.training.dagger import Round, learn, make_rounds


@dataclass(frozen=True)
class BrickClutter(BrickPick):
    """As brick-pick, demonstrated and evaluated in clutter, and then DAgger: the expert labels what the policy visits.

    The network has two eyes, as that of brick-robust, but sees more pixels: beside a brick there are three millimetres
    for a finger, if there are any.

    Args:
        rounds: of DAgger, after the demonstrations; each goes on from the weights of the one before.
        round_episodes: driven by the policy in each round.
        round_samples: training samples that each round draws from everything recorded so far.
    """

    name: ClassVar[str] = "brick-clutter"
    recorded: ClassVar[Mapping[str, Any]] = {"clutter": True, "restless": True}
    evaluated: ClassVar[Mapping[str, Any]] = {"clutter": True}
    demonstrator: ClassVar[str] = "expert-nudged"
    network: ClassVar[str] = "two-eyes"
    sizes: ClassVar[Mapping[str, Any]] = {"crop_size": 48, "hand_size": 64, "head_widths": (384, 384), "modes": 4}
    crops: ClassVar[tuple[Processor, ...]] = (
        PromptCrop(size=48, scale=2.5),
        Window(edges=(0.25, 0.375, 0.75, 0.875), size=64),
    )
    about: ClassVar[str] = "brick-pick in piles of bricks that touch, lean on each other and lie on others"

    episodes: int = 2400
    samples: int = 1_500_000
    rounds: int = 2
    round_episodes: int = 300
    round_samples: int = 500_000

    def find_rounds(self) -> tuple[Round, ...]:
        """The demonstrations and the rounds after them.

        Raises:
            OptionError: no episodes, scenes that are not for training, or rounds that would add to a given dataset.
        """
        if self.dataset and self.rounds:
            raise OptionError("rounds add what the policy visits to the dataset: with --dataset give --rounds 0")
        first = self.scenes_a_seed * self.seed
        rounds = make_rounds(first, self.episodes, self.rounds, self.round_episodes)
        refuse_unseen(range(first, rounds[-1].seeds.stop), self.seed)
        return rounds

    def find_scenes(self) -> tuple[range, range]:
        """As `BrickPick.find_scenes`.

        Raises:
            OptionError: as there and of `find_rounds`, or hard episodes are asked for.
        """
        if self.hard_episodes:
            raise OptionError("bricks in piles have no hard layout: leave --hard-episodes at 0 and give --episodes")
        self.find_rounds()
        return super().find_scenes()

    def learn(self, dataset: Path, out: Path, bundle: Path) -> None:
        """Train on the demonstrations, then round after round on all that was recorded."""
        if not self.rounds:
            super().learn(dataset, out, bundle)
            return
        rounds, refined = self.find_rounds(), replace(self, samples=self.round_samples)
        learner = Rounds(
            rounds, lambda step: refined if step.number else self, self.recorded, self.demonstrator, self.workers,
            dataset, out / "training", out / "rounds", bundle,
        )  # fmt: skip
        learn(rounds, learner)
