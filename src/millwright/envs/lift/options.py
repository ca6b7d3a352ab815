"""LiftOptions: what an episode of lifting is like."""

from __future__ import annotations

from dataclasses import dataclass

from millwright.core.errors import OptionError, choose
from millwright.envs.lift.instructions import FORMS, HELD_OUT_PAIRS, TRAINED_PAIRS, Split

MAX_IMAGE_SIZE = 512
PAIRS = {"train": TRAINED_PAIRS, "unseen": HELD_OUT_PAIRS}
"""Which colours go with which shapes."""


@dataclass(frozen=True)
class LiftOptions:
    """Options of `lift`.

    Args:
        max_steps: ticks, 20 a second, after which an episode is cut off.
        image_size: pixels, of both pictures, which are square.
        full_meshes: draw the arm's handsome meshes, which take several times as long, instead of its collision meshes.

    Raises:
        OptionError: an option is out of its range.
    """

    max_steps: int = 120
    image_size: int = 96
    full_meshes: bool = False

    def __post_init__(self) -> None:
        if not 16 <= self.image_size <= MAX_IMAGE_SIZE or self.max_steps < 1:
            needed = f"image_size must be 16 to {MAX_IMAGE_SIZE} pixels and max_steps at least 1"
            raise OptionError(f"{needed}, got {self.image_size} and {self.max_steps}")


@dataclass(frozen=True)
class LiftChoiceOptions(LiftOptions):
    """Options of `lift-choice`.

    Args:
        words: `train`, or `unseen`: sentences that training never uses.
        pairs: `train`, or `unseen`: the target is of a colour and a shape that are never together in training, and so
            may the others be.

    Raises:
        OptionError: an option is out of its range.
        UnknownNameError: no words or pairs of that name.
    """

    words: Split = "train"
    pairs: Split = "train"

    def __post_init__(self) -> None:
        super().__post_init__()
        choose("word split", self.words, FORMS)
        choose("pair split", self.pairs, PAIRS)
