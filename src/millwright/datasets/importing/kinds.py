"""KINDS: the formats that can be imported, by name; and which of them a file is."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.compaction import has_leftovers
from millwright.datasets.importing.arrays import DAMAGED
from millwright.datasets.importing.exported import Exported
from millwright.datasets.importing.hdf5 import Hdf5
from millwright.datasets.importing.lift_document import LiftDocument
from millwright.datasets.importing.replay_buffer import ReplayBuffer
from millwright.datasets.importing.robomimic import Robomimic
from millwright.datasets.importing.source import Source, Wishes
from millwright.datasets.importing.umi import Umi

KINDS: dict[str, Callable[[Path, Wishes], Source]] = {
    "umi": Umi,
    "diffusion-policy": ReplayBuffer,
    "robomimic": Robomimic,
    "lift-document": LiftDocument,
    "millwright": Exported,
}
LEROBOT = "lerobot"
"""A folder that is a LeRobot dataset already."""
_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"


def recognise(path: Path) -> str:
    """The kind of a file or folder, by what is in it.

    Raises:
        DatasetError: it is not there, is damaged, or is none of KINDS.
    """
    if not path.exists():
        hint = f"; on Hugging Face it is hf://{path}" if len(path.parts) == 2 else ""
        raise DatasetError(f"nothing to import: {path} is not there{hint}")
    if (path / layout.INFO).exists() or (path.is_dir() and has_leftovers(path)):
        return LEROBOT
    begin = _read_begin(path)
    if begin.startswith(_HDF5):
        return _recognise_hdf5(path)
    names = list(_list_arrays(path, begin))
    if names:
        return "umi" if any(re.fullmatch(r"camera\d+_rgb", name) for name in names) else "diffusion-policy"
    raise DatasetError(
        f"{path} is none of {', '.join(KINDS)}, nor a folder with {layout.INFO} ({LEROBOT}); "
        "a file that was cut off may lack what tells"
    )


def _read_begin(path: Path) -> bytes:
    if path.is_dir():
        return b""
    with path.open("rb") as file:
        return file.read(8)


def _recognise_hdf5(path: Path) -> str:
    file = Hdf5(path)
    with closing(file.file):
        if Exported.recognises(file):
            return "millwright"
        return "lift-document" if LiftDocument.recognises(file) else "robomimic"


def _list_arrays(path: Path, begin: bytes) -> Iterator[str]:
    """Names of the arrays below `data` in a zarr; none for anything else."""
    if path.is_dir():
        yield from (folder.name for folder in (path / "data").glob("*") if folder.is_dir())
    elif begin.startswith(_ZIP):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except DAMAGED as error:
            raise DatasetError(f"{path} is no whole zip file ({error}); copy it again") from error
        yield from {match[1] for name in names if (match := re.match(r"data/([^/]+)/", name))}
