"""Golden check: a planner plans before it is served, and is served only when its plans are sound and its own."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import numpy as np

from millwright.core.errors import BundleError, MillwrightError
from millwright.core.features import Feature
from millwright.core.planner import Chunk, Planner
from millwright.policies.golden import GoldenOutputs, check_outputs, make_observation

WARM_S = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Golden:
    """What the check found out."""

    chunk_length: int
    remembers: bool
    """It wants a memory handed back."""


def check_planner(planner: Planner, name: str, batch: int = 1, outputs: GoldenOutputs | None = None) -> Golden:
    """Warm a planner up, alone and with `batch` robots at once, and look at what it plans.

    A network lays itself out anew for each number of robots that it has not met. As many numbers as `WARM_S` has time
    for, the small ones first, are met here, and not when robots wait.

    Args:
        outputs: what it planned where it was made; None: nobody wrote that down, so that it is compared with itself.

    Raises:
        BundleError: it fails, or gives chunks that are not finite, not as declared, other ones the second time, or
            others than where it was made.
    """
    seen = make_observation(planner.inputs)
    try:
        chunks, memories = planner.plan([seen], [None])
        again, _ = planner.plan([seen], [None])
        many, _ = planner.plan([seen] * batch, [None] * batch)
        began_s = time.monotonic()
        for fewer in range(2, batch):
            if time.monotonic() - began_s > WARM_S:
                break
            planner.plan([seen] * fewer, [None] * fewer)
    except MillwrightError as error:
        raise BundleError(f"{name} is not served: it cannot plan from a plain observation: {error}") from error
    for chunk in (*chunks, *again, *many):
        if not is_sound(chunk, planner.action, len(chunks[0])):
            raise BundleError(f"{name} is not served: its golden chunk is empty, not finite or not as declared")
    if not np.array_equal(chunks[0].actions, again[0].actions):
        raise BundleError(f"{name} is not served: from the same observation it planned two different chunks")
    _compare(planner, name, outputs)
    return Golden(len(chunks[0]), memories[0] is not None)


def _compare(planner: Planner, name: str, outputs: GoldenOutputs | None) -> None:
    if outputs is None:
        log.warning("%s has no golden outputs: that it plans as where it was made was not checked", name)
        return
    try:
        worst = check_outputs(planner, outputs)
    except BundleError as error:
        raise BundleError(f"{name} is not served: {error}") from error
    log.info("%s plans as where it was made: %.2g of the tolerance %g", name, worst, outputs.tolerance)


def is_sound(chunk: Chunk, action: Feature, length: int) -> bool:
    """Whether it may leave the server."""
    return chunk.actions.shape == (length, *action.shape) and length > 0 and bool(np.isfinite(chunk.actions).all())
