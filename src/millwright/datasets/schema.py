"""Schema: what the columns of a dataset are, as millwright's Features and as LeRobot's info.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.episode import Episode
from millwright.core.errors import FeatureError
from millwright.core.features import Feature, Features
from millwright.datasets.cameras import make_picture_feature
from millwright.datasets.depth import DEPTH_INFO, LEAST_DEPTH_PX
from millwright.datasets.tables import arrow_type
from millwright.datasets.video import VIDEO_INFO

STANDARD = Features(
    Feature("timestamp", (1,), "float32", unit="s"),
    *(Feature(name, (1,), "int64") for name in ("frame_index", "episode_index", "index", "task_index")),
)
"""Columns that every LeRobot dataset has."""

Columns = Mapping[str, NDArray[Any]]
"""Feature name -> (num_frames, *shape)."""


@dataclass(frozen=True)
class Schema:
    """Frame rate and columns of a dataset, without the standard ones."""

    fps: float
    features: Features
    robot_type: str = ""

    @property
    def data(self) -> tuple[Feature, ...]:
        """What lies in parquet files."""
        return tuple(feature for feature in self.features.values() if not is_camera(feature))

    @property
    def cameras(self) -> tuple[Feature, ...]:
        """What lies in video files."""
        return tuple(feature for feature in self.features.values() if is_camera(feature))

    def differences(self, other: Schema) -> list[str]:
        """What keeps `other` out of the same dataset; empty when nothing does."""
        found = [] if self.fps == other.fps else [f"fps is {self.fps}, not {other.fps}"]
        ours, theirs = dict(self.features), dict(other.features)
        found += [f"{name} is missing" for name in ours if name not in theirs]
        found += [f"{name} is new" for name in theirs if name not in ours]
        return found + [
            f"{name} is {_describe(theirs[name])}, not {_describe(ours[name])}"
            for name in ours
            if name in theirs and ours[name] != theirs[name]
        ]

    def to_json(self) -> dict[str, Any]:
        """The keys of info.json that a schema determines."""
        features = {**self.features, **STANDARD}
        return {
            "fps": self.fps,
            "robot_type": self.robot_type or None,
            "features": {name: _feature_to_json(feature, self.fps) for name, feature in features.items()},
        }

    @staticmethod
    def from_json(info: Mapping[str, Any]) -> Schema:
        """The inverse of `to_json`."""
        rows = {name: row for name, row in info["features"].items() if name not in STANDARD}
        features = Features(*(feature_from_json(name, row) for name, row in rows.items()))
        return Schema(info["fps"], features, info.get("robot_type") or "")


def is_camera(feature: Feature) -> bool:
    """What is recorded into a video: colour, or depth that is declared as `Feature.is_depth` asks."""
    return feature.is_image or feature.is_depth


def stack_columns(episode: Episode) -> dict[str, NDArray[Any]]:
    """An episode's columns, images among them, without the standard ones.

    Raises:
        FeatureError: labels or plans are there on some steps only, or arrays change their shape.
    """
    steps = episode.steps
    lists: dict[str, list[Any]] = {
        name: [step.observation[name] for step in steps] for name in steps[0].observation if name != "task"
    }
    executed = [step.action for step in steps]
    labels = [step.label for step in steps if step.label is not None]
    plans = [label.plan for label in labels if label.plan is not None]
    lists |= {"action": [label.action for label in labels] or executed, "executed_action": executed}
    lists |= {"label.plan": plans} if plans else {}
    lists["next.reward"] = [np.array([step.reward], np.float32) for step in steps]
    facts = [step.facts.to_arrays() for step in steps]
    lists |= {name: [row[name] for row in facts] for name in facts[0]}
    return {name: _stack(name, values, len(steps)) for name, values in lists.items()}


def make_schema(columns: Columns, fps: float, declared: Features, robot_type: str = "") -> Schema:
    """The schema of `columns`; units, frames and names come from `declared` where it has the feature.

    Raises:
        FeatureError: a column is not as declared, not finite (facts excepted), or of a type that cannot be stored.
    """
    aliases = {"executed_action": "action"}
    features = []
    for name, column in columns.items():
        known = aliases.get(name, name)
        feature = Feature(name, column.shape[1:], str(column.dtype))
        if known in declared:
            feature = replace(declared[known], name=name)
            feature.check(column[0])
        _check_column(feature, column)
        features.append(feature)
    return Schema(fps, Features(*features), robot_type)


def _check_column(feature: Feature, column: NDArray[Any]) -> None:
    if "/" in feature.name or not math.prod(feature.shape):
        raise FeatureError(f"{feature.name!r} {feature.shape}: a column needs a value a frame and a name without '/'")
    if is_camera(feature):
        least = LEAST_DEPTH_PX if feature.is_depth else 2
        if any(side % 2 or side < least for side in feature.shape[:2]):
            needed = f"even and at least {least}"
            raise FeatureError(f"{feature.name}: height and width of a video must be {needed}, got {feature.shape}")
        return
    arrow_type(feature)
    if column.dtype.kind == "f" and not feature.name.startswith("facts.") and not np.isfinite(column).all():
        raise FeatureError(f"{feature.name}: has values that are not finite")


def _stack(name: str, values: list[Any], num_frames: int) -> NDArray[Any]:
    arrays = [np.asarray(value) for value in values]
    shapes = {array.shape for array in arrays}
    if len(arrays) != num_frames or len(shapes) != 1:
        raise FeatureError(f"{name}: {len(arrays)} values of shapes {sorted(shapes)} in {num_frames} steps")
    return np.stack(arrays)


def _describe(feature: Feature) -> str:
    details = [feature.unit, feature.frame, ",".join(feature.names)]
    return " ".join([feature.dtype, str(feature.shape), *(text for text in details if text)])


def _feature_to_json(feature: Feature, fps: float) -> dict[str, Any]:
    info: dict[str, Any] = {key: getattr(feature, key) for key in ("unit", "frame") if getattr(feature, key)}
    if feature.names:
        info["names"] = list(feature.names)
    if is_camera(feature):
        height, width, channels = feature.shape
        video = {"video.height": height, "video.width": width, "video.channels": channels, "video.fps": fps}
        coded = DEPTH_INFO if feature.is_depth else VIDEO_INFO
        axes = ["height", "width", "channels"]
        return {"dtype": "video", "shape": list(feature.shape), "names": axes, "info": {**video, **coded, **info}}
    size = math.prod(feature.shape)
    if feature.shape != (size,):
        info["shape"] = list(feature.shape)
    names = list(feature.names) if len(feature.names) == size else None
    return {"dtype": feature.dtype, "shape": [size], "names": names, **({"info": info} if info else {})}


def feature_from_json(name: str, row: Mapping[str, Any]) -> Feature:
    """A row of info.json as a feature: its true shape, its unit and frame where it says them."""
    if row["dtype"] in ("video", "image"):
        return make_picture_feature(name, row)
    info, names = row.get("info") or {}, row.get("names") or ()
    shape = tuple(info.get("shape", row["shape"]))
    if isinstance(names, Mapping):  # LeRobot's older form: {"motors": [...]}
        names = next(iter(names.values()), ())
    known = tuple(info.get("names") or (map(str, names) if len(names) == math.prod(shape) else ()))
    return Feature(name, shape, row["dtype"], info.get("unit", ""), info.get("frame", ""), known)
