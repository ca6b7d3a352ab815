"""Augmentations of recorded observations: frozen callables on a batch and a random generator.

A batch is what a `Dataset` gives: pictures (batch, height, width, channels), depth in metres with 0 where there is
none, numbers in the order of their features' names, texts in a list. What belongs together is changed together.
Colours are varied where networks take them, by `training.augment.ColourJitter`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from millwright.core.errors import FeatureError, OptionError
from millwright.core.features import Features
from millwright.datasets.mirroring import Reflection, find_reflection, swap_sides

Batch = Mapping[str, Any]
Picture = NDArray[Any]


@dataclass(frozen=True)
class Mirror:
    """The world as a mirror upright on the base's x axis shows it, in a share of the samples.

    Left becomes right in pictures, depth, boxes, poses, actions, forces and words at once. True of cameras whose own
    plane of symmetry is the mirror, or that a hand carries in the plane between its fingers; make it with
    `make_mirror`.
    """

    pictures: tuple[str, ...]
    reflections: Mapping[str, Reflection]
    texts: tuple[str, ...] = ()
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise OptionError(f"share is of the samples, 0 to 1; got {self.share}")

    def __call__(self, batch: Batch, rng: np.random.Generator) -> dict[str, Any]:
        """(batch, ...) -> the same, some samples mirrored."""
        changed = dict(batch)
        names = (*self.pictures, *self.reflections, *self.texts)
        chosen = rng.random(len(batch[names[0]])) < self.share
        for name in self.pictures:
            changed[name] = _choose(chosen, batch[name][:, :, ::-1], batch[name])
        for name, reflect in self.reflections.items():
            changed[name] = _choose(chosen, reflect(batch[name]), batch[name])
        for name in self.texts:
            pairs = zip(batch[name], chosen, strict=True)
            changed[name] = [swap_sides(text) if mirrored else text for text, mirrored in pairs]
        return changed


def make_mirror(
    features: Features, joint_signs: Mapping[str, Sequence[float]] | None = None, share: float = 0.5
) -> Mirror:
    """The mirror for what a dataset holds: every feature has to have an image in it.

    Args:
        features: of the batches; leave out what cannot be mirrored, as you would not train on it then.
        joint_signs: name of a feature in joint space -> 1 or -1 for each of its numbers.

    Raises:
        FeatureError: a feature that nobody can mirror, signs for one that is not there, or no feature at all.
    """
    signs = dict(joint_signs or {})
    if unknown := signs.keys() - set(features):
        raise FeatureError(f"signs for {', '.join(sorted(unknown))}, which is none of {', '.join(features)}")
    if not features:
        raise FeatureError("a mirror needs features to show")
    rows = features.values()
    pictures = tuple(row.name for row in rows if len(row.shape) == 3)
    texts = tuple(row.name for row in rows if row.is_text)
    numbers = [row for row in rows if row.name not in (*pictures, *texts)]
    return Mirror(pictures, {row.name: find_reflection(row, signs.get(row.name)) for row in numbers}, texts, share)


@dataclass(frozen=True)
class PairedCrop:
    """The same random part of all pictures of one camera, scaled back to their size, and its boxes with it.

    A box is not cut off at the edges of the part, so that it still holds all of its object; what a calibration says
    of the camera is no longer true.

    Args:
        pictures: of one camera: colour is scaled smoothly, depth (one channel) takes its nearest value.
        boxes: features that begin with x0, y0, x1, y1, fractions of the pictures; a fifth number, where there is one,
            says whether the middle of the box is in the picture. A box that is not and takes in the whole picture
            stands for none.
        scale: least and greatest side of the part, in sides of the picture.
    """

    pictures: tuple[str, ...]
    boxes: tuple[str, ...] = ()
    scale: tuple[float, float] = (0.8, 1.0)

    def __post_init__(self) -> None:
        low, high = self.scale
        if not 0 < low <= high <= 1:
            raise OptionError(f"scale is from and to, within 0 to 1; got {self.scale}")
        if not self.pictures:
            raise OptionError("a crop needs the names of pictures")

    def __call__(self, batch: Batch, rng: np.random.Generator) -> dict[str, Any]:
        """(batch, ...) -> the same."""
        changed, count = dict(batch), len(batch[self.pictures[0]])
        sides = rng.uniform(*self.scale, (count, 1))
        corners = rng.random((count, 2)) * (1 - sides)  # x, y of the upper left one
        parts = np.concatenate((corners, corners + sides), axis=1)
        for name in self.pictures:
            rows = zip(batch[name], parts, strict=True)
            changed[name] = np.stack([_cut(picture, part) for picture, part in rows])
        for name in self.boxes:
            changed[name] = _move_boxes(batch[name], corners, sides)
        return changed


@dataclass(frozen=True)
class DepthNoise:
    """What a structured-light camera does to depth: noise that grows with the distance, and holes.

    The deviation along the ray is 1.2 mm + 1.9 mm/m^2 (z - 0.4 m)^2 (Nguyen, Izadi and Lovell 2012, eq. 3, for a
    surface that is looked at straight), `strength` times. Holes are blocks without a value; what had none gets none.

    Args:
        pictures: depth (batch, height, width, 1) in metres, 0 where there is none.
        holes: share of the picture that loses its values.
        hole_px: side of a block.
    """

    pictures: tuple[str, ...]
    strength: float = 1.0
    holes: float = 0.02
    hole_px: int = 4

    def __post_init__(self) -> None:
        if self.strength < 0 or not 0 <= self.holes < 1 or self.hole_px < 1:
            raise OptionError(
                f"strength is 0 or more, holes a share below 1, hole_px 1 or more; got {self.strength}, {self.holes}, "
                f"{self.hole_px}"
            )

    def __call__(self, batch: Batch, rng: np.random.Generator) -> dict[str, Any]:
        """(batch, ...) -> the same."""
        return {**batch, **{name: self._spoil(batch[name], rng) for name in self.pictures}}

    def _spoil(self, depth: Picture, rng: np.random.Generator) -> Picture:
        count, height, width, _ = depth.shape
        deviation = self.strength * (0.0012 + 0.0019 * (depth - 0.4) ** 2)
        noisy = np.maximum(depth + deviation * rng.standard_normal(depth.shape), 0)
        blocks = rng.random((count, -(-height // self.hole_px), -(-width // self.hole_px))) >= self.holes
        whole = blocks.repeat(self.hole_px, 1).repeat(self.hole_px, 2)[:, :height, :width, None]
        return np.where((depth > 0) & whole, noisy, 0).astype(depth.dtype)


def _choose(chosen: NDArray[np.bool_], changed: NDArray[Any], kept: NDArray[Any]) -> NDArray[Any]:
    """Rows of `changed` where `chosen` (batch,), else of `kept`; both (batch, ...)."""
    return np.where(chosen.reshape(-1, *[1] * (kept.ndim - 1)), changed, kept)


def _move_boxes(old: NDArray[Any], corners: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[Any]:
    """Boxes (batch, >= 4) of pictures as those of their parts: upper left corners (batch, 2), sides (batch, 1)."""
    new = old.copy()
    new[:, :4] = (old[:, :4] - np.tile(corners, 2)) / sides
    if old.shape[1] > 4:
        middle = (new[:, :2] + new[:, 2:4]) / 2
        new[:, 4] = ((middle >= 0) & (middle <= 1)).all(axis=1)
        none = (old[:, 4] == 0) & (old[:, :4] == (0, 0, 1, 1)).all(axis=1)
        new[none] = old[none]
    return new


def _cut(picture: Picture, part: NDArray[np.float64]) -> Picture:
    """(height, width, channels) -> the part x0, y0, x1, y1 (fractions) of it, scaled to the same shape."""
    height, width, channels = picture.shape
    sides = (width, height, width, height)
    left, top, right, bottom = (float(min(max(at * side, 0), side)) for at, side in zip(part, sides, strict=True))
    bounds = (left, top, right, bottom)
    if channels == 1:
        image = Image.fromarray(picture[..., 0].astype(np.float32))
        return np.asarray(image.resize((width, height), Image.Resampling.NEAREST, bounds), picture.dtype)[..., None]
    image = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR, bounds)
    return np.asarray(image)
