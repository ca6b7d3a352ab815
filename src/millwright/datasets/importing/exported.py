"""HDF5 files that `millwright dataset export` wrote: everything comes back as it was, pictures as they were decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import DatasetError, OptionError
from millwright.core.features import Features
from millwright.datasets.exporting import FEATURE, MARK
from millwright.datasets.importing.arrays import STATE, read_column, read_frames, read_planes, read_slice
from millwright.datasets.importing.hdf5 import Hdf5
from millwright.datasets.importing.source import Demonstration, Source, Wishes, make_seed
from millwright.datasets.lineage import LINEAGE
from millwright.datasets.schema import is_camera
from millwright.datasets.splits import parse_splits


class Exported(Source):
    """Columns with their units and frames, splits, seeds, verdicts, facts and lineage."""

    kind = "millwright"

    def __init__(self, path: Path, wishes: Wishes) -> None:
        self._file = Hdf5(path)
        self.labels = self._file.names
        told = self._file.attributes().get(MARK)
        if not isinstance(told, Mapping):
            raise DatasetError(f"{path} was not exported by millwright; --kind robomimic reads its like")
        if wishes.state:
            raise OptionError(f"{path} says itself what {STATE} is; --state cannot be told")
        features = Features.from_json(list(told["features"]))
        unknown = wishes.left_out - set(features)
        if unknown:
            raise OptionError(f"--leave-out {sorted(unknown)[0]}: no such feature; there are {', '.join(features)}")
        self.features = {name: row for name, row in features.items() if name not in wishes.left_out}
        self.fps, self.robot_type, self.lineage = told["fps"], told["robot_type"], told[LINEAGE]
        numbers = {name: list(part) for name, part in parse_splits(told["splits"]).items()}
        total = len(self.labels)
        whole = sorted(number for part in numbers.values() for number in part) == list(range(total))
        self.splits = numbers if whole else {}

    @staticmethod
    def recognises(file: Hdf5) -> bool:
        """A file of this kind."""
        return MARK in file.data.attrs

    def load(self, number: int) -> Demonstration:
        label = self.labels[number]
        told = self._file.attributes(label)[MARK]
        arrays = {array.attrs.get(FEATURE): array for array in self._file.arrays(label).values()}
        texts = [(str(text), range(count)) for text, count in told["texts"]]
        length = sum(len(count) for _, count in texts)
        for name, feature in self.features.items():
            shape = arrays[name].shape if name in arrays else ()
            if not shape or shape[0] != length or int(np.prod(shape[1:])) != int(np.prod(feature.shape)):
                meant = (length, *feature.shape)
                raise DatasetError(f"{label}: {name} is {shape or 'missing'}, {meant} is meant; --drop {number}")
        columns = {
            name: read_column(read_slice(f"{label}, {name}", arrays[name], 0, length), feature)
            for name, feature in self.features.items()
            if not is_camera(feature)
        }
        films: dict[str, Iterator[NDArray[Any]]] = {
            name: read_frames(f"{label}, {name}", arrays[name], 0, length, 1.0)
            for name, feature in self.features.items()
            if feature.is_image
        }
        films |= {
            name: read_planes(f"{label}, {name}", arrays[name], length)
            for name, feature in self.features.items()
            if feature.is_depth
        }
        known = dict(told["known"])
        known |= make_seed(known.pop("seed")) if known.get("seed") is not None else {}
        return Demonstration(length, columns, films, [text for text, run in texts for _ in run], known)

    def close(self) -> None:
        self._file.file.close()
