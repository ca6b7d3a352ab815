"""Where things lie in a LeRobot v3.0 folder, and beside it while recording."""

from __future__ import annotations

from typing import NamedTuple

from millwright.core.features import check_name

VERSION = "v3.0"
FILES_PER_CHUNK = 1000
DATA_FILE_MB = 100
VIDEO_FILE_MB = 200

INFO = "meta/info.json"
STATS = "meta/stats.json"
TASKS = "meta/tasks.parquet"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"

RECORDING = "recording"
"""Finished episodes, a folder each, that are not compacted yet."""
COMPACTING = "compacting"
"""A compaction in the making; thrown away when found."""
COMMITTED = "committed"
"""A compaction that is complete but may not be in place yet; finished when found."""
CACHE = "cache"
LOCK = ".lock"


class Place(NamedTuple):
    """Which file an episode lies in: `chunk-{chunk:03d}/file-{file:03d}`."""

    chunk: int
    file: int

    def following(self) -> Place:
        """The next file."""
        return Place(self.chunk, self.file + 1) if self.file + 1 < FILES_PER_CHUNK else Place(self.chunk + 1, 0)

    def path(self, template: str, camera: str = "") -> str:
        """Path of this file below the dataset's root.

        Raises:
            FeatureError: the camera's name would lead elsewhere.
        """
        if camera:
            check_name(camera)
        return template.format(chunk_index=self.chunk, file_index=self.file, video_key=camera)


BEFORE_FIRST = Place(0, -1)
