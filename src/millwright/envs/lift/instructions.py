"""Instructions for lifting: what is said in training, and what never is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal

import numpy as np

from millwright.core.errors import OptionError, choose
from millwright.envs.lift.words import ANY_NOUNS, COLOURS, PLACES, SHAPES, Item, Named

DOCUMENT = (
    "Pick up the cube",
    "Lift the red cube",
    "Grasp the cube and lift it up",
    "Move the cube upward",
    "Grab the object and raise it",
    "Pick the cube from the table",
    "Lift the object above the table",
    "Grasp and elevate the cube",
)
"""The eight of the published report. In a scene of one red cube they all mean the same: the words carry nothing."""

HELD_OUT_PAIRS = (("green", "ball"), ("blue", "cylinder"), ("yellow", "cube"))
"""Colour and shape that never lie on a table together in training, though each of both does."""
TRAINED_PAIRS = tuple(pair for pair in product(COLOURS, SHAPES) if pair not in HELD_OUT_PAIRS)

Split = Literal["train", "unseen"]

PLACE_WORDS = {
    "left": ("leftmost {noun}", "{noun} on the left"),
    "right": ("rightmost {noun}", "{noun} on the right"),
    "near": ("{noun} nearest to the robot", "{noun} closest to the robot"),
    "far": ("{noun} farthest from the robot", "{noun} furthest away from the robot"),
}
FORMS: dict[str, tuple[str, ...]] = {
    "train": (
        "pick up the {what}",
        "lift the {what}",
        "grasp the {what} and lift it up",
        "grab the {what}",
        "take the {what} from the table",
        "raise the {what}",
        "grab the {what} and raise it",
        "lift up the {what} above the table",
        "please pick up the {what}",
        "move the {what} upward",
        "reach for the {what} and lift it",
        "the {what} is to be picked up",
        "only the {what} should be lifted",
        "choose the {what} and raise it",
        "find the {what}, then pick it up",
        "seize the {what}",
        "grip the {what} with both fingers and move upward",
        "the {what}",
        "pull the {what} up from the table",
        "remove the {what} from the table",
        "the one to lift is the {what}",
        "carry the {what} upward",
        "pluck the {what} from the table",
        "we want the {what} lifted",
        "next, the {what}",
        "task: pick up the {what}",
        "arm, lift the {what}",
        "let us have the {what}",
        "the hand has to take the {what}",
        "look for the {what} and grab it",
        "clutch the {what} and pull it up",
        "raise it slowly, the {what}",
        "this time, take the {what}",
        "close the fingers around the {what} and rise",
        "scoop up the {what}",
        "show us the {what} by lifting it",
        "it is the {what} that has to come up",
        "among all of these, pick the {what}",
        "select the {what} and heave it up",
        "here we want the {what} picked up",
        "snatch the {what} off the table",
        "there lies the {what}: grasp it",
        "have the {what} off the table",
        "try to lift the {what}",
    ),
    "unseen": (
        "could you hoist the {what} for me?",
        "I would like you to fetch the {what}",
        "the {what}, please: bring it up",
        "get hold of the {what} and elevate it",
        "now go for the {what}",
        "what I need is the {what}",
        "your target is the {what}, hold it in the air",
        "robot, collect the {what}",
    ),
}
"""Sentences around what is named. No verb and no form of `unseen` occurs in training."""
COLOURED = {"train": ("{colour} {noun}",), "unseen": ("{noun} that is {colour}", "{noun} coloured {colour}")}


def write_instruction(items: Sequence[Item], target: int, seed: int, split: Split = "train") -> str:
    """An instruction that fits `items[target]` and nothing else on the table; the same for the same arguments.

    It names the target by as little as colour, shape or place alone where that is enough, or by two of them. Which of
    these ways is drawn before the sentence, so that places are not drowned by the many ways to name a colour.

    In training a shape is not named beside anything of a colour that it never has there (`HELD_OUT_PAIRS`), unless no
    other way tells the target from the rest.

    Args:
        seed: decides among the ways to say it.
        split: `train`, or `unseen`: sentences that training never uses, and shapes named beside any colour.

    Raises:
        OptionError: no words tell the target from the rest, or it is out of range.
        UnknownNameError: no such split.
    """
    forms = choose("split", split, FORMS)
    if not 0 <= target < len(items):
        raise OptionError(f"target {target} is none of the {len(items)} items: 0 to {len(items) - 1}")
    ways = _find_ways(items, target)
    if split == "train":
        ways = [way for way in ways if _is_fair(way, items)] or ways
    if not ways:
        item = items[target]
        raise OptionError(
            f"no words tell the {item.colour} {item.shape} from the rest: give another colour or shape, or more room"
        )
    rng = np.random.default_rng((seed, target))
    kinds = sorted({_kind(named) for named in ways})
    kind = kinds[int(rng.integers(len(kinds)))]
    candidates = [named for named in ways if _kind(named) == kind]
    what = _write_name(candidates[int(rng.integers(len(candidates)))], split, rng)
    return _pick(forms, rng).format(what=what)


def _find_ways(items: Sequence[Item], target: int) -> list[Named]:
    """All that is true of the target alone; a place beside a shape only where the shape leaves a choice."""
    item = items[target]
    colours = (item.colour, None) if item.colour else (None,)  # it may be one that has no name
    named = [Named(*parts) for parts in product(colours, (item.shape, None), (None, *PLACES))]
    return [
        way
        for way in named
        if way != Named()
        and not (way.colour and way.place)
        and not (way.shape and way.place and len(Named(shape=way.shape).find(items)) == 1)
        and way.find(items) == (target,)
        and (way.place is None or len(items) > 1)
    ]


def _is_fair(named: Named, items: Sequence[Item]) -> bool:
    """Whether nothing here is of a colour that the named shape never has in training.

    *The ball* beside a green cube would teach that what is green is no ball: of green balls training says nothing,
    and is to say nothing against them either.
    """
    return all((item.colour, named.shape) not in HELD_OUT_PAIRS for item in items)


def _kind(named: Named) -> tuple[bool, bool, bool]:
    return (named.colour is not None, named.shape is not None, named.place is not None)


def _write_name(named: Named, split: str, rng: np.random.Generator) -> str:
    noun = _pick(SHAPES[named.shape] if named.shape else ANY_NOUNS, rng)
    if named.place:
        return _pick(PLACE_WORDS[named.place], rng).format(noun=noun)
    if named.colour:
        return _pick(COLOURED[split], rng).format(colour=named.colour, noun=noun)
    return noun


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
