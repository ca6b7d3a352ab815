"""describe: what is in a dataset, in one pass and constant memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.datasets.checks.check import Check
from millwright.datasets.checks.columns import read_columns
from millwright.datasets.checks.learning import Copies, Jumps, Variance
from millwright.datasets.depth_validity import DepthValidity
from millwright.datasets.editing import open_finished
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Columns, Entry, Folder, stream
from millwright.datasets.histogram import Histogram
from millwright.datasets.moments import Moments
from millwright.datasets.splits import parse_splits

ACTION = "action"
GRIPPER = re.compile(r"open|grip|finger|suction|jaw", re.IGNORECASE)
_END = 0.15
"""Share of a gripper's range, at either end, that counts as open or closed."""
_ODD = 5.0
"""Deviations (of the median kind) beyond which an episode's length is odd."""


@dataclass(frozen=True)
class Joint:
    """One dimension of the action."""

    name: str
    unit: str
    mean: float
    std: float
    min: float
    max: float
    mean_step: float
    """Mean size of the change from frame to frame."""
    max_step: float
    counts: list[int]
    edges: list[float]


@dataclass(frozen=True)
class Gripper:
    """How the gripper is used, between its two ends."""

    name: str
    low_share: float
    """Of the frames, near the smallest value (its 1% quantile)."""
    high_share: float
    switches: float
    """From one end to the other, in the mean episode."""


@dataclass(frozen=True)
class Description:
    """What is in a dataset."""

    name: str
    episodes: int
    frames: int
    fps: float
    size_mb: float
    robot: str
    cameras: dict[str, str]
    """Name -> size and codec."""
    features: dict[str, str]
    """Columns that are not facts: name -> type, shape, unit."""
    num_facts: int
    splits: dict[str, str]
    lengths: list[int]
    tasks: dict[str, int]
    """Instruction -> episodes, the most frequent first, at most a hundred."""
    num_tasks: int
    words: dict[str, int]
    """Word -> episodes."""
    verdicts: dict[str, int]
    """`success` and classes of failure -> episodes; empty where none is recorded."""
    seeds: tuple[int, int] | None
    joints: tuple[Joint, ...]
    grippers: tuple[Gripper, ...]
    depth_valid: dict[str, float]
    """Feature -> share of its values that are there."""
    anomalies: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"schema": 1, **asdict(self)}


def describe(root: Path) -> Description:
    """What is in a LeRobot v3.0 folder of any tool.

    Raises:
        DatasetError: no dataset there, or one that cannot be read.
    """
    folder = open_finished(root)
    actions, depth, oddities = _Actions(folder), DepthValidity(folder), _Oddities(folder)
    for entry, table in stream(folder):
        columns, _ = read_columns(folder, entry, table)
        if columns and len(table):
            for part in (actions, depth, oddities):
                part.see(entry, columns)
    entries = folder.entries
    tasks = Counter(text for entry in entries for text in entry.tasks)
    splits = parse_splits(folder.info.get("splits") or {})
    seeds = [entry.known["seed"] for entry in entries if entry.known.get("seed") is not None]
    return Description(
        name=folder.root.resolve().name,
        episodes=len(entries),
        frames=sum(entry.length for entry in entries),
        fps=folder.fps,
        size_mb=sum(path.stat().st_size for kind in ("data", "meta", "videos") for path in _files(root / kind)) / 1e6,
        robot=folder.info.get("robot_type") or "",
        cameras={name: _describe_camera(folder.features[name]) for name in folder.cameras},
        features={name: _describe_feature(row) for name, row in folder.features.items() if _is_shown(name, row)},
        num_facts=sum(name.startswith("facts.") for name in folder.features),
        splits={name: f"{part.start}:{part.stop}" for name, part in splits.items()},
        lengths=[entry.length for entry in entries],
        tasks=dict(tasks.most_common(100)),
        num_tasks=len(tasks),
        words=_count_words(tasks),
        verdicts=_count_verdicts(entries),
        seeds=(min(seeds), max(seeds) + 1) if seeds else None,
        joints=actions.make_joints(),
        grippers=actions.make_grippers(),
        depth_valid=depth.finish(),
        anomalies=tuple(oddities.finish()),
    )


class _Actions:
    """Moments, steps and spread of every dimension of the action."""

    def __init__(self, folder: Folder) -> None:
        self._row: Mapping[str, Any] = folder.features.get(ACTION, {})
        size = folder.find_size(ACTION) if self._row else 0
        self._names = folder.find_names(ACTION) if self._row else ()
        self._values, self._steps = Moments(size), Moments(size)
        self._spread = [Histogram() for _ in range(size)]
        self._switches: NDArray[np.float64] = np.zeros(size)
        self._episodes = 0

    def see(self, entry: Entry, columns: Columns) -> None:
        action = columns.get(ACTION)
        if action is None:
            return
        self._values.update(action)
        for at, histogram in enumerate(self._spread):
            histogram.update(action[:, at])
        self._episodes += 1
        if len(action) > 1:
            self._steps.update(np.abs(np.diff(action.astype(np.float64), axis=0)))
        middle = (self._values.min + self._values.max) / 2  # of what was seen so far
        self._switches += np.abs(np.diff((action > middle).astype(np.int8), axis=0)).sum(0)

    def make_joints(self) -> tuple[Joint, ...]:
        if not self._values.count:
            return ()
        units = _find_units(self._row, len(self._names))
        return tuple(self._make_joint(at, unit) for at, unit in enumerate(units))

    def _make_joint(self, at: int, unit: str) -> Joint:
        counts, edges = self._spread[at].trim()
        return Joint(
            name=self._names[at],
            unit=unit,
            mean=float(self._values.mean[at]),
            std=float(self._values.std[at]),
            min=float(self._values.min[at]),
            max=float(self._values.max[at]),
            mean_step=float(self._steps.mean[at]),
            max_step=max(0.0, float(self._steps.max[at])),
            counts=counts.tolist(),
            edges=edges.tolist(),
        )

    def make_grippers(self) -> tuple[Gripper, ...]:
        found = []
        for at, name in enumerate(self._names):
            if GRIPPER.search(name) and self._values.count and self._values.max[at] > self._values.min[at]:
                counts, edges = self._spread[at].trim()
                centres = (edges[:-1] + edges[1:]) / 2
                below = counts.cumsum() / counts.sum()
                lowest, highest = centres[np.searchsorted(below, 0.01)], centres[np.searchsorted(below, 0.99)]
                near = _END * (highest - lowest)
                low = counts[centres <= lowest + near].sum() / counts.sum()
                high = counts[centres >= highest - near].sum() / counts.sum()
                found.append(Gripper(name, float(low), float(high), float(self._switches[at] / self._episodes)))
        return tuple(found)


class _Oddities:
    """What `validate` would say of the actions, and episodes of odd length."""

    def __init__(self, folder: Folder) -> None:
        self._entries = folder.entries
        self._checks: list[Check] = [Variance(folder), Jumps(folder), Copies(folder)]
        self._findings: list[Finding] = []

    def see(self, entry: Entry, columns: Columns) -> None:
        for check in self._checks:
            self._findings += check.see(entry, columns)

    def finish(self) -> Iterator[str]:
        for check in self._checks:
            self._findings += check.finish()
        yield from map(str, self._findings)
        lengths = np.array([entry.length for entry in self._entries])
        if len(lengths) >= 5:
            usual = float(np.median(lengths))
            spread = max(1.4826 * float(np.median(np.abs(lengths - usual))), 0.1 * usual)  # of a normal's deviation
            for position in np.flatnonzero(np.abs(lengths - usual) > _ODD * spread):
                yield f"episode {position} has {lengths[position]} frames, the median episode {usual:g}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.*") if path.is_file())


def _is_shown(name: str, row: Mapping[str, Any]) -> bool:
    return row.get("dtype") != "video" and not name.startswith("facts.")


def _describe_camera(row: Mapping[str, Any]) -> str:
    info = row.get("info") or {}
    return f"{' x '.join(map(str, row['shape']))}, {info.get('video.codec', 'codec not said')}"


def _describe_feature(row: Mapping[str, Any]) -> str:
    info = row.get("info") or {}
    unit = f", {info['unit']}" if info.get("unit") else ""
    return f"{row['dtype']} {' x '.join(map(str, info.get('shape', row['shape'])))}{unit}"


def _find_units(row: Mapping[str, Any], size: int) -> list[str]:
    """`rad, m` is the unit of all but the last, and that of the last."""
    units = [unit.strip() for unit in str((row.get("info") or {}).get("unit", "")).split(",")]
    return [units[0]] * (size - 1) + [units[-1]] if len(units) <= 2 else units[:size] + [""] * (size - len(units))


def _count_words(tasks: Mapping[str, int]) -> dict[str, int]:
    words: Counter[str] = Counter()
    for text, number in tasks.items():
        words.update(dict.fromkeys(re.findall(r"[\w'-]+", text.lower()), number))
    return dict(words.most_common(100))


def _count_verdicts(entries: tuple[Entry, ...]) -> dict[str, int]:
    known = [entry.known for entry in entries if entry.known.get("success") is not None]
    return dict(Counter("success" if row["success"] else str(row["failure"]) for row in known).most_common())
