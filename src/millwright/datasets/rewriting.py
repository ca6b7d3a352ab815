"""rewrite: chosen episodes of one dataset or several as a new one, whole or not at all; videos are cut, not encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.access import EpisodeReader, load_extra
from millwright.datasets.depth import find_range, is_depth
from millwright.datasets.folder import Entry, Folder, find_texts
from millwright.datasets.footage import Footage
from millwright.datasets.lineage import LINEAGE, Lineage, Source, compute_content_digest, format_numbers
from millwright.datasets.schema import STANDARD
from millwright.datasets.video import Encoding
from millwright.datasets.writing import Film, Writer, new_dataset


@dataclass(frozen=True)
class Pick:
    """An episode that is to be in the new dataset."""

    folder: Folder
    entry: Entry


@dataclass(frozen=True)
class Plan:
    """What is to be written besides the episodes."""

    operation: str
    splits: Mapping[str, str] = field(default_factory=dict)
    """Name -> half-open range; without any, all is `train`."""
    dropped: frozenset[str] = frozenset()
    """Features that are left out."""
    encoding: Encoding | None = None
    """Of the videos but those of depth; None: as they are."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the operation was told, for the lineage."""


class Videos(NamedTuple):
    """What became of the parts of videos, one an episode and camera."""

    copied: int
    encoded: int

    def tell(self) -> list[str]:
        """A sentence, where there were videos."""
        told = f"videos of episodes: {self.copied} copied as they were, {self.encoded} encoded anew"
        return [told] if any(self) else []


def rewrite(picks: Sequence[Pick], out: Path, plan: Plan) -> Videos:
    """Write a new dataset of `picks`, in their order, into the new folder `out`.

    Raises:
        DatasetError: `out` is there already or lies in a source, nothing is picked, features differ, an episode cannot
            be read, or the disk is full.
    """
    if not picks:
        raise DatasetError(f"no episode is left for {out}; nothing was written")
    features = check_features(picks, plan.dropped)
    for root in {pick.folder.root for pick in picks}:
        if root.resolve() in out.resolve().parents:
            raise DatasetError(f"{out} lies in {root}, which is not to be touched; give a folder elsewhere")
    with new_dataset(out) as staging:
        return _Rewriter(staging, features, picks[0].folder.fps, plan).write(picks)


def check_features(picks: Sequence[Pick], dropped: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Features that all picks share, rows of info.json, those of the first.

    Raises:
        DatasetError: they differ, or one to be dropped is in none or is needed by every dataset.
    """
    first = picks[0].folder
    unknown = [name for name in dropped if name not in first.features or name in STANDARD]
    if unknown:
        free = ", ".join(name for name in first.features if name not in STANDARD)
        raise DatasetError(f"cannot drop {', '.join(sorted(unknown))}; features that can go: {free}")
    features = {name: row for name, row in first.features.items() if name not in dropped}
    for folder in {pick.folder.root: pick.folder for pick in picks}.values():
        theirs = {name: row for name, row in folder.features.items() if name not in dropped}
        differing = sorted(name for name in {*features, *theirs} if _kind(features, name) != _kind(theirs, name))
        if differing or folder.fps != first.fps:
            rates = f"{first.fps} and {folder.fps} Hz; " if folder.fps != first.fps else ""
            advice = "; `millwright dataset drop` takes features away" if differing else ""
            raise DatasetError(f"{first.root} and {folder.root} differ: {rates}{', '.join(differing)}{advice}")
    return features


def _kind(features: Mapping[str, Any], name: str) -> Any:
    row = features.get(name, {})
    return row.get("dtype"), row.get("shape"), row.get("names"), find_range(row)


class _Rewriter:
    """Reads picks and hands them to the writer of the new dataset."""

    def __init__(self, root: Path, features: Mapping[str, Any], fps: float, plan: Plan) -> None:
        self._root, self._features, self._plan = root, features, plan
        self._writer = Writer(root, features, fps)
        self._footage = Footage(fps, plan.encoding)

    def write(self, picks: Sequence[Pick]) -> Videos:
        roots = {pick.folder.root: pick.folder for pick in picks}
        readers = {root: EpisodeReader(folder) for root, folder in roots.items()}
        extras = {root: load_extra(root) for root in roots}
        kept = set.intersection(*({*rows[0]} for rows in extras.values()))
        for pick in picks:
            extra = {
                name: value for name, value in extras[pick.folder.root][pick.entry.position].items() if name in kept
            }
            self._write_episode(pick, extra, readers[pick.folder.root])
        self._footage.close()
        self._writer.close()
        self._writer.finish(self._make_info(picks))
        return Videos(self._footage.copied, self._footage.encoded)

    def _write_episode(self, pick: Pick, extra: Mapping[str, Any], reader: EpisodeReader) -> None:
        whole = reader.load(pick.entry)
        own = [name for name, row in self._features.items() if row["dtype"] != "video" and name not in STANDARD]
        table = whole.select(own).replace_schema_metadata(None).combine_chunks()
        films = {
            camera: self._copy(pick, camera, reader.frames[camera][pick.entry.position], extra)
            for camera in self._writer.videos
        }
        known = {name: value for name, value in extra.items() if not name.startswith("levels/")}
        self._writer.add(table, find_texts(pick.folder, pick.entry, whole), films, known)

    def _copy(self, pick: Pick, camera: str, first: int, extra: Mapping[str, Any]) -> Film:
        entry = pick.entry
        path = pick.folder.root / entry.spans[camera].place.path(layout.VIDEO, camera)
        depth = is_depth(self._features[camera])
        copied = self._footage.copy(path, first, entry.length, self._writer.videos[camera], depth)
        known = extra.get(f"levels/{camera}") if copied.levels is None else copied.levels
        if known is None:
            known = self._footage.count_levels(path, first, entry.length, depth)
        levels = np.array(known)
        return Film(copied.place, copied.first, levels)

    def _make_info(self, picks: Sequence[Pick]) -> dict[str, Any]:
        features = dict(self._features)
        for camera in self._writer.videos:
            if self._plan.encoding and not is_depth(features[camera]):
                files = sorted((self._root / "videos" / camera).glob("*/*.mp4"))
                features[camera] = self._plan.encoding.restate(features[camera], files[0])
        return {
            "codebase_version": layout.VERSION,
            "robot_type": None,
            **picks[0].folder.info,
            "features": features,
            **self._writer.counts,
            "chunks_size": layout.FILES_PER_CHUNK,
            "data_files_size_in_mb": layout.DATA_FILE_MB,
            "video_files_size_in_mb": layout.VIDEO_FILE_MB,
            "splits": dict(self._plan.splits) or {"train": f"0:{len(picks)}"},
            "data_path": layout.DATA,
            "video_path": layout.VIDEO if self._writer.videos else None,
            LINEAGE: make_lineage(picks, self._plan).to_json(),
        }


def make_lineage(picks: Sequence[Pick], plan: Plan) -> Lineage:
    """Where the episodes came from."""
    numbers: dict[Path, list[int]] = {}
    folders = {}
    for pick in picks:
        numbers.setdefault(pick.folder.root, []).append(pick.entry.position)
        folders[pick.folder.root] = pick.folder
    sources = tuple(
        Source(
            root.resolve().name, compute_content_digest(root), format_numbers(chosen), folders[root].info.get(LINEAGE)
        )
        for root, chosen in numbers.items()
    )
    return Lineage(plan.operation, sources, plan.options)
