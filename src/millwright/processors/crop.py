"""The square of an image around a prompt: the eye is drawn to what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from millwright.processors.processor import Batch, Processor, need


@dataclass(frozen=True)
class PromptCrop(Processor):
    """Cut a square around a box and scale it (bilinear; black outside the image).

    The square's centre is the box's, its side `scale` times the box's longer side, at least `smallest` and at most
    `largest` times the image's shorter side.

    Reads `image` (batch, height, width, 3) uint8 and `box` (batch, >= 4): x0, y0, x1, y1 as fractions of the image.
    Writes `to` (batch, 3, size, size) uint8 and `region` (batch, 4) float32: centre x, y and half width, half height
    of the square in the image, whose edges are at -1 and 1.
    """

    image: str = "observation.images.wrist"
    box: str = "observation.environment_state"
    size: int = 32
    scale: float = 2.0
    smallest: float = 0.2
    largest: float = 0.8
    to: str = "crop"
    region: str = "region"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        image, box = need(batch, self.image), need(batch, self.box)
        count, height, width, _ = image.shape
        centre_and_size, offset, half, places = _constants(height, width, self.size, self.scale, image.device)
        located = torch.addmm(offset, box[:, :4], centre_and_size)  # (batch, 4) centre -1..1, width and height in px
        (centre, sides), shorter = located.split(2, 1), min(height, width)
        side = sides.amax(1, keepdim=True)
        side = side.clamp_(self.smallest / self.scale * shorter, self.largest / self.scale * shorter)
        region = torch.cat((centre, side * half), 1)
        # one product, not sums that are broadcast over pairs: for those ONNX Runtime takes as long as for all the rest
        grid = (region @ places).view(count, self.size, self.size, 2)
        colours = image.permute(0, 3, 1, 2).float()
        crop = grid_sample(colours, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return {**batch, self.to: crop.round_().to(torch.uint8), self.region: region}


@lru_cache(maxsize=16)
def _constants(
    height: int, width: int, size: int, scale: float, device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Box -> (centre, size) as a matrix and an offset; px -> half extents; region -> its pixel centres."""
    matrix = torch.tensor(
        [[1, 0, -width, 0], [0, 1, 0, -height], [1, 0, width, 0], [0, 1, 0, height]], dtype=torch.float32, device=device
    )
    offset = torch.tensor([-1, -1, 0, 0], dtype=torch.float32, device=device)
    half = torch.tensor([scale / width, scale / height], device=device)
    row = torch.arange(1 - size, size, 2, device=device) / size
    places = torch.zeros(4, size, size, 2, device=device)
    places[0, :, :, 0] = places[1, :, :, 1] = 1
    places[2, :, :, 0], places[3, :, :, 1] = row, row[:, None]
    return matrix, offset, half, places.view(4, -1)
