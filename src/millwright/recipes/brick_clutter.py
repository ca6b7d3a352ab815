"""brick-clutter: brick-pick for piles, in which most bricks touch others and some have to be pushed free first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from millwright.processors.crop import PromptCrop
from millwright.processors.processor import Processor
from millwright.processors.window import Window
from millwright.recipes.brick_pick import BrickPick


@dataclass(frozen=True)
class BrickClutter(BrickPick):
    """As brick-pick, demonstrated and evaluated in clutter. The network has two eyes, as that of brick-robust."""

    name: ClassVar[str] = "brick-clutter"
    recorded: ClassVar[Mapping[str, Any]] = {"clutter": True, "restless": True}
    evaluated: ClassVar[Mapping[str, Any]] = {"clutter": True}
    network: ClassVar[str] = "two-eyes"
    crops: ClassVar[tuple[Processor, ...]] = (PromptCrop(scale=4.0), Window())
    about: ClassVar[str] = "brick-pick in piles of bricks that touch, lean on each other and lie on others"

    episodes: int = 400
    samples: int = 400_000
