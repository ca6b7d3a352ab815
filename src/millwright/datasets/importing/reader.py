"""ArrayReader: which arrays of a file become which features, and an episode's part of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import DatasetError, OptionError
from millwright.core.features import Feature
from millwright.datasets.importing import arrays as of
from millwright.datasets.importing.arrays import STATE, Array, Known
from millwright.datasets.importing.source import Demonstration, Wishes


@dataclass(frozen=True)
class Part:
    """An episode's frames, `first` to `stop` of the arrays."""

    label: str
    first: int
    stop: int


class ArrayReader:
    """Decides on the features of the first episode, and holds the others to them.

    Args:
        first: name -> array of the first episode; names as features have them, but for pictures, which become
            `observation.images.*`.
        known: what is known of arrays by the last part of their name.
        state: names of those that become `observation.state` unless the wishes say otherwise.
        block: see `read_frames`.

    Raises:
        DatasetError: an array cannot be a column.
        OptionError: the wishes name what is not there.
    """

    def __init__(
        self,
        first: Mapping[str, Array],
        known: Sequence[Known],
        wishes: Wishes,
        state: Sequence[str] = (),
        block: Mapping[str, int] | None = None,
    ) -> None:
        self.notes: list[str] = []
        self._cameras: dict[str, tuple[str, float]] = {}  # feature -> array, scale
        self._columns: dict[str, Feature] = {}  # by array, before some are joined
        self._shapes = {name: tuple(array.shape[1:]) for name, array in first.items()}
        self._block = block or {}
        features = {}
        cameras = of.name_cameras([name for name, array in first.items() if of.is_picture(name, array)])
        for name, array in first.items():
            short = name.removeprefix("observation.")
            if of.is_picture(name, array):
                camera = cameras[name]
                if {name, camera} & wishes.left_out:
                    continue
                features[camera], notes = of.describe_picture(camera, tuple(array.shape))
                self._cameras[camera] = name, of.find_scale(name, array)
                self.notes += notes
            elif name not in wishes.left_out:
                row = of.describe_column(name, tuple(array.shape), array.dtype, of.find_known(short, known))
                self._columns[name] = features[name] = row
        self._joined = self._find_joined(wishes.state or tuple(name for name in state if name in features))
        if self._joined:
            parts = [features.pop(name) for name in self._joined]
            features = {STATE: of.join(STATE, parts), **features}
        self.features = features
        unknown = wishes.left_out - {*first, *cameras.values(), "action"}
        if unknown:
            there = ", ".join(dict.fromkeys([*self._columns, *self._cameras, *wishes.left_out - unknown]))
            raise OptionError(f"--leave-out {sorted(unknown)[0]}: no such feature in the file; there are {there}")

    def load(self, part: Part, arrays: Mapping[str, Array]) -> Demonstration:
        """An episode's columns and films.

        Raises:
            DatasetError: an array is missing, has another shape than the first episode's, or is damaged.
        """
        for name in (*self._columns, *(name for name, _ in self._cameras.values())):
            shape = tuple(arrays[name].shape) if name in arrays else ()
            if shape[1:] != self._shapes[name] or shape[0] < part.stop:
                meant = (part.stop, *self._shapes[name])
                raise DatasetError(
                    f"{part.label}: {name} is {shape or 'missing'}, {meant} is meant; --drop leaves it out"
                )
        columns: dict[str, NDArray[Any]] = {
            name: of.read_column(of.read_slice(f"{part.label}, {name}", arrays[name], part.first, part.stop), feature)
            for name, feature in self._columns.items()
        }
        if self._joined:
            joined = of.join_columns(columns, self._joined)
            columns = {name: values for name, values in columns.items() if name not in self._joined} | {STATE: joined}
        films = {
            camera: of.read_frames(
                f"{part.label}, {name}", arrays[name], part.first, part.stop, scale, self._block.get(name, 0)
            )
            for camera, (name, scale) in self._cameras.items()
        }
        return Demonstration(part.stop - part.first, columns, films)

    def _find_joined(self, wanted: Sequence[str]) -> list[str]:
        found = []
        for name in wanted:
            full = next((full for full in (name, f"observation.{name}") if full in self._columns), None)
            vectors = [key for key, feature in self._columns.items() if len(feature.shape) == 1 and not _is_told(key)]
            if full not in vectors:
                raise OptionError(f"--state {name}: no such vector; there are {', '.join(vectors)}")
            if full in found:
                raise OptionError(f"--state {name}: it is named twice; name each vector once")
            found.append(full)
        return [] if found == [STATE] else found


def _is_told(name: str) -> bool:
    """What is to be learnt or comes afterwards; a policy that saw it would have the answer."""
    return name == "action" or name.startswith("next.")


def check_finite(demonstration: Demonstration, label: str) -> None:
    """Refuse values that are not finite, but for facts and depth, where that can be the truth.

    Raises:
        DatasetError: there are some.
    """
    for name, values in demonstration.columns.items():
        if values.dtype.kind == "f" and not name.startswith("facts.") and "depth" not in name:
            bad = ~np.isfinite(values.reshape(len(values), -1)).all(1)
            if bad.any():
                told = f"{label}: {name} is not finite in frame {int(bad.argmax())} ({bad.sum()} frames)"
                raise DatasetError(f"{told}; leave the episode out with --drop, or the feature with --leave-out {name}")
