"""brick-robust: brick-pick for a world in which bricks are bumped, cameras are off and clicks miss."""

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
    """As brick-pick, demonstrated and judged with bumps, a camera that is off and clicks that miss, all at once.

    The network has two eyes: one searches wide around the prompt, the other watches what is between the fingers.
    """

    name: ClassVar[str] = "brick-robust"
    recorded: ClassVar[Mapping[str, Any]] = {"restless": True, **TROUBLES}
    evaluated: ClassVar[Mapping[str, Any]] = TROUBLES
    network: ClassVar[str] = "two-eyes"
    crops: ClassVar[tuple[Processor, ...]] = (PromptCrop(scale=4.0), Window())
    about: ClassVar[str] = "brick-pick that also copes with bumps, a camera that is off and clicks that miss"

    episodes: int = 600
