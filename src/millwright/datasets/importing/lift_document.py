"""The HDF5 files of `Lift VLA`: images, actions and rewards a demonstration, the instruction as an attribute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from millwright.core.errors import DatasetError
from millwright.datasets.importing.arrays import Known
from millwright.datasets.importing.hdf5 import Hdf5
from millwright.datasets.importing.reader import ArrayReader, Part
from millwright.datasets.importing.source import Demonstration, Source, Wishes, make_verdict

_NAMES = {"images": "agentview_image", "actions": "action", "rewards": "next.reward"}
_KNOWN = (
    Known("action", names=("dx", "dy", "dz", "dax", "day", "daz", "gripper")),
    Known("next.reward", "1"),
)


class LiftDocument(Source):
    """`data/demo_0` with `images`, `actions`, `rewards` and the attributes language_instruction, success."""

    kind = "lift-document"

    def __init__(self, path: Path, wishes: Wishes) -> None:
        self._file = Hdf5(path)
        self.labels = self._file.names
        self._reader = ArrayReader(self._arrays(self.labels[wishes.find_first(len(self.labels))]), _KNOWN, wishes)
        self.features = self._reader.features
        self.notes = self._reader.notes

    @staticmethod
    def recognises(file: Hdf5) -> bool:
        """A file of this kind."""
        return "images" in file.arrays(file.names[0])

    def load(self, number: int) -> Demonstration:
        label = self.labels[number]
        arrays, said = self._arrays(label), self._file.attributes(label)
        lengths = {name: array.shape[0] for name, array in arrays.items()}
        if "episode_length" in said:
            lengths["episode_length"] = int(said["episode_length"])
        if len(set(lengths.values())) != 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise DatasetError(f"{label}: its parts differ in length ({told}); --drop {number} leaves it out")
        length = next(iter(lengths.values()))
        text = str(said.get("language_instruction", "")).strip()
        known = make_verdict(said["success"]) if "success" in said else {}
        shown = self._reader.load(Part(label, 0, length), arrays)
        return Demonstration(length, shown.columns, shown.films, [text] * length if text else (), known)

    def close(self) -> None:
        self._file.file.close()

    def _arrays(self, label: str) -> dict[str, Any]:
        found = self._file.arrays(label)
        return {_NAMES.get(name, f"source.{name.replace('/', '.')}"): array for name, array in found.items()}
