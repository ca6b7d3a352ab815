"""HDF5 files of demonstrations, `data/demo_0` and so on, as robomimic's kin lay them out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from millwright.core.errors import DatasetError, import_extra
from millwright.datasets.importing.arrays import DAMAGED

DATA = "data"


class Hdf5:
    """An open file and its demonstrations in the order of their numbers.

    Raises:
        DatasetError: it cannot be opened, or holds no demonstrations.
        MissingExtraError: h5py is not installed.
    """

    def __init__(self, path: Path) -> None:
        h5py = import_extra("h5py", "importers")
        self.path = path
        try:
            self.file: Any = h5py.File(path, "r")
        except DAMAGED as error:
            raise DatasetError(f"{path} cannot be opened ({error}); copy it again, it is damaged or no HDF5") from error
        self._h5py = h5py
        try:
            data = self._open(self.file, DATA, "Group") if DATA in self.file else {}
        except DatasetError:
            self.file.close()
            raise
        self.names: list[str] = sorted((name for name in data if "demo" in name), key=_number)
        if not self.names:
            found = ", ".join(self.file) or "nothing"
            self.file.close()
            raise DatasetError(
                f"{path} has no demonstrations: data/demo_0, data/demo_1, ... are meant, it holds {found}"
            )
        self.data: Any = data

    def attributes(self, name: str = "") -> dict[str, Any]:
        """Attributes of `data` or of one of its demonstrations; text as text, JSON as what it says."""
        group = self._open(self.data, name, "Group") if name else self.data
        try:
            return {key: _read(value) for key, value in group.attrs.items()}
        except DAMAGED as error:
            raise DatasetError(f"{self.path}: attributes of {name or DATA} cannot be read ({error})") from error

    def arrays(self, name: str) -> dict[str, Any]:
        """Everything that is an array below a demonstration: path -> array."""
        found: dict[str, Any] = {}

        def note(path: str, item: Any) -> None:
            if isinstance(item, self._h5py.Dataset):
                found[path] = item

        group = self._open(self.data, name, "Group")
        try:
            group.visititems(note)
        except DAMAGED as error:
            raise DatasetError(f"{self.path}: {name} cannot be read ({error}); copy it again, it is damaged") from error
        for array in found.values():
            self._refuse_outside(array)
        return found

    def load_masks(self) -> Mapping[str, list[int]]:
        """Filter keys -> numbers of their demonstrations."""
        numbers = {name: number for number, name in enumerate(self.names)}
        masks = self._open(self.file, "mask", "Group") if "mask" in self.file else {}
        listed = {key: map(_read, self._open(masks, key, "Dataset")[:].ravel()) for key in masks}
        return {key: [numbers[name] for name in names if name in numbers] for key, names in listed.items()}

    def _open(self, group: Any, name: str, kind: str) -> Any:
        """A `Group` or a `Dataset` of this very file: others may hold what nobody meant to give.

        Raises:
            DatasetError: it is something else, is elsewhere, or is damaged.
        """
        where = f"{self.path}: {group.name.rstrip('/')}/{name}"
        try:
            if isinstance(group.get(name, getlink=True), self._h5py.ExternalLink):
                raise DatasetError(f"{where} is a link into another file; files that hold everything are imported")
            item = group[name]
        except DAMAGED as error:
            raise DatasetError(f"{where} cannot be read ({error}); copy the file again, it is damaged") from error
        if item.file.filename != self.file.filename:
            raise DatasetError(f"{where} is a link into another file; files that hold everything are imported")
        if not isinstance(item, getattr(self._h5py, kind)):
            raise DatasetError(f"{where} is a {type(item).__name__}; a {kind} is meant")
        if kind == "Dataset":
            self._refuse_outside(item)
        return item

    def _refuse_outside(self, array: Any) -> None:
        """Arrays whose values are in files beside this one.

        Raises:
            DatasetError: it is one.
        """
        if array.external or array.is_virtual:
            raise DatasetError(
                f"{self.path}: {array.name} takes its values from other files; copy them into one file first: h5repack"
            )


def find_splits(masks: Mapping[str, list[int]], total: int) -> tuple[dict[str, list[int]], list[str]]:
    """`train`, `valid` and `test` of the filter keys, where they do not overlap; and what is said of the others."""
    named = {key: numbers for key, numbers in masks.items() if key in ("train", "valid", "test") and numbers}
    taken = [number for numbers in named.values() for number in numbers]
    splits = named if len(taken) == len(set(taken)) else {}
    rest = [number for number in range(total) if number not in set(taken)]
    if splits and rest:
        splits = {**splits, "rest": rest}
    others = sorted(set(masks) - set(splits))
    return splits, [f"left out: filter keys {', '.join(others)}"] if others else []


def _number(name: str) -> tuple[int, str]:
    digits = re.findall(r"\d+", name)
    return int(digits[-1]) if digits else -1, name


def _read(value: Any) -> Any:
    """Text however it is stored; JSON where it begins like an object or a list."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str) and value[:1] in "{[" and value:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
