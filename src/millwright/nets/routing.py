"""How a prompt reaches a network: painted into the picture, as a token of its own, or by what of it is let through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from millwright.nets.boxes import compute_distances, cover_box, draw_box
from millwright.nets.mlp import MLP
from millwright.nets.transformer import CrossAttention
from millwright.nets.vision import paint_coordinates


class Plain(nn.Module):
    """The places alone: the prompt, if any, is in the picture."""

    num_added = 0

    def __init__(self, side: int, channels: int) -> None:
        super().__init__()

    def forward(self, places: Tensor, box: Tensor) -> Tensor:
        """(batch, places, channels), (batch, 4) -> (batch, places, channels)."""
        return places


class BoxToken(nn.Module):
    """The box as one more token."""

    num_added = 1

    def __init__(self, side: int, channels: int) -> None:
        super().__init__()
        self.embed = MLP(4, (channels, channels))

    def forward(self, places: Tensor, box: Tensor) -> Tensor:
        """(batch, places, channels), (batch, 4) -> (batch, places + 1, channels)."""
        return torch.cat((places, self.embed(box[:, :4] * 2 - 1).unsqueeze(1)), 1)


class BoxAttention(nn.Module):
    """One more token: what the box, as the query, finds at the places."""

    num_added = 1

    def __init__(self, side: int, channels: int) -> None:
        super().__init__()
        self.embed = MLP(4, (channels, channels))
        self.where = nn.Parameter(torch.randn(side**2, channels) * 0.02)
        self.cross = CrossAttention(channels, heads=4 if channels % 4 == 0 else 1)
        self.norm = nn.LayerNorm(channels)

    def forward(self, places: Tensor, box: Tensor) -> Tensor:
        """(batch, places, channels), (batch, 4) -> (batch, places + 1, channels)."""
        asked = self.embed(box[:, :4] * 2 - 1).unsqueeze(1)
        found = self.norm(asked + self.cross(asked, places + self.where))
        return torch.cat((places, found), 1)


class BoxGate(nn.Module):
    """Places fade with their distance from the box, over a learned length."""

    num_added = 0

    def __init__(self, side: int, channels: int) -> None:
        super().__init__()
        self.side = side
        self.log_length = nn.Parameter(torch.tensor(0.1).log())  # a tenth of the picture at first

    def forward(self, places: Tensor, box: Tensor) -> Tensor:
        """(batch, places, channels), (batch, 4) -> (batch, places, channels)."""
        gate = (-compute_distances(box, self.side) / self.log_length.exp()).exp()
        return places * gate.unsqueeze(2)


def paint_image(batch: Mapping[str, Any]) -> Tensor:
    """The image and its coordinates."""
    return paint_coordinates(batch["image"])


def paint_crop(batch: Mapping[str, Any]) -> Tensor:
    """The crop and its coordinates in the image."""
    return paint_coordinates(batch["crop"], batch["region"])


def paint_overlay(batch: Mapping[str, Any]) -> Tensor:
    """The image with the box drawn into it, and its coordinates."""
    return paint_coordinates(draw_box(batch["image"], batch["box"]))


def paint_mask(batch: Mapping[str, Any]) -> Tensor:
    """The image, its coordinates, and a channel that is 1 in the box and 0 elsewhere."""
    painted = paint_coordinates(batch["image"])
    covered = cover_box(batch["box"], painted.shape[2])
    return torch.cat((painted, covered), 1).contiguous(memory_format=torch.channels_last)


class Routing(NamedTuple):
    """One way for a prompt to come in."""

    inputs: tuple[str, ...]
    paint: Callable[[Mapping[str, Any]], Tensor]
    num_beside: int
    """Channels painted beside the colours and the two coordinates."""
    route: type[Plain | BoxToken | BoxAttention | BoxGate]


ROUTINGS: dict[str, Routing] = {
    "none": Routing(("image",), paint_image, 0, Plain),
    "crop": Routing(("crop", "region"), paint_crop, 0, Plain),
    "token": Routing(("image", "box"), paint_image, 0, BoxToken),
    "overlay": Routing(("image", "box"), paint_overlay, 0, Plain),
    "mask": Routing(("image", "box"), paint_mask, 1, Plain),
    "attention": Routing(("image", "box"), paint_image, 0, BoxAttention),
    "gating": Routing(("image", "box"), paint_image, 0, BoxGate),
}
"""Names in a config -> how the prompt reaches the network; `none` is the control that is told nothing."""
