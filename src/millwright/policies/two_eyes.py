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
    modes: int = 1
    """Chunks that are proposed, the likeliest of which is played."""


SHARE_OF_ALL, WORTH_OF_CHOICE = 0.05, 0.1
"""Of the loss: of the proposals that were not the best, which would never learn otherwise; of the choice."""
SAME = 0.03
"""Proposals whose errors differ by less are as good: to tell which of them is the best would teach noise."""


class TwoEyes(Network):
    """A chunk of actions at once from two crops and the colour that was pointed at; L1 on the target.

    Where there are several ways to do it, L1 learns what lies between them. With several `modes` it is only the best of
    as many proposals that learns from a sample (multiple choice learning, Guzman-Rivera et al. 2012), and how likely
    each is to be the best is learned along with them.

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
        self.num_chosen = config.length * config.dof * config.modes
        scores = config.modes if config.modes > 1 else 0
        self.head = MLP(seen, (*config.head_widths, self.num_chosen + scores))

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("crop", "region", "hand", "proprio", FIRST + "crop")

    def propose(self, batch: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
        """Chunks (batch, modes, length, dof) and a score of each (batch, modes); (batch, 0) where there is but one."""
        colour = self.colour(batch[FIRST + "crop"])
        around = _add_likeness(paint_coordinates(batch["crop"], batch["region"]), colour)
        between = _add_likeness(paint_coordinates(batch["hand"]), colour)
        parts = (self.eye(around), self.hand_eye(between), self.body(batch["proprio"]))
        chunks, scores = self.head(torch.cat(parts, 1)).tensor_split([self.num_chosen], 1)
        return chunks.view(-1, self.config.modes, self.config.length, self.config.dof), scores

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        chunks, scores = self.propose(batch)
        if self.config.modes == 1:
            return chunks[:, 0]
        best = scores.argmax(1).view(-1, 1, 1, 1).expand(-1, 1, *chunks.shape[2:])
        return chunks.gather(1, best)[:, 0]

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        chunks, scores = self.propose(batch)
        if self.config.modes == 1:
            return {"loss": nn.functional.l1_loss(chunks[:, 0].float(), batch["target"])}
        errors = (chunks.float() - batch["target"][:, None]).abs().mean((2, 3))
        best = errors.amin(1).mean()
        choice = nn.functional.cross_entropy(scores.float(), torch.softmax(-errors.detach() / SAME, 1))
        distance = (1 - SHARE_OF_ALL) * best + SHARE_OF_ALL * errors.mean()
        return {"loss": distance + WORTH_OF_CHOICE * choice, "distance": best.detach(), "choice": choice.detach()}


def _add_likeness(painted: Tensor, colour: Tensor) -> Tensor:
    likeness = compute_likeness(painted[:, :3], colour)
    return torch.cat((painted, likeness), 1).contiguous(memory_format=torch.channels_last)
