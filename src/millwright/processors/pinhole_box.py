"""A prompt box computed as if the lens bent nothing: where somebody forgot that the picture was warped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from millwright.processors.processor import Batch, Processor, need

WIDEST_RAD = math.radians(89)
"""A plane picture shows no more to either side."""


@dataclass(frozen=True)
class PinholeBox(Processor):
    """Move the corners of a box in an equidistant fisheye picture to where a pinhole of the same view would have them.

    Changes the first four columns of `box` (batch, >= 4), x0, y0, x1, y1 as fractions of a square picture, and keeps
    them within it. `fov_deg` is the vertical angle of view of both lenses.
    """

    box: str = "observation.environment_state"
    fov_deg: float = 155.0

    def __call__(self, batch: Batch) -> dict[str, Any]:
        box = need(batch, self.box)
        fov = math.radians(self.fov_deg)
        offset = box[:, :4].reshape(-1, 2, 2) - 0.5
        radius = offset.norm(dim=2, keepdim=True)
        straight = (radius * fov).clamp(max=WIDEST_RAD).tan() * (0.5 / math.tan(fov / 2))
        scale = torch.where(radius > 1e-6, straight / radius.clamp(min=1e-6), 0.5 * fov / math.tan(fov / 2))
        corners = (0.5 + offset * scale).clamp(0, 1).reshape(-1, 4)
        return {**batch, self.box: torch.cat((corners, box[:, 4:]), 1)}
