"""Grey: an image replaced by plain grey, for control arms that are trained blind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from millwright.processors.processor import Batch, Processor, need


@dataclass(frozen=True)
class Grey(Processor):
    """Every pixel of `image` becomes 128."""

    image: str = "observation.images.wrist"

    def __call__(self, batch: Batch) -> dict[str, Any]:
        return {**batch, self.image: torch.full_like(need(batch, self.image), 128)}
