"""Lacks: what recordings of lifting never show, in words, for whoever asks what a policy knows nothing of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millwright.envs.lift.instructions import DOCUMENT, FORMS, HELD_OUT_PAIRS
from millwright.envs.lift.objects import APART_M, CUBE_HALF_M, NUM_OBJECTS
from millwright.envs.lift.words import COLOURS, SHAPES

ALWAYS = (
    "No real robot, camera or light: everything is simulated.",
    "One arm, one gripper, one table with one top, one light, clean pictures; cameras that sit where they sat.",
    "No hands, no people; nothing moves but what the robot moves.",
)
ONE = (
    f"One red cube of one size, within {100 * CUBE_HALF_M:.0f} cm of the table's middle; nothing else lies there.",
    f"{len(DOCUMENT)} English sentences that all mean that cube: following words cannot be learned from it.",
)
SEVERAL = (
    f"{NUM_OBJECTS[0]} to {NUM_OBJECTS[1]} objects at least {100 * APART_M:.0f} cm apart: none touches another.",
    f"Nothing but a {', '.join(SHAPES)} of about 4 cm, in {', '.join(COLOURS)}.",
    "English alone, and no nouns but those that the instructions use.",
)
_PAIRS = ", ".join(f"{colour} {shape}" for colour, shape in HELD_OUT_PAIRS)
WORLD: Mapping[str, tuple[Any, str]] = {
    "full_meshes": (True, "The arm is drawn by its collision meshes, never as it looks."),
    "words": ("unseen", f"Sentences of {len(FORMS['train'])} forms, and of no others."),
    "pairs": ("unseen", f"No {_PAIRS}, though each of these colours and shapes with others."),
}
"""Option -> the value that shows it, and what recordings without that value never show."""
OF_SEVERAL = frozenset({"words", "pairs"})
OTHER = frozenset({"max_steps", "image_size"})
"""Options that are no part of how the world may differ."""


def describe_lacks(recorded: Sequence[Mapping[str, Any]], several: bool) -> tuple[str, ...]:
    """What none of the recordings shows, a sentence each.

    Args:
        recorded: options of the environment of each kind of recording.
        several: there are several objects, of which the words name one.
    """
    missing = [
        lack
        for option, (value, lack) in WORLD.items()
        if (several or option not in OF_SEVERAL) and value not in [options.get(option) for options in recorded]
    ]
    return (*ALWAYS, *(SEVERAL if several else ONE), *missing)
