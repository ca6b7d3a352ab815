"""Whole images, made small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import interpolate

from millwright.processors.processor import Batch, Processor, need


@dataclass(frozen=True)
class ResizeImage(Processor):
    """Scale `image` (batch, height, width, 3) uint8 to `to` (batch, 3, size, size) uint8, averaging areas."""

    image: str = "observation.images.wrist"
    size: int = 48
    to: str = "image"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        colours = need(batch, self.image).permute(0, 3, 1, 2)
        if colours.shape[2:] == (self.size, self.size):  # the average of one pixel costs as much as that of many
            return {**batch, self.to: colours.contiguous()}
        small = interpolate(colours.float(), (self.size, self.size), mode="area")
        return {**batch, self.to: small.round_().to(torch.uint8)}
