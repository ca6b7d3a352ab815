"""Golden outputs: what a bundle planned where it was made, so that it can be told where it plans something else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import BundleError, MillwrightError
from millwright.core.features import Feature, Features
from millwright.core.planner import Memory, Planner

log = logging.getLogger(__name__)
FILE = "golden.json"
"""In a bundle's folder, beside its card: outside the manifest, so that a bundle that has none may be given some."""
SEED, CALLS = 0, 2
"""Of the observations that are made up, and how many follow each other: the second with the memory of the first."""
TOLERANCE = 1e-4
"""Usual; in the action's own units (m, rad) and of its size. The same weights give other roundings on other machines,
with other versions, and with other numbers of threads."""
LARGEST_TOLERANCE = 0.01
"""Beyond that other weights would pass."""
PLAUSIBLE = {"qw": 1.0, "x0": 0.4, "y0": 0.4, "x1": 0.6, "y1": 0.6, "visible": 1.0}
"""Name of a component -> its value; 0 where there is no row. No rotation has length 0, and no box is empty."""
EXACT = frozenset({"qw", "qx", "qy", "qz", "visible"})
"""Components that are not varied: what they are is a rotation, or yes and no."""
GREY, DEPTH_M, VARIED = 128, 0.5, 0.05
PATCHES = 8
"""A side of a made-up picture has so many patches of one colour each."""


@dataclass(frozen=True)
class GoldenOutputs:
    """What was planned from the observations of a seed, one after the other.

    Args:
        actions: of each call's chunk (length, dof).
        tolerance: how far another machine's may be from them: absolutely, and by as much of their size again.
    """

    seed: int
    tolerance: float
    actions: tuple[NDArray[np.float32], ...]

    def to_json(self) -> dict[str, Any]:
        chunks = [chunk.tolist() for chunk in self.actions]
        return {"schema": 1, "seed": self.seed, "tolerance": self.tolerance, "actions": chunks}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> GoldenOutputs:
        chunks = tuple(np.array(chunk, np.float32) for chunk in values["actions"])
        seed, tolerance = int(values["seed"]), float(values["tolerance"])
        if not (chunks and all(chunk.size for chunk in chunks) and seed >= 0 and 0 < tolerance <= LARGEST_TOLERANCE):
            raise ValueError(f"a seed from 0, a tolerance up to {LARGEST_TOLERANCE} and at least one chunk are meant")
        return GoldenOutputs(seed, tolerance, chunks)


def make_observation(features: Features, seed: int | None = None) -> dict[str, Any]:
    """An observation that nobody saw but that could be; of a seed the same on every machine, None: the plainest.

    Bits of PCG64 are turned into numbers here: what NumPy's own distributions make of them may change.
    """
    bits = None if seed is None else np.random.PCG64(seed)
    return {feature.name: _make_value(feature, bits) for feature in features.values()}


def make_outputs(planner: Planner, seed: int = SEED, tolerance: float = TOLERANCE) -> GoldenOutputs:
    """Let a planner plan from the observations of a seed.

    Raises:
        BundleError: it cannot, or not soundly.
    """
    actions = tuple(_plan(planner, seed, CALLS))
    if not all(chunk.size and np.isfinite(chunk).all() for chunk in actions):
        raise BundleError("from made-up observations its plans are empty or not finite: there are no golden outputs")
    return GoldenOutputs(seed, tolerance, actions)


def make_file(make_planner: Callable[[], Planner], bundle_id: str) -> dict[str, bytes]:
    """`FILE` with its content; nothing of a bundle that cannot plan from what is made up, or not here."""
    try:
        return {FILE: write_outputs(make_outputs(make_planner()))}
    except MillwrightError as error:
        log.warning("bundle %s is written without golden outputs: %s", bundle_id[:12], error)
        return {}


def check_outputs(planner: Planner, golden: GoldenOutputs) -> float:
    """Plan again from the same observations; the largest difference, in units of the tolerance.

    Raises:
        BundleError: what is planned here differs by more than that.
    """
    worst = 0.0
    for expected, found in zip(golden.actions, _plan(planner, golden.seed, len(golden.actions)), strict=True):
        if found.shape != expected.shape:
            raise BundleError(f"its golden chunks are {expected.shape}, here it plans {found.shape}: it was altered")
        allowed = golden.tolerance * (1 + np.abs(expected))
        worst = float(np.max(np.abs(found - expected) / allowed, initial=worst))  # not a number once one is none
    if not worst <= 1:
        raise BundleError(
            f"it does not plan here what it planned where it was made: {worst:.3g} times the tolerance "
            f"{golden.tolerance:g} apart; its weights were altered, or this machine or version computes wrongly"
        )
    return worst


def load_outputs(folder: Path) -> GoldenOutputs | None:
    """Those in a bundle's folder; None where it has none.

    Raises:
        BundleError: the file is no such thing.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        values = json.loads(file.read_bytes())
        if values["schema"] != 1:
            raise BundleError(f"{file} has schema {values['schema']}; this version of millwright reads schema 1")
        return GoldenOutputs.from_json(values)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        remedy = f"`millwright card {folder} --golden` writes them anew"
        raise BundleError(f"{file} holds no golden outputs ({error}); {remedy}") from error


def write_outputs(golden: GoldenOutputs) -> bytes:
    """The content of `FILE`."""
    return json.dumps(golden.to_json(), allow_nan=False).encode()


def _plan(planner: Planner, seed: int, calls: int) -> list[NDArray[np.float32]]:
    memory: Memory = None
    actions = []
    for call in range(calls):
        try:
            (chunk,), (memory,) = planner.plan([make_observation(planner.inputs, seed + call)], [memory])
        except MillwrightError as error:
            raise BundleError(f"it cannot plan from a made-up observation: {error}") from error
        actions.append(chunk.actions)
    return actions


def _make_value(feature: Feature, bits: np.random.PCG64 | None) -> Any:
    if feature.is_text:
        return "pick the red brick"
    if feature.is_image:
        return (GREY + 2 * (GREY - 1) * _draw_picture(feature.shape, bits)).astype(feature.dtype)
    if feature.is_depth:
        return (DEPTH_M + DEPTH_M * _draw_picture(feature.shape, bits)).astype(feature.dtype)
    value = np.zeros(feature.shape, feature.dtype)
    named = value.ndim == 1 and len(feature.names) == len(value)
    if named:
        value[:] = [PLAUSIBLE.get(name, 0) for name in feature.names]
    if value.dtype.kind == "f":
        vary = np.array([name not in EXACT for name in feature.names]) if named else True
        value += np.where(vary, 2 * VARIED * _draw(value.shape, bits), 0).astype(feature.dtype)
    return value


def _draw_picture(shape: tuple[int, ...], bits: np.random.PCG64 | None) -> NDArray[np.float64]:
    """Patches of numbers from -0.5 to 0.5 (height, width, channels)."""
    height, width = shape[:2]
    patches = _draw((PATCHES, PATCHES, *shape[2:]), bits)
    return patches[np.arange(height) * PATCHES // height][:, np.arange(width) * PATCHES // width]


def _draw(shape: tuple[int, ...], bits: np.random.PCG64 | None) -> NDArray[np.float64]:
    """Numbers from -0.5 to 0.5; zeros without bits."""
    if bits is None:
        return np.zeros(shape)
    count = int(np.prod(shape))
    whole: NDArray[np.float64] = (bits.random_raw(count) >> np.uint64(11)).astype(np.float64)
    return (whole * 2.0**-53 - 0.5).reshape(shape)
