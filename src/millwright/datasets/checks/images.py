"""Pictures that lie in parquet files: every one is there, whole, and of the declared size."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from millwright.core.errors import DatasetError
from millwright.datasets import layout
from millwright.datasets.cameras import check_picture, make_picture_feature
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Entry, Folder


def check_images(folder: Folder, entry: Entry, table: pa.Table) -> Iterator[Finding]:
    """An episode's rows, one finding a camera; a picture in memory at a time."""
    for name, row in folder.features.items():
        if row["dtype"] != "image" or name not in table.column_names:
            continue
        feature = make_picture_feature(name, row)
        wrong: list[tuple[int, str]] = []
        for frame, stored in enumerate(table[name]):
            try:
                check_picture(stored.as_py(), feature.shape, feature.dtype)
            except DatasetError as error:
                wrong.append((frame, str(error).rstrip(",")))
        if wrong:
            frame, what = wrong[0]
            cause = f"{name} holds {what} ({len(wrong)} of its {len(table)} frames are such)"
            yield Finding("MW306", cause, entry.position, frame, entry.data.path(layout.DATA))
