"""The world in a mirror: what a reflection does to numbers, words and pictures, told by the names of features."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import FeatureError
from millwright.core.features import Feature

CARTESIAN = ("base", "hand")
"""Frames whose x and z axes lie in the mirror: y is what it turns round."""
TURNED = frozenset({"y", "vy", "fy", "qx", "qz", "yaw", "roll", "tx", "tz", "wx", "wz"})
"""Numbers that change their sign: y of what points somewhere, x and z of what turns."""
KEPT = frozenset({"x", "z", "vx", "vz", "fx", "fz", "qw", "qy", "pitch", "ty", "wy", "opening"})
EDGES: Mapping[str, str] = MappingProxyType({"x0": "x1", "x1": "x0"})
"""Edges of a box in a picture, fractions of its width, and which takes whose place."""
BOX_KEPT = frozenset({"y0", "y1", "visible", "age_s"})
SIDES: Mapping[str, str] = MappingProxyType({
    "left": "right", "right": "left", "leftmost": "rightmost", "rightmost": "leftmost",
    "clockwise": "anticlockwise", "anticlockwise": "clockwise", "counterclockwise": "clockwise",
})  # fmt: skip
_SIDE = re.compile(rf"\b({'|'.join(sorted(SIDES, key=len, reverse=True))})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Reflection:
    """What a mirror does to the last axis of an array: number i becomes signs[i] * number order[i] + offsets[i]."""

    order: tuple[int, ...]
    signs: tuple[float, ...]
    offsets: tuple[float, ...]

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        """(..., n) -> the same shape and type."""
        signs, offsets = (np.asarray(row, values.dtype) for row in (self.signs, self.offsets))
        mirrored: NDArray[Any] = values[..., list(self.order)] * signs + offsets
        return mirrored


def find_reflection(feature: Feature, joint_signs: Sequence[float] | None = None) -> Reflection:
    """What a mirror does to a feature's numbers.

    Points and forces p become M p, what turns, as torques and the vector of a quaternion, becomes -M t, with
    M = diag(1, -1, 1) (Goldstein, Classical Mechanics, on polar and axial vectors).

    Args:
        joint_signs: for a feature in joint space, 1 or -1 for each joint; only who knows the arm can say.

    Raises:
        FeatureError: a number is not known, or is a joint's and nobody said its sign.
    """
    count = feature.shape[-1]
    if feature.frame == "joints":
        if joint_signs is None or len(joint_signs) != count:
            raise FeatureError(
                f"{feature.name}: joints have no mirror image but the arm's own; give {count} signs for it"
            )
        return Reflection(tuple(range(count)), tuple(joint_signs), (0.0,) * count)
    names = feature.names
    if len(names) != count:
        raise FeatureError(
            f"{feature.name}: without a name for each of its {count} numbers nobody knows what to mirror"
        )
    if feature.frame in CARTESIAN and all(name in TURNED or name in KEPT for name in names):
        return Reflection(tuple(range(count)), tuple(-1.0 if n in TURNED else 1.0 for n in names), (0.0,) * count)
    if set(names) >= set(EDGES) and all(name in EDGES or name in BOX_KEPT for name in names):
        order = tuple(names.index(EDGES.get(name, name)) for name in names)
        signs = tuple(-1.0 if name in EDGES else 1.0 for name in names)
        return Reflection(order, signs, tuple(1.0 if name in EDGES else 0.0 for name in names))
    known = ", ".join(sorted(TURNED | KEPT | BOX_KEPT | set(EDGES)))
    raise FeatureError(f"{feature.name} in frame {feature.frame!r} has {', '.join(names)}; a mirror knows {known}")


def swap_sides(text: str) -> str:
    """The text with left and right, and turning senses, changed over; capitals stay.

    `right` in the sense of correct, or of now, cannot be told from the other.
    """

    def swap(match: re.Match[str]) -> str:
        word = match.group(0)
        other = SIDES[word.lower()]
        return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other

    return _SIDE.sub(swap, text)
