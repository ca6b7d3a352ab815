"""Augmentations: frozen callables on a batch; their randomness is torch's, which the training loop seeds and saves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Augment = Callable[[dict[str, Tensor]], dict[str, Tensor]]


@dataclass(frozen=True)
class ColourJitter:
    """Random brightness, contrast and colour cast of images (batch, 3, height, width) 0..255.

    One draw a sample: pictures of one sample were taken by one camera in one light.

    Each is the largest relative change. Values may leave 0..255 a little: networks do not mind, clamping costs time.
    """

    images: tuple[str, ...] = ("crop", "first.crop", "hand")
    brightness: float = 0.15
    contrast: float = 0.15
    colour: float = 0.05

    def __call__(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        images = [name for name in self.images if name in batch]
        if not images:
            return batch
        count, device = len(batch[images[0]]), batch[images[0]].device
        contrast = 1 + self.contrast * _draw((count, 1, 1, 1), device)
        light = 1 + self.brightness * _draw((count, 1, 1, 1), device) + self.colour * _draw((count, 3, 1, 1), device)
        shift, gain = 127.5 * (1 - contrast) * light, contrast * light
        return {**batch, **{name: torch.addcmul(shift, batch[name], gain) for name in images}}


def _draw(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Uniform in -1..1."""
    return torch.rand(shape, device=device) * 2 - 1
