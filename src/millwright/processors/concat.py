"""Chosen columns of several low-dimensional features, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from millwright.core.errors import FeatureError
from millwright.processors.processor import Batch, Processor, need


@dataclass(frozen=True)
class Concat(Processor):
    """Write `to` (batch, columns): of each (feature, columns) in `parts` those columns, in order; no columns: all."""

    parts: tuple[tuple[str, tuple[int, ...]], ...]
    to: str = "proprio"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        chosen = []
        for name, columns in self.parts:
            values = need(batch, name)
            if columns and max(columns) >= values.shape[1]:
                raise FeatureError(f"{name} has {values.shape[1]} columns; column {max(columns)} was asked for")
            chosen += [values[:, a:b] for a, b in _runs(columns)] if columns else [values]
        return {**batch, self.to: torch.cat(chosen, 1)}


def _runs(columns: tuple[int, ...]) -> list[tuple[int, int]]:
    """Columns as half-open runs of neighbours: slices cost less than gathering."""
    runs: list[tuple[int, int]] = []
    for column in columns:
        if runs and runs[-1][1] == column:
            runs[-1] = (runs[-1][0], column + 1)
        else:
            runs.append((column, column + 1))
    return runs
