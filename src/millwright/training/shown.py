"""Shown: what a drive looked like, what its codes hold of that, and what was dreamed instead."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from millwright.training.truth import EVERY, LEARNED_STEPS, Replayed

Pictures = NDArray[np.uint8]


def show_dreams(
    again: Replayed, count: int = 6, horizons: tuple[int, ...] = (LEARNED_STEPS, 15)
) -> Mapping[str, Pictures]:
    """Rows of pictures (count, height, width, channels): what was seen, the same from its code, then seen and dreamed.

    Args:
        count: moments, spread over the drives.
        horizons: steps after them.
    """
    ticks = np.concatenate([np.arange(0, len(drive), EVERY) for drive in again.long])
    whole = np.flatnonzero(again.left >= max(horizons))
    rows = whole[np.linspace(0, len(whole) - 1, min(count, len(whole))).astype(int)]

    def seen(after: int) -> Pictures:
        return np.stack([again.long[again.whose[row]].pictures[ticks[row] + after] for row in rows])

    code = again.network.model.config.code
    told = {"seen": seen(0), "its code": _decode(again, again.starts.latent[rows, :code])}
    for after in horizons:
        told[f"seen {after} steps later"] = seen(after)
        told[f"dreamed {after} steps"] = _decode(again, again.along[after - 1].after.latent[rows, :code])
    return {name: pictures.transpose(0, 2, 3, 1) for name, pictures in told.items()}


def _decode(again: Replayed, codes: torch.Tensor) -> Pictures:
    with torch.no_grad():
        pictures: Pictures = (255 * again.network.vae.decode(codes)).round().to(torch.uint8).numpy()
    return pictures
