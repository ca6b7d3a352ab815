"""From what is seen and known to a chunk of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, cast

import torch
from torch import Tensor, nn

from millwright.nets.mlp import MLP
from millwright.nets.transformer import DecoderBlock


class MlpDecoder(nn.Module):
    """All tokens as one vector, and the whole chunk at once.

    Args:
        tokens: how many, and how many numbers each has.
        body: numbers beside them.
        chunk: actions, and numbers of each.
    """

    def __init__(self, tokens: tuple[int, int], body: int, chunk: tuple[int, int], widths: Sequence[int]) -> None:
        super().__init__()
        self.chunk = chunk
        self.head = MLP(tokens[0] * tokens[1] + body, (*widths, chunk[0] * chunk[1]))

    def forward(self, tokens: Tensor, body: Tensor | None) -> Tensor:
        """(batch, tokens, channels), (batch, body) -> (batch, length, dof)."""
        known = (tokens.flatten(1),) if body is None else (tokens.flatten(1), body)
        chunk: Tensor = self.head(torch.cat(known, 1))
        return chunk.view(-1, *self.chunk)


class TransformerDecoder(nn.Module):
    """Each action of the chunk asks what is seen, and the other actions.

    Args:
        tokens, body, chunk: as for `MlpDecoder`.
        ratio: width within a block's feed-forward network over `width`.
    """

    def __init__(
        self, tokens: tuple[int, int], body: int, chunk: tuple[int, int],
        *, width: int, heads: int, blocks: int, ratio: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.tokens_in = nn.Linear(tokens[1], width)
        self.body_in = nn.Linear(body, width) if body else None
        self.positions = nn.Parameter(torch.randn(tokens[0], width) * 0.02)
        self.memory_norm = nn.LayerNorm(width, eps=1e-6)
        self.queries = nn.Parameter(torch.randn(chunk[0], width) * 0.02)
        self.blocks = nn.ModuleList(DecoderBlock(width, heads, ratio=ratio) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.out = nn.Linear(width, chunk[1])
        self._conferred: tuple[Tensor, Tensor] | None = None

    def streamlined(self) -> Self:
        """For calls only: what the queries tell each other before they look is the same in every call."""
        self._conferred = cast(DecoderBlock, self.blocks[0]).confer(self.queries.unsqueeze(0))
        return self

    def forward(self, tokens: Tensor, body: Tensor | None) -> Tensor:
        """(batch, tokens, channels), (batch, body) -> (batch, length, dof)."""
        memory = self.tokens_in(tokens) + self.positions
        if self.body_in is not None and body is not None:
            memory = torch.cat((memory, self.body_in(body).unsqueeze(1)), 1)
        memory = self.memory_norm(memory)
        first, *others = (cast(DecoderBlock, block) for block in self.blocks)
        queries = self.queries.expand(len(tokens), -1, -1)
        conferred, asked = self._conferred or first.confer(queries)
        actions = first.look(conferred.expand_as(queries), asked.expand_as(queries), memory)
        for block in others:
            actions = block(actions, memory)
        chunk: Tensor = self.out(self.norm(actions))
        return chunk
