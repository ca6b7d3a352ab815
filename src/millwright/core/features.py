"""What an observation or an action is made of: names, shapes, types, units, frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np

from millwright.core.errors import FeatureError

Observation = Mapping[str, Any]
"""Feature name -> numpy array (no batch axis), or str for `task`."""


def check_name(name: str) -> None:
    """Refuse a name that would be no single part of a path: cameras name folders.

    Raises:
        FeatureError: it is one.
    """
    if any(sign in name for sign in "/\\\0") or not all(name.split(".")):
        raise FeatureError(
            f"{name!r} is no name of a feature: parts with a dot between them are meant, none empty and without / or "
            "\\, observation.images.wrist for example"
        )


@dataclass(frozen=True)
class Feature:
    """One named array (dtype `string`: one text). Names follow LeRobot: `observation.state`, `action`, `task`."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    unit: str = ""
    frame: str = ""
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)

    @property
    def is_image(self) -> bool:
        """An RGB image: uint8, (height, width, 3)."""
        return self.dtype == "uint8" and len(self.shape) == 3

    @property
    def is_depth(self) -> bool:
        """A depth picture of a camera: float32 in metres, (height, width, 1), 0 where nothing was measured."""
        named = self.name.startswith("observation.images.") and self.unit == "m"
        return named and self.dtype == "float32" and len(self.shape) == 3 and self.shape[-1] == 1

    @property
    def is_text(self) -> bool:
        return self.dtype == "string"

    @cached_property
    def numpy_dtype(self) -> np.dtype[Any]:
        """NumPy's for `dtype`, of all but texts: to look it up by name in every call costs more than to compare it."""
        return np.dtype(self.dtype)

    def check(self, value: Any) -> None:
        """Raise FeatureError unless `value` has this feature's shape and type and is finite."""
        if self.is_text:
            if not isinstance(value, str):
                raise FeatureError(f"{self.name}: expected text, got {type(value).__name__}")
            return
        array = np.asarray(value)
        if array.shape != self.shape:
            raise FeatureError(f"{self.name}: expected shape {self.shape}, got {array.shape}")
        if array.dtype != self.numpy_dtype:
            raise FeatureError(f"{self.name}: expected {self.dtype}, got {array.dtype}")
        # a finite sum of squares has finite parts, and costs a third of looking at each
        if array.dtype.kind == "f" and not isfinite(np.vdot(array, array)) and not np.isfinite(array).all():
            raise FeatureError(f"{self.name}: has values that are not finite: {array}")


class Features(Mapping[str, Feature]):
    """An ordered, immutable set of features, looked up by name."""

    def __init__(self, *features: Feature) -> None:
        self._features = {feature.name: feature for feature in features}
        if len(self._features) != len(features):
            raise FeatureError(f"feature names repeat: {[feature.name for feature in features]}")

    def __getitem__(self, name: str) -> Feature:
        try:
            return self._features[name]
        except KeyError:
            raise FeatureError(f"no feature {name!r}; features: {', '.join(self._features)}") from None

    def get(self, name: str, default: Any = None) -> Any:
        return self._features.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._features

    def __iter__(self) -> Iterator[str]:
        return iter(self._features)

    def __len__(self) -> int:
        return len(self._features)

    def __repr__(self) -> str:
        return f"Features({', '.join(map(repr, self._features.values()))})"

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.values() if feature.is_image)

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise FeatureError unless `values` holds every declared feature, each as declared."""
        missing = [name for name in self._features if name not in values]
        if missing:
            raise FeatureError(f"missing {', '.join(missing)}; got {', '.join(values) or 'nothing'}")
        for name, feature in self._features.items():
            feature.check(values[name])

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(feature) for feature in self.values()]

    @staticmethod
    def from_json(rows: list[dict[str, Any]]) -> Features:
        return Features(
            *(Feature(**{**row, "shape": tuple(row["shape"]), "names": tuple(row["names"])}) for row in rows)
        )
