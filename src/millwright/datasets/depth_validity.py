"""DepthValidity: how much of the depth has a value, in columns and in videos, in one pass."""

from __future__ import annotations

import numpy as np

from millwright.datasets import layout
from millwright.datasets.checks.pictures import read_plane
from millwright.datasets.depth import is_depth
from millwright.datasets.folder import Columns, Entry, Folder
from millwright.datasets.forward import FrameReader
from millwright.datasets.moments import Moments


class DepthValidity:
    """Sees the episodes one after the other, a frame in memory at a time."""

    def __init__(self, folder: Folder) -> None:
        self._root = folder.root
        self._videos = [name for name in folder.cameras if is_depth(folder.features[name])]
        self._columns = [name for name in folder.features if "depth" in name and name not in folder.cameras]
        self._valid = {name: Moments(1) for name in (*self._videos, *self._columns)}
        self._readers: dict[str, FrameReader] = {}

    def see(self, entry: Entry, columns: Columns) -> None:
        """Take in an episode; a video that is damaged counts as far as it can be decoded."""
        for name in self._columns:
            if name in columns:
                values = columns[name]
                self._valid[name].update((np.isfinite(values) & (values > 0)).mean(1, keepdims=True))
        for name in self._videos:
            if name in entry.spans:
                for frame in self._find_reader(name, entry).take(entry.length):
                    self._valid[name].update(np.array([[(read_plane(frame) > 0).mean()]]))

    def finish(self) -> dict[str, float]:
        """Feature -> share of its values that are there."""
        for reader in self._readers.values():
            reader.close()
        return {name: float(moments.mean[0]) for name, moments in self._valid.items() if moments.count}

    def _find_reader(self, camera: str, entry: Entry) -> FrameReader:
        path = self._root / entry.spans[camera].place.path(layout.VIDEO, camera)
        reader = self._readers.get(camera)
        if reader is None or reader.path != path:
            if reader is not None:
                reader.close()
            reader = self._readers[camera] = FrameReader(path)
        return reader
