"""export_hdf5: a dataset as one HDF5 file in robomimic's layout, with all that is needed to import it again."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from millwright.core.errors import DatasetError, OptionError, import_extra
from millwright.core.features import Feature
from millwright.datasets import layout
from millwright.datasets.access import EpisodeReader, load_extra
from millwright.datasets.cameras import make_picture_feature
from millwright.datasets.depth import Range, find_range, is_depth, make_depth_levels
from millwright.datasets.durable import publish
from millwright.datasets.editing import open_finished
from millwright.datasets.folder import Entry, Folder, convert, find_texts, is_numeric
from millwright.datasets.footage import Footage
from millwright.datasets.lineage import LINEAGE
from millwright.datasets.schema import STANDARD, feature_from_json, is_camera
from millwright.datasets.splits import parse_splits
from millwright.datasets.tables import to_json

MARK = "millwright"
"""Attribute of `data` and of each demonstration: JSON with what robomimic has no place for."""
FEATURE = "feature"
"""Attribute of each array: the column that it holds."""
_NAMES = {"action": "actions", "next.reward": "rewards", "next.done": "dones"}
_SPARE_BYTES = 4_000_000
"""Of what HDF5 writes beside the arrays."""
_GYM = 2
"""robomimic's number for environments with gym's interface."""


def export_hdf5(root: Path, out: Path) -> None:
    """Write a dataset of any tool as `data/demo_0`, ..., pictures decoded; whole or not at all.

    Raises:
        DatasetError: no dataset there, one without episodes, one that cannot be read, or with columns that HDF5 has no
            place for here; or the disk is full.
        OptionError: `out` is there already, or is no name of an HDF5 file.
        MissingExtraError: h5py is not installed.
    """
    if out.suffix not in (".hdf5", ".h5"):
        raise OptionError(f"{out}: the name of an HDF5 file ends in .hdf5")
    if out.exists():
        raise OptionError(f"{out} is there already; give a name that is free")
    h5py = import_extra("h5py", "importers")
    folder = open_finished(root)
    _refuse(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}-{os.getpid()}")
    try:
        with h5py.File(temporary, "w") as file:
            _Exporter(folder, file).write()
        publish(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)


def _refuse(folder: Folder) -> None:
    if not folder.entries:
        raise DatasetError(f"{folder.root} holds no episode")
    depth = [name for name in folder.cameras if is_depth(folder.features[name]) and not _comes_back(folder, name)]
    other = [name for name, row in folder.features.items() if row["dtype"] in ("image", "string")]
    if depth or other:
        names = ", ".join([*depth, *other])
        raise DatasetError(
            f"{names}: text, pictures in parquet files and depth video that is not as recorded here are not exported; "
            f"take them away: millwright dataset drop {folder.root} {names.replace(',', '')} --out LESS"
        )


def _comes_back(folder: Folder, camera: str) -> bool:
    """Depth that is imported again as the codes that it was."""
    row = folder.features[camera]
    return make_picture_feature(camera, row).is_depth and find_range(row) == Range()


class _Exporter:
    """Writes the groups of one file."""

    def __init__(self, folder: Folder, file: Any) -> None:
        self._folder, self._file = folder, file
        self._reader, self._footage = EpisodeReader(folder), Footage(folder.fps)
        self._features = {
            name: feature_from_json(name, row) for name, row in folder.features.items() if name not in STANDARD
        }
        self._places = _find_places(self._features)

    def write(self) -> None:
        data = self._file.create_group("data")
        for entry, extra in zip(self._folder.entries, load_extra(self._folder.root), strict=True):
            self._write_episode(data.create_group(f"demo_{entry.position}"), entry, extra)
        self._footage.close()
        info = self._folder.info
        data.attrs["total"] = sum(entry.length for entry in self._folder.entries)
        settings = {"env_name": info.get("robot_type") or "unknown", "type": _GYM}
        data.attrs["env_args"] = to_json({**settings, "env_kwargs": {"control_freq": self._folder.fps}})
        splits = info.get("splits") if isinstance(info.get("splits"), dict) else {}
        for name, numbers in parse_splits(splits or {}).items():  # robomimic's filter keys
            self._file[f"mask/{name}"] = np.array([f"demo_{number}" for number in numbers], "S")
        told = {
            "fps": self._folder.fps,
            "robot_type": info.get("robot_type") or "",
            "features": [vars(feature) for feature in self._features.values()],
            "splits": splits,
            LINEAGE: info.get(LINEAGE),
        }
        data.attrs[MARK] = to_json(told)

    def _write_episode(self, group: Any, entry: Entry, extra: Mapping[str, Any]) -> None:
        self._check_room(entry)
        table = self._reader.load(entry)
        for name, feature in self._features.items():
            if is_camera(feature):
                self._write_film(group, entry, feature)
            elif is_numeric(self._folder.features[name]):
                values = convert(table[name], self._folder.features[name])
                if values is None:
                    raise DatasetError(
                        f"episode {entry.position}: {name} is not as declared; millwright dataset validate"
                    )
                shape = () if feature.shape == (1,) and name in _NAMES else feature.shape
                array = group.create_dataset(self._places[name], data=values.reshape(entry.length, *shape))
                array.attrs[FEATURE] = name
        if "next.done" not in self._features:  # robomimic asks for it; it holds nothing new
            group["dones"] = np.eye(1, entry.length, entry.length - 1, dtype=np.int64)[0]
        texts = find_texts(self._folder, entry, table)
        known = {name: value for name, value in extra.items() if not name.startswith("levels/")}
        group.attrs["num_samples"] = entry.length
        group.attrs["language_instruction"] = texts[0].replace("\0", "")
        for name in ("seed", "success"):
            if known.get(name) is not None:
                group.attrs[name] = known[name]
        runs = [[text, len(list(run))] for text, run in groupby(texts)]
        group.attrs[MARK] = to_json({"texts": runs, "known": known})

    def _check_room(self, entry: Entry) -> None:
        """HDF5 does not survive a full disk: it ends the process when it closes the file."""
        self._file.flush()
        size = sum(math.prod(row.shape) * _size_of(row) for row in self._features.values()) * entry.length
        free = shutil.disk_usage(Path(self._file.filename).parent).free
        if free < size + _SPARE_BYTES:
            told = f"episode {entry.position} takes up to {size / 1e6:.1f} MB, {free / 1e6:.1f} MB are free"
            raise DatasetError(f"the disk is full: {told}; nothing is written")

    def _write_film(self, group: Any, entry: Entry, feature: Feature) -> None:
        camera = feature.name
        path = self._folder.root / entry.spans[camera].place.path(layout.VIDEO, camera)
        first = self._reader.frames[camera][entry.position]
        shape = (entry.length, *feature.shape)
        array = group.create_dataset(
            self._places[camera],
            shape,
            feature.dtype,
            chunks=(1, *feature.shape),
            compression="gzip",
            compression_opts=1,
        )
        array.attrs[FEATURE] = camera
        pixels, metres = ("gray12le", make_depth_levels(Range())) if feature.is_depth else ("rgb24", None)
        for number, frame in enumerate(self._footage.decode_each(path, first, entry.length, pixels)):
            array[number] = frame if metres is None else metres[frame][..., None]


def _size_of(feature: Feature) -> int:
    return np.dtype(feature.dtype).itemsize


def _find_places(names: Iterable[str]) -> dict[str, str]:
    """Column -> where it is in a demonstration's group; where two would be in one place, the second is a column."""
    found: dict[str, str] = {}
    for name in names:
        place = _place(name)
        found[name] = f"columns/{name}" if place in found.values() else place
    return found


def _place(name: str) -> str:
    """Where a column is in a demonstration's group."""
    if name.startswith("observation.images."):
        camera = name.removeprefix("observation.images.")
        return f"obs/{camera}" if camera.endswith("_depth") else f"obs/{camera}_image"
    if name.startswith("observation."):
        return f"obs/{name.removeprefix('observation.')}"
    return _NAMES.get(name, f"columns/{name}")
