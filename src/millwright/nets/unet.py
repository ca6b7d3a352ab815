"""A 1-D U-Net over a chunk of actions that what is seen modulates (Chi et al. 2023, after Janner et al. 2022)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import mish

from millwright.core.errors import OptionError

GROUPS = 8
"""Of the group norms: widths are multiples of it."""


def embed_time(time: Tensor, num_features: int) -> Tensor:
    """Sines and cosines of times (batch,) in 0..1 -> (batch, num_features), periods from 2 pi / 1000 to 20 pi."""
    half = num_features // 2
    frequencies = 1000 * torch.exp(torch.arange(half, device=time.device) * (-math.log(10_000) / max(half - 1, 1)))
    angles = time[:, None] * frequencies
    return torch.cat((angles.sin(), angles.cos()), 1)


class FilmBlock(nn.Module):
    """Two convolutions along time, added to what came in; a context scales and shifts what lies between (FiLM)."""

    def __init__(self, inputs: int, outputs: int, context: int, kernel: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)
        self.first_norm = nn.GroupNorm(GROUPS, outputs)
        self.film = nn.Linear(context, 2 * outputs)
        self.second = nn.Conv1d(outputs, outputs, kernel, padding=kernel // 2)
        self.second_norm = nn.GroupNorm(GROUPS, outputs)
        self.skip = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, chunk: Tensor, context: Tensor) -> Tensor:
        """(batch, inputs, length), (batch, context) -> (batch, outputs, length)."""
        scale, shift = self.film(context).unsqueeze(2).chunk(2, 1)
        changed = mish(self.first_norm(self.first(chunk))) * (1 + scale) + shift
        added: Tensor = mish(self.second_norm(self.second(changed))) + self.skip(chunk)
        return added


class ConditionalUnet(nn.Module):
    """Answers a noisy chunk with one of the same shape, given the time and what is seen.

    Args:
        dof: numbers an action.
        condition: numbers that describe what is seen.
        widths: channels at full length, at half of it, and so on; multiples of 8.
    """

    def __init__(self, dof: int, condition: int, widths: Sequence[int], *, kernel: int = 3, time: int = 64) -> None:
        super().__init__()
        if any(width % GROUPS for width in widths):
            raise OptionError(f"widths of a U-Net are multiples of {GROUPS}, got {tuple(widths)}")
        self.time_features = time
        self.time = nn.Sequential(nn.Linear(time, 2 * time), nn.Mish(), nn.Linear(2 * time, time))
        context = condition + time
        *outer, deepest = widths
        befores = (dof, *outer)

        def make_pair(inputs: int, outputs: int) -> nn.ModuleList:
            return nn.ModuleList(
                (FilmBlock(inputs, outputs, context, kernel), FilmBlock(outputs, outputs, context, kernel))
            )

        self.down = nn.ModuleList(make_pair(*pair) for pair in zip(befores, outer, strict=False))
        self.shrink = nn.ModuleList(nn.Conv1d(width, width, 3, stride=2, padding=1) for width in outer)
        self.deepest = make_pair(befores[-1], deepest)
        insides = tuple(widths[1:])
        self.grow = nn.ModuleList(nn.ConvTranspose1d(width, width, 4, stride=2, padding=1) for width in insides)
        self.up = nn.ModuleList(make_pair(inside + width, width) for inside, width in zip(insides, outer, strict=True))
        self.last = nn.Conv1d(widths[0], dof, 1)

    def forward(self, chunk: Tensor, time: Tensor, condition: Tensor) -> Tensor:
        """(batch, length, dof), (batch,) in 0..1, (batch, condition) -> (batch, length, dof).

        Raises:
            OptionError: the length cannot be halved as often as there are widths below the first.
        """
        halvings = len(self.down)
        if chunk.shape[1] % 2**halvings:
            raise OptionError(
                f"a U-Net of {halvings + 1} widths takes chunks of a multiple of {2**halvings} actions, "
                f"got {chunk.shape[1]}; choose another length or fewer widths"
            )
        context = mish(torch.cat((condition, self.time(embed_time(time, self.time_features))), 1))
        values, skips = chunk.transpose(1, 2), []
        for pair, shrink in zip(self.down, self.shrink, strict=True):
            values = _run(pair, values, context)
            skips.append(values)
            values = shrink(values)
        values = _run(self.deepest, values, context)
        for index in reversed(range(halvings)):
            values = _run(self.up[index], torch.cat((self.grow[index](values), skips[index]), 1), context)
        answer: Tensor = self.last(values)
        return answer.transpose(1, 2)


def _run(blocks: nn.Module, values: Tensor, context: Tensor) -> Tensor:
    for block in cast(nn.ModuleList, blocks):
        values = block(values, context)
    return values
