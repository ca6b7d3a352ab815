"""What those who drive by latents make of what they see, and what of what they decide."""

from __future__ import annotations

import torch

from millwright.processors.clip import Clip
from millwright.processors.concat import Concat
from millwright.processors.normalise import Normalise
from millwright.processors.pipeline import Pipeline
from millwright.processors.road import RoadMask

IMAGE, STATE = "observation.images.front", "observation.state"
SPREADS = (50.0, 100.0, 100.0, 100.0, 100.0, 0.4, 2.5)
"""What speed (m/s), wheels (rad/s), steering (rad) and gyro (rad/s) are divided by: fixed, not of the first drives,
which are slow."""
COST_A_RAW_STEP = 0.1
"""Of CarRacing's reward."""


def make_pipeline(size: int = 32) -> Pipeline:
    """From an observation to `image` (1, size, size) and `scalars`, and from a prediction to an action."""
    scale = Normalise("scalars", torch.zeros(len(SPREADS)), torch.tensor(SPREADS), 5.0)
    inputs = (RoadMask(IMAGE, size), Concat(((STATE, ()),), to="scalars"), scale)
    return Pipeline(inputs, (Clip((-1.0, 0.0, 0.0), (1.0, 1.0, 1.0)),))
