"""Words for what lies on a table: what an instruction says, and which of the objects it fits.

Places are as the `agentview` camera sees the table from across the robot: its right is the base frame's +y. Distances
are from the robot's base along the base frame's x.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from millwright.core.errors import PromptError

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
ANY_NOUNS = ("object", "thing", "item")

CLEAR_M = 0.03
"""By so much an object must be further out than any other to be the leftmost, nearest, ..."""


@dataclass(frozen=True)
class Item:
    """An object on the table: its names, colour "" if it has none, and where it lies in the robot's base frame, m."""

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
BESIDE = (
    "next to", "beside", "alongside", "adjacent to", "close to", "closer to", "nearer", "nearer to", "near to",
    "behind", "in front of", "between", "beyond", "past", "opposite", "opposite to", "across from", "against",
    "touching", "touches", "under", "underneath", "beneath", "below", "on top of", "side of",
    "(?:left|right)(?:[ -]hand)?(?: side)? (?:of|from)", "(?:nearest|closest)(?: [a-z]+){0,2} to",
    "(?:farthest|furthest)(?: [a-z]+){0,2} from", "(?:far|farther|further|away|cm) from",
)  # fmt: skip
"""Words, as patterns, before a thing that another one lies near: which two are meant is not worked out."""
LANDMARKS = ("robot", "arm", "base", "table", "fingers", "you")
"""What is always there and is never lifted: a place beside these needs no other thing."""
GOING_ON = (
    "and", "or", "then", "from", "off", "out", "up", "away", "above", "over", "in", "into", "on", "at", "to", "of",
    "for", "with", "high", "please", "now", "right", "that", "which", "is", "it", "you", "robot", "by", "one",
)  # fmt: skip
"""Words after a colour or place that go on with the sentence, and name no thing."""

_A_THING = "".join(rf"(?<!\b{word}\s)" for word in ("the", "a", "leftmost", "rightmost", *COLOURS))
_POLITE = re.compile(rf"{_A_THING}\bcan(?=\s+(?:you|we|i|it|the\s+robot)\b)|(?<=\byou )can\b")
"""Where *can* is a verb, and no tin."""
_PLACE_PATTERN = re.compile(
    r"\b(?P<left>leftmost|on the left)\b|\b(?P<right>rightmost|on the right)\b"
    r"|\b(?P<near>nearest|closest)\b|\b(?P<far>farthest|furthest)\b"
)
_DESCRIBED_PATTERN = re.compile(
    rf"\b(?:{'|'.join(COLOURS)}|leftmost|rightmost|nearest|closest|farthest|furthest)(?=\s+(?P<thing>[^\W\d_]+))"
)
_NOUN = rf"(?:{'|'.join((*chain(*SHAPES.values()), *ANY_NOUNS))})s?\b"
_ARTICLE = (
    rf"(?!(?:the )?(?:{'|'.join(LANDMARKS)})\b)(?:the|an?|this|that|these|those|any|its?|them|both|others?|another)\b"
)
_BESIDE_PATTERN = re.compile(
    rf"\b(?:{'|'.join(BESIDE)}) (?:{_ARTICLE}|(?:{'|'.join(COLOURS)}|two|three|me|us)\b|{_NOUN})"
    rf"|\b(?:near|nearest|closest) {_ARTICLE}|\bby {_ARTICLE} (?:[a-z]+ ){{0,2}}{_NOUN}"
    r"|\bneighbou?r[a-z]*|\b(?:on|to) its (?:left|right)\b"
    r"|\b(?:second|third|fourth)[ -](?:leftmost|rightmost|nearest|closest|farthest|furthest)\b"
)


@dataclass(frozen=True)
class Named:
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
    if _read(instruction) == Named():
        raise PromptError(f"{instruction!r} names nothing that could lie here; on the table: {there}")
    alike = ", ".join(f"{items[index].colour} {items[index].shape}" for index in fitting)
    raise PromptError(f"{instruction!r} fits {len(fitting)} things: {alike}; say which by colour, shape or place")


def _read(instruction: str) -> Named | None:
    """What an instruction says; None where that is not understood."""
    if _find_trouble(instruction):
        return None
    return Named(*(next(iter(said), None) for said in _list_said(instruction)))


def _simplify(instruction: str) -> str:
    """In small letters, with one kind of apostrophe and of gap, and without the *can* of a request."""
    return _POLITE.sub("", " ".join(instruction.lower().replace("\u2019", "'").split()))


def _list_said(instruction: str) -> tuple[list[str], list[str], list[str]]:
    """All colours, shapes and places in an instruction, each once."""
    words = _simplify(instruction)
    colours = [colour for colour in COLOURS if _find_words((colour,), words)]
    shapes = [shape for shape, nouns in SHAPES.items() if _find_words(nouns, words)]
    places = {str(match.lastgroup): None for match in _PLACE_PATTERN.finditer(words)}
    return colours, shapes, list(places)


def _find_trouble(instruction: str) -> str | None:
    """Why an instruction is not understood, whatever lies on the table; None where it is."""
    words = _simplify(instruction)
    if beside := _BESIDE_PATTERN.search(words):
        return (
            f"a place beside another thing ({beside[0]!r}) is not understood, only leftmost, rightmost, nearest and "
            "farthest of all are"
        )
    for kind, said in zip(("colours", "shapes", "places"), _list_said(instruction), strict=True):
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
