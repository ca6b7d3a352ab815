"""prompt-chunk: an eye on the crop around the prompt, a few numbers, and a chunk of actions at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from millwright.nets.mlp import MLP
from millwright.nets.vision import ConvEye, paint_coordinates
from millwright.policies.network import Network


@dataclass(frozen=True)
class PromptChunkConfig:
    """Sizes of the network.

    `image_size` > 0 adds an eye on the whole image (the input `image`).
    """

    length: int = 16
    dof: int = 5
    proprio: int = 8
    crop_size: int = 32
    channels: tuple[int, ...] = (16, 32, 64, 128)
    proprio_widths: tuple[int, ...] = (64, 64)
    head_widths: tuple[int, ...] = (256, 256)
    image_size: int = 0
    image_channels: tuple[int, ...] = (16, 32, 32, 32)


class PromptChunk(Network):
    """A small convolutional net over the crop with two coordinate channels; plain L1 on the target.

    Reads `crop` (batch, 3, crop_size, crop_size) 0..255, `region` (batch, 4), `proprio` (batch, proprio); with a
    second eye, `image` (batch, 3, image_size, image_size) 0..255.
    """

    Config = PromptChunkConfig

    def __init__(self, config: PromptChunkConfig) -> None:
        super().__init__()
        self.config = config
        self.eye = ConvEye(config.crop_size, 5, config.channels)
        self.wide_eye = ConvEye(config.image_size, 5, config.image_channels) if config.image_size else None
        self.body = MLP(config.proprio, config.proprio_widths, activate_last=True)
        seen = self.eye.num_features + (self.wide_eye.num_features if self.wide_eye else 0)
        self.head = MLP(seen + self.body.num_features, (*config.head_widths, config.length * config.dof))

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("crop", "region", "proprio", *(("image",) if self.wide_eye else ()))

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        parts = [self.eye(paint_coordinates(batch["crop"], batch["region"])), self.body(batch["proprio"])]
        if self.wide_eye is not None:
            parts.append(self.wide_eye(paint_coordinates(batch["image"])))
        chunk: Tensor = self.head(torch.cat(parts, 1))
        return chunk.view(-1, self.config.length, self.config.dof)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"loss": nn.functional.l1_loss(self.sample(batch).float(), batch["target"])}
