"""Queries: learned tokens that ask a memory, block after block (Carion et al. 2020)."""

from __future__ import annotations

from typing import Self, cast

import torch
from torch import Tensor, nn

from millwright.core.errors import OptionError
from millwright.nets.transformer import DecoderBlock


class Queries(nn.Module):
    """One answer for each of `count` queries.

    Args:
        blocks: that decode; at least 1.
        ratio: width within a block's feed-forward network over `width`.

    Raises:
        OptionError: no block.
    """

    def __init__(self, count: int, width: int, heads: int, blocks: int, *, ratio: int = 2, dropout: float = 0.0):
        super().__init__()
        if blocks < 1:
            raise OptionError(f"queries are answered by at least 1 block, got {blocks}")
        self.queries = nn.Parameter(torch.randn(count, width) * 0.02)
        self.blocks = nn.ModuleList(DecoderBlock(width, heads, ratio=ratio, dropout=dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self._conferred: tuple[Tensor, Tensor] | None = None

    def forward(self, memory: Tensor) -> Tensor:
        """(batch, tokens, width) -> (batch, count, width)."""
        first, *others = (cast(DecoderBlock, block) for block in self.blocks)
        queries = self.queries.expand(memory.shape[0], -1, -1)
        conferred, asked = self._conferred or first.confer(queries)
        answers = first.look(conferred.expand_as(queries), asked.expand_as(queries), memory)
        for block in others:
            answers = block(answers, memory)
        normed: Tensor = self.norm(answers)
        return normed

    def streamlined(self) -> Self:
        """For calls only: what the queries tell each other before they look is the same in every call."""
        self._conferred = cast(DecoderBlock, self.blocks[0]).confer(self.queries.unsqueeze(0))
        return self
