"""Golden check: a planner plans before it is served, and is served only when its plans are sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from millwright.core.errors import BundleError, MillwrightError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner

PLAUSIBLE = {"qw": 1.0, "x0": 0.4, "y0": 0.4, "x1": 0.6, "y1": 0.6, "visible": 1.0}
"""Name of a component -> its value; 0 where there is no row. No rotation has length 0, and no box is empty."""
GREY, DEPTH_M = 128, 0.5


@dataclass(frozen=True)
class Golden:
    """What the check found out."""

    chunk_length: int
    remembers: bool
    """It wants a memory handed back."""


def make_golden(features: Features) -> dict[str, Any]:
    """An observation that nobody saw but that could be."""
    return {feature.name: _make_value(feature) for feature in features.values()}


def check_planner(planner: Planner, name: str, batch: int = 1) -> Golden:
    """Warm a planner up, alone and with `batch` robots at once, and look at what it plans.

    Raises:
        BundleError: it fails, or gives chunks that are not finite, not as declared, or other ones the second time.
    """
    seen = make_golden(planner.inputs)
    try:
        chunks, memories = planner.plan([seen], [None])
        again, _ = planner.plan([seen], [None])
        many, _ = planner.plan([seen] * batch, [None] * batch)
    except MillwrightError as error:
        raise BundleError(f"{name} is not served: it cannot plan from a plain observation: {error}") from error
    for chunk in (*chunks, *again, *many):
        if not is_sound(chunk, planner.action, len(chunks[0])):
            raise BundleError(f"{name} is not served: its golden chunk is empty, not finite or not as declared")
    if not np.array_equal(chunks[0].actions, again[0].actions):
        raise BundleError(f"{name} is not served: from the same observation it planned two different chunks")
    return Golden(len(chunks[0]), memories[0] is not None)


def is_sound(chunk: Chunk, action: Feature, length: int) -> bool:
    """Whether it may leave the server."""
    return chunk.actions.shape == (length, *action.shape) and length > 0 and bool(np.isfinite(chunk.actions).all())


def _make_value(feature: Feature) -> Any:
    if feature.is_text:
        return "pick the red brick"
    if feature.is_image or feature.is_depth:
        return np.full(feature.shape, GREY if feature.is_image else DEPTH_M, feature.dtype)
    value = np.zeros(feature.shape, feature.dtype)
    if value.ndim == 1 and len(feature.names) == len(value):
        value[:] = [PLAUSIBLE.get(name, 0) for name in feature.names]
    return value
