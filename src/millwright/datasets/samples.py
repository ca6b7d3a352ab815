"""Sample films: a few episodes of a dataset as small videos that any browser plays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.access import EpisodeReader
from millwright.datasets.depth import is_depth
from millwright.datasets.folder import Entry, Folder, open_folder
from millwright.datasets.footage import Footage
from millwright.datasets.video import Encoding, encode

_FOR_BROWSERS = Encoding(crf=26, gop=30, preset="veryfast")


@dataclass(frozen=True)
class Film:
    """One episode as one camera saw it."""

    episode: int
    camera: str
    task: str
    verdict: str
    """`success`, a class of failure, or nothing where none is known."""
    mp4: bytes


def make_films(root: Path, number: int = 6) -> list[Film]:
    """Films of the first camera in colour: of every verdict some, spread over the dataset; none without such video."""
    folder = open_folder(root)
    colours = [name for name in folder.cameras if not is_depth(folder.features[name])]
    if not colours or not folder.entries:
        return []
    camera, firsts, footage = colours[0], EpisodeReader(folder).frames, Footage(folder.fps)
    films = []
    for entry in choose_entries(folder, number):
        path = folder.root / entry.spans[camera].place.path(layout.VIDEO, camera)
        try:
            frames = footage.decode(path, firsts[camera][entry.position], entry.length)
        except DatasetError:
            continue  # a damaged video is for `validate` to name
        mp4 = bytes(encode(frames, folder.fps, _FOR_BROWSERS))
        films.append(Film(entry.position, camera, ", ".join(entry.tasks), name_verdict(entry), mp4))
    footage.close()
    return films


def choose_entries(folder: Folder, number: int) -> list[Entry]:
    """Evenly spaced ones of each verdict in turn, in their order."""
    groups: dict[str, list[Entry]] = {}
    for entry in folder.entries:
        groups.setdefault(name_verdict(entry), []).append(entry)
    share = max(1, number // len(groups))
    chosen = [group[len(group) * n // share] for group in groups.values() for n in range(min(share, len(group)))]
    return sorted(chosen[:number], key=lambda entry: entry.position)


def name_verdict(entry: Entry) -> str:
    """`success`, the class of failure, or nothing where none is recorded."""
    success = entry.known.get("success")
    return "" if success is None else "success" if success else str(entry.known.get("failure"))
