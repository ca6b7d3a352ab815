"""two-eyes: one eye searches around the prompt, the other watches what is between the fingers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from millwright.nets.colour import FoundColour, compute_likeness
from millwright.nets.mlp import MLP
from millwright.nets.vision import ConvEye, paint_coordinates
from millwright.policies.network import FIRST, Network


@dataclass(frozen=True)
class TwoEyesConfig:
    """Sizes of the network."""

    length: int = 16
    dof: int = 5
    proprio: int = 6
    crop_size: int = 32
    hand_size: int = 48
    channels: tuple[int, ...] = (16, 32, 64, 128)
    proprio_widths: tuple[int, ...] = (64, 64)
    head_widths: tuple[int, ...] = (256, 256)


class TwoEyes(Network):
    """A chunk of actions at once from two crops and the colour that was pointed at; plain L1 on the target.

    The crop around the prompt leads to what was pointed at, also when the prompt is off or the thing has moved. The
    crop around the fingertips, which stand still in a wrist camera's picture, serves for the last centimetres,
    whatever the calibration says. Both get a channel that says where they have the colour that lay at the prompt when
    the episode began.

    Reads `crop` (batch, 3, crop_size, crop_size) 0..255, `region` (batch, 4), `hand` (batch, 3, hand_size, hand_size)
    0..255, `first.crop`, as `crop`, and `proprio` (batch, proprio).
    """

    Config = TwoEyesConfig

    def __init__(self, config: TwoEyesConfig) -> None:
        super().__init__()
        self.config = config
        self.colour = FoundColour()
        self.eye = ConvEye(config.crop_size, 6, config.channels)
        self.hand_eye = ConvEye(config.hand_size, 6, config.channels)
        self.body = MLP(config.proprio, config.proprio_widths, activate_last=True)
        seen = self.eye.num_features + self.hand_eye.num_features + self.body.num_features
        self.head = MLP(seen, (*config.head_widths, config.length * config.dof))

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("crop", "region", "hand", "proprio", FIRST + "crop")

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        colour = self.colour(batch[FIRST + "crop"])
        around = _add_likeness(paint_coordinates(batch["crop"], batch["region"]), colour)
        between = _add_likeness(paint_coordinates(batch["hand"]), colour)
        parts = (self.eye(around), self.hand_eye(between), self.body(batch["proprio"]))
        chunk: Tensor = self.head(torch.cat(parts, 1))
        return chunk.view(-1, self.config.length, self.config.dof)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        return {"loss": nn.functional.l1_loss(self.sample(batch).float(), batch["target"])}


def _add_likeness(painted: Tensor, colour: Tensor) -> Tensor:
    likeness = compute_likeness(painted[:, :3], colour)
    return torch.cat((painted, likeness), 1).contiguous(memory_format=torch.channels_last)
