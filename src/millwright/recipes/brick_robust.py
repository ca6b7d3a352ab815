"""brick-robust: brick-pick for a world in which bricks are bumped, clicks miss and no two days look the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from millwright.processors.crop import PromptCrop
from millwright.processors.processor import Processor
from millwright.processors.window import Window
from millwright.recipes.brick_pick import BrickPick

TROUBLES: Mapping[str, Any] = {"bump": True, "miscalibrated": True, "click_noise": 0.4}


@dataclass(frozen=True)
class BrickRobust(BrickPick):
    """As brick-pick, demonstrated with bumps, a camera that is off, clicks that miss, random looks and sizes.

    The network has two eyes: one searches wide around the prompt, the other watches what is between the fingers. The
    report shows it with the troubles all at once, but in the ordinary light.

    Args:
        randomise: draw light, table, camera and sensor anew for most demonstrations; off, a control.
    """

    name: ClassVar[str] = "brick-robust"
    recorded: ClassVar[Mapping[str, Any]] = {"restless": True, "randomise": True, "sizes": True, **TROUBLES}
    evaluated: ClassVar[Mapping[str, Any]] = TROUBLES
    network: ClassVar[str] = "two-eyes"
    crops: ClassVar[tuple[Processor, ...]] = (PromptCrop(scale=4.0), Window())
    scenes_a_seed: ClassVar[int] = 800
    about: ClassVar[str] = "brick-pick that also copes with bumps, cameras that are off, clicks that miss, other looks"

    episodes: int = 800
    hard_episodes: int = 200
    samples: int = 1_000_000
    randomise: bool = True

    def choose_recorded(self) -> Mapping[str, Any]:
        return {**self.recorded, "randomise": self.randomise}
