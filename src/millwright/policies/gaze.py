"""What part of a picture a planner's pipeline hands to its network."""

from __future__ import annotations

import numpy as np
import torch

from millwright.core.features import Observation
from millwright.core.planner import Planner
from millwright.policies.network_planner import NetworkPlanner
from millwright.processors.crop import PromptCrop

Rectangle = tuple[float, float, float, float]
"""x0, y0, x1, y1 as fractions of the picture; may reach beyond it."""


def find_crop(planner: Planner, observation: Observation) -> Rectangle | None:
    """The square that is cut out around the prompt; None when the planner cuts out nothing, or does not tell."""
    if not isinstance(planner, NetworkPlanner):
        return None
    crops = [processor for processor in planner.pipeline.inputs if isinstance(processor, PromptCrop)]
    if not crops:
        return None
    crop = crops[0]
    batch = {name: torch.from_numpy(np.array(observation[name]))[None] for name in (crop.image, crop.box)}
    x, y, half_width, half_height = (float(value) for value in crop(batch)[crop.region][0])
    low_x, low_y, high_x, high_y = x - half_width, y - half_height, x + half_width, y + half_height
    return (low_x + 1) / 2, (low_y + 1) / 2, (high_x + 1) / 2, (high_y + 1) / 2
