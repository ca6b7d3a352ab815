"""What a box x0, y0, x1, y1 (fractions of a picture) means to pixels and places of that picture."""

from __future__ import annotations

import torch
from torch import Tensor

GREEN = (0.0, 255.0, 0.0)


def cover_box(box: Tensor, size: int, grow: float = 0.0) -> Tensor:
    """How much of each pixel lies in the box: (batch, 4) -> (batch, 1, size, size), 0..1.

    Args:
        grow: pixels by which every side of the box is moved outwards first; inwards where negative.
    """
    edges = torch.arange(size, device=box.device)
    low = box[:, :2, None] * size - grow
    high = box[:, 2:4, None] * size + grow
    across, down = (torch.minimum(high, edges + 1) - torch.maximum(low, edges)).clamp(min=0).unbind(1)
    return (down[:, :, None] * across[:, None, :]).unsqueeze(1)


def draw_box(image: Tensor, box: Tensor, thickness: float = 2.0) -> Tensor:
    """A green frame around the box, half of it inside: (batch, 3, size, size) 0..255 -> the same as float.

    Args:
        thickness: of the line, px.
    """
    size = image.shape[2]
    line = cover_box(box, size, thickness / 2) - cover_box(box, size, -thickness / 2)
    colour = torch.tensor(GREEN, device=image.device).view(1, 3, 1, 1)
    return torch.lerp(image.float(), colour.expand(image.shape), line)


def compute_distances(box: Tensor, side: int) -> Tensor:
    """How far the centres of side x side places lie from the box, 0 inside it: (batch, 4) -> (batch, side * side).

    In sides of the picture; places are numbered row by row.
    """
    centres = (torch.arange(side, device=box.device) + 0.5) / side
    outside = torch.maximum(box[:, :2, None] - centres, centres - box[:, 2:4, None]).clamp(min=0)
    across, down = outside.unbind(1)  # (batch, side) each
    return torch.hypot(down[:, :, None], across[:, None, :]).flatten(1)
