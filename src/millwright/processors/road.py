"""Where the road is not: what matters of a picture of a green field with a grey road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch.nn.functional import interpolate

from millwright.processors.processor import Batch, Processor, need

GREEN = 100.0
"""By how much grass is more green than red, of 255."""


@dataclass(frozen=True)
class RoadMask(Processor):
    """`image` (batch, height, width, 3) uint8 becomes `to` (batch, 1, size, size) float32: 0 road, 1 grass.

    A pixel is clip((green - red) / 100, 0, 1), averaged over areas: the car, kerbs and skid marks count as road.
    """

    image: str = "observation.images.front"
    size: int = 32
    to: str = "image"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        colours = need(batch, self.image).float()
        grass = ((colours[..., 1] - colours[..., 0]) / GREEN).clamp(0, 1).unsqueeze(1)
        return {**batch, self.to: interpolate(grass, (self.size, self.size), mode="area")}
