"""How fast to learn when."""

from __future__ import annotations

import math


def compute_rate(done: float, warmup: float, floor: float = 0.0) -> float:
    """Share of the highest learning rate: a straight rise over `warmup`, then half a cosine down to `floor`.

    Args:
        done: share of the training that is over, 0..1.
        warmup: share of the training that warms up, 0..1.
    """
    if done < warmup:
        return done / warmup
    over = min(1.0, (done - warmup) / (1 - warmup)) if warmup < 1 else 1.0
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * over))
