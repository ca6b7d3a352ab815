"""From what is seen and known to a chunk of actions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from millwright.nets.mlp import MLP
from millwright.nets.queries import Queries


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
        self.queries = Queries(chunk[0], width, heads, blocks, ratio=ratio)
        self.out = nn.Linear(width, chunk[1])

    def forward(self, tokens: Tensor, body: Tensor | None) -> Tensor:
        """(batch, tokens, channels), (batch, body) -> (batch, length, dof)."""
        memory = self.tokens_in(tokens) + self.positions
        if self.body_in is not None and body is not None:
            memory = torch.cat((memory, self.body_in(body).unsqueeze(1)), 1)
        chunk: Tensor = self.out(self.queries(self.memory_norm(memory)))
        return chunk
