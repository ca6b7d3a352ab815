"""The meta folder of a dataset: info.json, tasks and the table of episodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from millwright.core.errors import DatasetError
from millwright.core.judging import Verdict
from millwright.datasets import layout
from millwright.datasets.tables import read_table

_OLD_SIGNS = ("meta/episodes.jsonl", "data/chunk-000/episode_000000.parquet", "data/episode_chunk_000")


@dataclass(frozen=True)
class EpisodeRow:
    """What is known of an episode without its frames."""

    index: int
    seed: int | None
    """None where another tool recorded it."""
    task: str
    """The first where it has several; `task_index` tells which one a frame has."""
    verdict: Verdict | None
    """None where another tool recorded it."""
    start: int
    """Number of its first frame in the dataset."""
    stop: int
    """Number of the first frame after it."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    objects: tuple[str, ...] = ()
    """Names of the objects that the facts' rows stand for."""

    @property
    def success(self) -> bool | None:
        return None if self.verdict is None else self.verdict.success

    @property
    def failure(self) -> str | None:
        return None if self.verdict is None else self.verdict.failure

    @property
    def length(self) -> int:
        """Number of frames."""
        return self.stop - self.start


def has_dataset(root: Path) -> bool:
    """A compacted dataset, of this layout or of an older one, is in `root`."""
    return any((root / sign).exists() for sign in (layout.INFO, *_OLD_SIGNS))


def load_info(root: Path) -> dict[str, Any]:
    """info.json.

    Raises:
        DatasetError: there is none, it is broken, or the layout is older than v3.0.
    """
    path = root / layout.INFO
    try:
        info: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise DatasetError(f"{path} is no JSON ({error}); copy the dataset again, or record it again") from error
    version = info.get("codebase_version")
    if version is None and not has_dataset(root):
        raise DatasetError(f"no dataset in {root}: a LeRobot {layout.VERSION} folder has {layout.INFO}")
    if version != layout.VERSION:
        raise DatasetError(
            f"{root} is a LeRobot dataset of layout {version or 'v1 or v2 (it has no meta/info.json)'}; "
            f"millwright reads {layout.VERSION}. LeRobot's converter convert_dataset_v21_to_v30 turns v2.1 into it"
        )
    return info


def load_tasks(root: Path) -> list[str]:
    """Texts of the tasks, by task index."""
    table = read_table(root / layout.TASKS)
    by_index = dict(zip(table["task_index"].to_pylist(), table["task"].to_pylist(), strict=True))
    return [by_index[index] for index in range(len(by_index))]


def load_episode_table(root: Path, columns: list[str] | None = None) -> pa.Table:
    """The episodes' table over all its files, in order; without the statistics unless `columns` asks for them.

    Raises:
        DatasetError: there is none.
    """
    paths = sorted((root / "meta/episodes").glob("*/*.parquet"))
    if not paths:
        raise DatasetError(f"{root} has no table of episodes in meta/episodes; copy the dataset again")
    chosen = columns or [name for name in pq.read_schema(paths[0]).names if not name.startswith(("stats/", "levels/"))]
    return pa.concat_tables([read_table(path, chosen) for path in paths], promote_options="permissive")


def make_rows(table: pa.Table) -> tuple[EpisodeRow, ...]:
    """The rows of `load_episode_table`, of whichever tool."""
    return tuple(_make_row(row) for row in table.to_pylist())


def _make_row(row: Mapping[str, Any]) -> EpisodeRow:
    evidence = row.get("verdict")
    return EpisodeRow(
        index=row["episode_index"],
        seed=row.get("seed"),
        task=next(iter(row["tasks"] or ()), ""),
        verdict=None if evidence is None else Verdict(row["success"], row["failure"], json.loads(evidence)),
        start=row["dataset_from_index"],
        stop=row["dataset_to_index"],
        metrics=json.loads(row.get("metrics") or "{}"),
        provenance=json.loads(row.get("provenance") or "{}"),
        objects=tuple(row.get("objects") or ()),
    )
