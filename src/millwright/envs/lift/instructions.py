"""Instructions for lifting: what is said, and which of the objects on the table it fits.

Places are as the `agentview` camera sees the table from across the robot: its right is the base frame's +y. Distances
are from the robot's base along the base frame's x.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Literal

import numpy as np

from millwright.core.errors import OptionError, PromptError, choose

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

COLOURS = {
    "red": (0.85, 0.08, 0.08),
    "green": (0.10, 0.60, 0.15),
    "blue": (0.10, 0.20, 0.85),
    "yellow": (0.95, 0.80, 0.05),
    "purple": (0.50, 0.10, 0.60),
}
"""Red, green, blue in 0..1 of what each colour's name stands for."""
SHAPES = {
    "cube": ("cube", "block", "box"),
    "ball": ("ball", "sphere", "orb"),
    "cylinder": ("cylinder", "can", "tin"),
}
"""Nouns for each shape. A sentence encoder hardly knows nouns that training never used, so training uses them all."""
HELD_OUT_PAIRS = (("green", "ball"), ("blue", "cylinder"), ("yellow", "cube"))
"""Colour and shape that never lie on a table together in training, though each of both does."""
TRAINED_PAIRS = tuple(pair for pair in product(COLOURS, SHAPES) if pair not in HELD_OUT_PAIRS)

CLEAR_M = 0.03
"""By so much an object must be further out than any other to be the leftmost, nearest, ..."""

Split = Literal["train", "unseen"]


@dataclass(frozen=True)
class Item:
    """An object on the table: its names, and where it lies in the robot's base frame, m."""

    colour: str
    shape: str
    x_m: float
    y_m: float


PLACES: dict[str, Callable[[Item], float]] = {
    "left": lambda item: -item.y_m,
    "right": lambda item: item.y_m,
    "near": lambda item: -item.x_m,
    "far": lambda item: item.x_m,
}
"""A place -> how far out in its direction an item lies, m."""
PLACE_WORDS = {
    "left": ("leftmost {noun}", "{noun} on the left"),
    "right": ("rightmost {noun}", "{noun} on the right"),
    "near": ("{noun} nearest to the robot", "{noun} closest to the robot"),
    "far": ("{noun} farthest from the robot", "{noun} furthest away from the robot"),
}
ANY_NOUNS = ("object", "thing", "item")

OTHER_COLOURS = (
    "pink", "orange", "black", "white", "brown", "grey", "gray", "cyan", "magenta", "violet", "turquoise", "teal",
    "beige", "golden", "silver", "lilac", "maroon", "crimson", "scarlet", "indigo", "colourless", "transparent",
)  # fmt: skip
"""Colours that nothing here has."""
NEGATIONS = (
    "not", "no", "but", "except", "without", "never", "neither", "nor", "nothing", "avoid", "leave", "ignore",
    "other than", "instead of", "rather than", "apart from",
)  # fmt: skip
"""Words about what not to lift: what is left is not worked out."""
GOING_ON = (
    "and", "or", "then", "from", "off", "out", "up", "away", "above", "over", "in", "into", "on", "at", "to", "of",
    "for", "with", "high", "please", "now", "right", "that", "which", "is", "it", "you", "robot", "by", "one",
)  # fmt: skip
"""Words after a colour or place that go on with the sentence, and name no thing."""

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

_PLACE_PATTERN = re.compile(
    r"\b(?P<left>leftmost|on the left)\b|\b(?P<right>rightmost|on the right)\b"
    r"|\b(?P<near>nearest|closest)\b|\b(?P<far>farthest|furthest)\b"
)
_DESCRIBED_PATTERN = re.compile(
    rf"\b(?:{'|'.join(COLOURS)}|leftmost|rightmost|nearest|closest|farthest|furthest)(?=\s+(?P<thing>[^\W\d_]+))"
)


@dataclass(frozen=True)
class _Named:
    """What words say of an object; None where they leave it open."""

    colour: str | None = None
    shape: str | None = None
    place: str | None = None

    def find(self, items: Sequence[Item]) -> tuple[int, ...]:
        alike = [
            index
            for index, item in enumerate(items)
            if self.colour in (None, item.colour) and self.shape in (None, item.shape)
        ]
        if self.place is None or not alike:
            return tuple(alike)
        reach = PLACES[self.place]
        furthest = max(reach(items[index]) for index in alike)
        return tuple(index for index in alike if reach(items[index]) > furthest - CLEAR_M)


def find_fitting(items: Sequence[Item], instruction: str) -> tuple[int, ...]:
    """Indices of the items that an instruction fits; one, where it is clear. Of its words only names and places count.

    An item is in a place if none of those that the words also fit lies `CLEAR_M` further out.
    """
    named = _read(instruction)
    return () if named is None else named.find(items)


def find_meant(items: Sequence[Item], instruction: str) -> int:
    """Index of the one item that an instruction means.

    Raises:
        PromptError: it means none of them, or several; says what there is.
    """
    fitting = find_fitting(items, instruction)
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(f"{item.colour} {item.shape}" for item in items)
    if trouble := _find_trouble(instruction):
        raise PromptError(f"{instruction!r} fits nothing here: {trouble}; on the table: {there}")
    if not fitting:
        raise PromptError(f"{instruction!r} fits nothing here; on the table: {there}")
    if _read(instruction) == _Named():
        raise PromptError(f"{instruction!r} names nothing that could lie here; on the table: {there}")
    alike = ", ".join(f"{items[index].colour} {items[index].shape}" for index in fitting)
    raise PromptError(f"{instruction!r} fits {len(fitting)} things: {alike}; say which by colour, shape or place")


def _read(instruction: str) -> _Named | None:
    """What an instruction says; None where that is not understood."""
    if _find_trouble(instruction):
        return None
    return _Named(*(next(iter(said), None) for said in _list_said(instruction)))


def _list_said(instruction: str) -> tuple[list[str], list[str], list[str]]:
    """All colours, shapes and places in an instruction, each once."""
    words = instruction.lower()
    colours = [colour for colour in COLOURS if _find_words((colour,), words)]
    shapes = [shape for shape, nouns in SHAPES.items() if _find_words(nouns, words)]
    places = {str(match.lastgroup): None for match in _PLACE_PATTERN.finditer(words)}
    return colours, shapes, list(places)


def _find_trouble(instruction: str) -> str | None:
    """Why an instruction is not understood, whatever lies on the table; None where it is."""
    words = instruction.lower().replace("\u2019", "'")
    for kind, said in zip(("colours", "shapes", "places"), _list_said(words), strict=True):
        if len(said) > 1:
            return f"it names {len(said)} {kind} ({', '.join(said)}), and one thing is lifted"
    if other := _find_words(OTHER_COLOURS, words):
        return f"nothing is ever {other}"
    if negation := _find_words(NEGATIONS, words) or (re.search(r"n't\b", words) and "n't"):
        return f"what is not to be lifted ({negation!r}) is not understood, only what is"
    known = (*chain(*SHAPES.values()), *ANY_NOUNS)
    things = [match["thing"] for match in _DESCRIBED_PATTERN.finditer(words)]
    unknown = [thing for thing in things if thing not in (*COLOURS, *GOING_ON)]
    if unknown and not _find_words((*known, "one"), words):
        return f"{unknown[0]!r} is no thing that is known here, these are: {', '.join(known)}"
    return None


def _find_words(wanted: Sequence[str], words: str) -> str | None:
    found = re.search(rf"\b(?:{'|'.join(wanted)})\b", words)
    return found[0] if found else None


def write_instruction(items: Sequence[Item], target: int, seed: int, split: Split = "train") -> str:
    """An instruction that fits `items[target]` and nothing else on the table; the same for the same arguments.

    It names the target by as little as colour, shape or place alone where that is enough, or by two of them. Which of
    these ways is drawn before the sentence, so that places are not drowned by the many ways to name a colour.

    Args:
        seed: decides among the ways to say it.
        split: `train`, or `unseen`: sentences that training never uses.

    Raises:
        OptionError: no words tell the target from the rest, or it is out of range.
        UnknownNameError: no such split.
    """
    forms = choose("split", split, FORMS)
    if not 0 <= target < len(items):
        raise OptionError(f"target {target} is none of the {len(items)} items: 0 to {len(items) - 1}")
    ways = _find_ways(items, target)
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


def _find_ways(items: Sequence[Item], target: int) -> list[_Named]:
    """All that is true of the target alone; a place beside a shape only where the shape leaves a choice."""
    item = items[target]
    named = [_Named(*parts) for parts in product((item.colour, None), (item.shape, None), (None, *PLACES))]
    return [
        way
        for way in named
        if way != _Named()
        and not (way.colour and way.place)
        and not (way.shape and way.place and len(_Named(shape=way.shape).find(items)) == 1)
        and way.find(items) == (target,)
        and (way.place is None or len(items) > 1)
    ]


def _kind(named: _Named) -> tuple[bool, bool, bool]:
    return (named.colour is not None, named.shape is not None, named.place is not None)


def _write_name(named: _Named, split: str, rng: np.random.Generator) -> str:
    noun = _pick(SHAPES[named.shape] if named.shape else ANY_NOUNS, rng)
    if named.place:
        return _pick(PLACE_WORDS[named.place], rng).format(noun=noun)
    if named.colour:
        return _pick(COLOURED[split], rng).format(colour=named.colour, noun=noun)
    return noun


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
