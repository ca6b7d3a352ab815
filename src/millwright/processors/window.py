"""A fixed part of every image: where a wrist camera sees its own fingers, for example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import interpolate

from millwright.core.errors import OptionError
from millwright.processors.processor import Batch, Processor, need


@dataclass(frozen=True)
class Window(Processor):
    """Cut `image` (batch, height, width, 3) uint8 at `edges` and scale it to `to` (batch, 3, size, size) uint8.

    Args:
        edges: left, top, right, bottom as fractions of the image.

    Raises:
        OptionError: the edges hold nothing, or reach beyond the image.
    """

    image: str = "observation.images.wrist"
    edges: tuple[float, float, float, float] = (0.3125, 0.5, 0.6875, 0.875)
    size: int = 48
    to: str = "hand"

    def __post_init__(self) -> None:
        left, top, right, bottom = self.edges
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise OptionError(f"edges are left, top, right, bottom within 0..1, each pair in order; got {self.edges}")

    def __call__(self, batch: Batch) -> dict[str, Any]:
        image = need(batch, self.image)
        height, width = image.shape[1:3]
        left, top, right, bottom = self.edges
        rows, columns = (slice(round(a * n), round(b * n)) for a, b, n in ((top, bottom, height), (left, right, width)))
        colours = image[:, rows, columns].permute(0, 3, 1, 2).float()
        small = interpolate(colours, (self.size, self.size), mode="area")
        return {**batch, self.to: small.round_().to(torch.uint8)}
