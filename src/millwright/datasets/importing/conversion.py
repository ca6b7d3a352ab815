"""import_dataset: a source's episodes as a LeRobot v3.0 dataset, whole or not at all, one in memory at a time."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from millwright.core.errors import DatasetError, MillwrightError, OptionError, choose
from millwright.core.features import Feature, Features
from millwright.datasets.depth import DEPTH_CODES, quantise_depth
from millwright.datasets.files import VideoFiles
from millwright.datasets.importing.arrays import DAMAGED, restate
from millwright.datasets.importing.kinds import KINDS, LEROBOT, recognise
from millwright.datasets.importing.lerobot import import_folder
from millwright.datasets.importing.reader import check_finite
from millwright.datasets.importing.source import UNKNOWN, Demonstration, Source, Wishes
from millwright.datasets.lineage import LINEAGE, Lineage, compute_source_digest, format_numbers
from millwright.datasets.lineage import Source as Origin
from millwright.datasets.schema import Schema
from millwright.datasets.staging import make_info
from millwright.datasets.statistics import LevelCounter
from millwright.datasets.tables import to_arrow, to_json
from millwright.datasets.video import encode_depth, encode_each
from millwright.datasets.writing import Film, Writer, check_new, new_dataset

_UNFORESEEN = (*DAMAGED, TypeError, AttributeError, LookupError, ArithmeticError, MemoryError)
_MOST_HZ = 10_000
"""LeRobot does not tell frames apart that are less than 0.1 ms from each other."""
_FPS_TOLERANCE = 0.01
"""How far, relatively, a rate may be from a whole number that stands for it."""


def import_dataset(path: Path, out: Path, kind: str | None = None, wishes: Wishes | None = None) -> list[str]:
    """Write the episodes of another tool's file into the new folder `out`.

    Args:
        kind: a name of KINDS, or `lerobot`; without it the content decides.
        wishes: what the file does not say.

    Returns:
        Sentences about what was changed, left out, or is not known.

    Raises:
        DatasetError: the file is damaged, does not say what is needed, or `out` is there; nothing is written.
        OptionError: the wishes name what is not there.
        MissingExtraError: a library for the format is not installed.
    """
    out = out.resolve()
    check_new(out)
    wishes = wishes or Wishes()
    with _reading(str(path)):
        chosen = kind or recognise(path)
    make = choose("kind", chosen, {**KINDS, LEROBOT: None})
    if make is None:
        return import_folder(path, out, wishes)
    with _reading(f"{path} as {chosen}"):
        opened = make(path, wishes)
    with closing(opened) as source:
        _check_wishes(source, wishes)
        fps, notes = _decide_fps(source, wishes)
        features = [restate(row, wishes.units, wishes.frames) for row in source.features.values()]
        with new_dataset(out) as staging:
            _Conversion(path, source, wishes, Schema(fps, Features(*features), source.robot_type)).write(staging)
    unknown = [row.name for row in features if row.unit == UNKNOWN]
    told = f"unit unknown, tell it with --units: {', '.join(unknown)}"
    return [*source.notes, *notes, *([told] if unknown else [])]


@contextmanager
def _reading(what: str, advice: str = "") -> Iterator[None]:
    """One place for what nobody thought of: files of others hold numbers for texts and lists for numbers.

    Raises:
        DatasetError: it could not be read.
    """
    try:
        yield
    except MillwrightError:
        raise
    except _UNFORESEEN as error:
        told = (str(error).splitlines() or [""])[0]
        raise DatasetError(
            f"{what} cannot be read ({type(error).__name__}: {told}); it is damaged, or laid out in another way{advice}"
        ) from error


class _Conversion:
    """Hands a source's episodes to the writer of the new dataset."""

    def __init__(self, path: Path, source: Source, wishes: Wishes, schema: Schema) -> None:
        self._path, self._source, self._wishes, self._schema = path, source, wishes, schema

    def write(self, root: Path) -> None:
        order, splits = self._order()
        writer = Writer(root, self._schema.to_json()["features"], self._schema.fps)
        for number in order:
            label = self._source.labels[number]
            with _reading(f"{self._path}: {label}", f"; --drop {number} leaves it out"):
                shown = self._source.load(number)
            texts = shown.texts or [self._find_task(label)] * shown.length
            check_finite(shown, label)
            films = {
                camera.name: _film(label, shown, camera, self._schema.fps, writer.videos[camera.name])
                for camera in self._schema.cameras
            }
            table = pa.table({row.name: to_arrow(shown.columns[row.name]) for row in self._schema.data})
            writer.add(table, texts, films, {**self._make_provenance(label), **shown.known})
        writer.close()
        lineage = {LINEAGE: self._make_lineage(order).to_json()}
        writer.finish({**make_info(self._schema, writer.counts), "splits": splits, **lineage})

    def _find_task(self, label: str) -> str:
        if not (self._wishes.task or "").strip():
            raise DatasetError(f"{label} has no instruction; say what is done in it: --task 'pick up the cube'")
        return str(self._wishes.task).strip()

    def _order(self) -> tuple[list[int], dict[str, str]]:
        """Episodes of one split beside each other, and the splits' ranges."""
        chosen = [number for number in range(len(self._source.labels)) if self._wishes.wants(number)]
        if not chosen:
            raise DatasetError(f"no episode of {self._path} is left; nothing was written")
        order: list[int] = []
        splits = {}
        for name, numbers in (self._source.splits or {"train": chosen}).items():
            kept = [number for number in numbers if self._wishes.wants(number)]
            if kept:
                splits[name] = f"{len(order)}:{len(order) + len(kept)}"
                order += kept
        return order, splits

    def _make_provenance(self, label: str) -> dict[str, Any]:
        return {"provenance": to_json({"imported": self._source.kind, "file": self._path.name, "episode": label})}

    def _make_lineage(self, order: Sequence[int]) -> Lineage:
        told = {"fps": self._wishes.fps, "task": self._wishes.task, "state": list(self._wishes.state)}
        options = {"kind": self._source.kind, **{key: value for key, value in told.items() if value}}
        about = {"source": dict(self._source.about)} if self._source.about else {}
        digest, numbers = compute_source_digest(self._path), format_numbers(list(order))
        origin = Origin(self._path.name, digest, numbers, self._source.lineage)
        return Lineage("import", (origin,), {**options, **about})


def _film(label: str, shown: Demonstration, camera: Feature, fps: float, files: VideoFiles) -> Film:
    """Encode an episode's frames, one in memory at a time, into the dataset's video."""
    height, width = camera.shape[:2]
    if camera.is_depth:
        counter = LevelCounter(1, DEPTH_CODES)
        content = encode_depth(counter.watch(_quantise(camera, shown)), height, width, fps)
    else:
        counter = LevelCounter()
        content = encode_each(counter.watch(shown.films[camera.name]), height, width, fps)
    if counter.count != shown.length:
        raise DatasetError(f"{label}: {camera.name} has {counter.count} of {shown.length} frames; --drop leaves it out")
    with av.open(io.BytesIO(content), "r") as source:
        video = source.streams.video[0]
        place, first = files.append_packets(video, source.demux(video), len(content))
    return Film(place, first, counter.levels)


def _quantise(camera: Feature, shown: Demonstration) -> Iterator[NDArray[Any]]:
    """Depth of an episode as codes, which a file may hold as pictures or as a column like any other."""
    planes = shown.films[camera.name] if camera.name in shown.films else shown.columns[camera.name]
    for number, plane in enumerate(planes):
        yield quantise_depth(camera.name, np.asarray(plane)[None], number)[0]


def _decide_fps(source: Source, wishes: Wishes) -> tuple[int, list[str]]:
    """The rate that is wished for, else what the file says."""
    said = source.fps
    if wishes.fps is not None:
        if not 1 <= wishes.fps <= _MOST_HZ:
            raise OptionError(f"--fps is a whole number, 1 to {_MOST_HZ}; got {wishes.fps}")
        differs = said is not None and abs(said - wishes.fps) > _FPS_TOLERANCE * wishes.fps
        return wishes.fps, [f"taken as {wishes.fps} Hz, as told; the file says {said:g}"] if differs else []
    if said is None:
        raise DatasetError("the file does not say at how many frames a second it was recorded; tell it: --fps 20")
    whole = round(said) if math.isfinite(said) else 0
    if not 1 <= whole <= _MOST_HZ or abs(said - whole) > _FPS_TOLERANCE * said:
        raise DatasetError(
            f"the file says {said:g} Hz; LeRobot's datasets have a whole number: give the nearest, --fps"
        )
    return whole, [f"taken as {whole} Hz; the file says {said:.4g}"] if said != whole else []


def _check_wishes(source: Source, wishes: Wishes) -> None:
    """Everything that the wishes name is there.

    Raises:
        OptionError: something is not.
    """
    for option, names in (("--units", wishes.units), ("--frames", wishes.frames)):
        for name in names:
            if name not in source.features:
                raise OptionError(f"{option} {name}: no such feature; there are {', '.join(source.features)}")
    wishes.check_numbers(len(source.labels))
