"""One finished episode on disk, not compacted yet: a folder with a parquet file and a video per camera."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from millwright.core.episode import Episode
from millwright.core.errors import DatasetError, FeatureError
from millwright.core.features import Feature, Features
from millwright.datasets import layout, video
from millwright.datasets.depth import DEPTH_CODES, quantise_depth
from millwright.datasets.durable import publish, write_durably
from millwright.datasets.schema import Columns, Schema, make_schema, stack_columns
from millwright.datasets.statistics import count_levels
from millwright.datasets.tables import read_table, to_arrow, to_json, write_table

_PARQUET = "episode.parquet"
_SCHEMA = "schema.json"


@dataclass(frozen=True)
class Recording:
    """A finished episode's folder."""

    folder: Path
    seed: int

    @property
    def parquet(self) -> Path:
        return self.folder / _PARQUET

    def video(self, camera: Feature) -> Path:
        return self.folder / f"{camera.name}.mp4"

    def load(self) -> tuple[pa.Table, dict[str, Any]]:
        """The columns that are not images, and what is known of the episode as a whole."""
        table = read_table(self.parquet)
        return table.replace_schema_metadata(None), json.loads(table.schema.metadata[b"millwright"])


def write_recording(episode: Episode, root: Path, fps: float, declared: Features, robot_type: str = "") -> Recording:
    """Write an episode into `root`'s recording folder, whole or not at all.

    Raises:
        FeatureError: the episode's arrays are not as declared, or they or its instruction cannot be stored.
        DatasetError: its columns are not those of the episodes already there.
        OSError: the disk refused; nothing of this episode is left.
    """
    try:
        episode.task.encode()
    except UnicodeEncodeError as error:
        raise FeatureError(f"the instruction {episode.task!r} is no text that a file holds: {error.reason}") from error
    columns = stack_columns(episode)
    schema = make_schema(columns, fps, declared, robot_type)
    films = {camera: _to_film(camera, columns[camera.name]) for camera in schema.cameras}
    pin_schema(root, schema)
    final = root / layout.RECORDING / f"seed-{episode.seed:09d}"
    temporary = final.with_name(f".{final.name}-{os.getpid()}")
    try:
        for camera, pictures in films.items():
            height, width = camera.shape[:2]
            encode = video.encode_depth if camera.is_depth else video.encode_each
            content = encode(pictures, height, width, fps)
            write_durably(temporary / f"{camera.name}.mp4", content)
        write_durably(temporary / _PARQUET, write_table(_make_table(episode, columns, schema, films)))
        if not final.exists():  # a worker that outlived its recorder was first: the same seed, the same episode
            publish(temporary, final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Recording(final, episode.seed)


def find_recordings(root: Path) -> list[Recording]:
    """All finished episodes that are not compacted yet, by seed."""
    folders = (root / layout.RECORDING).glob("seed-*")
    return sorted((Recording(folder, int(folder.name[5:])) for folder in folders), key=lambda recording: recording.seed)


def pin_schema(root: Path, schema: Schema) -> None:
    """Make `schema` the one of all recordings in `root`, or check that it is.

    Raises:
        DatasetError: the recordings there have another schema.
    """
    path = root / layout.RECORDING / _SCHEMA
    if not path.exists():
        temporary = path.with_name(f".{_SCHEMA}-{os.getpid()}")
        write_durably(temporary, json.dumps(schema.to_json()).encode())
        with suppress(FileExistsError):
            os.link(temporary, path)  # unlike a rename, the first of several workers wins
        temporary.unlink()
    differences = load_schema(root).differences(schema)
    if differences:
        told = "; ".join(differences)
        raise DatasetError(f"this does not fit what is recorded in {root}; record into another folder: {told}")


def load_schema(root: Path) -> Schema:
    """The schema of the recordings in `root`."""
    return Schema.from_json(json.loads((root / layout.RECORDING / _SCHEMA).read_text()))


def _to_film(camera: Feature, pictures: NDArray[Any]) -> NDArray[Any]:
    """(num_frames, height, width, channels) as the video holds it: colours, or codes of depth."""
    return quantise_depth(camera.name, pictures) if camera.is_depth else pictures


def _count(camera: Feature, film: NDArray[Any]) -> NDArray[np.int64]:
    return count_levels(film, DEPTH_CODES) if camera.is_depth else count_levels(film)


def _make_table(episode: Episode, columns: Columns, schema: Schema, films: Mapping[Feature, NDArray[Any]]) -> pa.Table:
    facts = episode.steps[0].facts
    whole: Mapping[str, Any] = {
        "seed": episode.seed,
        "task": episode.task,
        "success": episode.verdict.success,
        "failure": episode.verdict.failure,
        "verdict": to_json(episode.verdict.evidence),
        "metrics": to_json(episode.metrics),
        "provenance": to_json(episode.provenance),
        "objects": list(getattr(facts, "names", ())),
        "levels": {camera.name: _count(camera, film).reshape(-1).tolist() for camera, film in films.items()},
    }
    table = pa.table({feature.name: to_arrow(columns[feature.name]) for feature in schema.data})
    return table.replace_schema_metadata({"millwright": json.dumps(whole)})
