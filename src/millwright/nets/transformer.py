"""Transformer blocks (Vaswani et al. 2017), norms first."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

from millwright.nets.dropout import Dropout
from millwright.nets.quick import lay_out_for_rows


class SelfAttention(nn.Module):
    """Every token looks at every token."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) -> the same shape."""
        query, key, value = self.qkv(tokens).chunk(3, 2)
        return _attend(query, key, value, self.heads, self.proj)

    def read_first(self, tokens: Tensor) -> Tensor:
        """What `forward` gives for the first token, (batch, 1, width): the others ask nothing."""
        width = tokens.shape[2]
        query = linear(tokens[:, :1], self.qkv.weight[:width], self.qkv.bias[:width])
        key, value = linear(tokens, self.qkv.weight[width:], self.qkv.bias[width:]).chunk(2, 2)
        return _attend(query, key, value, self.heads, self.proj)


class CrossAttention(nn.Module):
    """Every token looks at every token of a memory."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, length, width), (batch, memory, width) -> (batch, length, width).

        Args:
            mask: (batch, memory) bool; where it is False nothing looks.
        """
        return self.answer(self.query(tokens), memory, mask)

    def answer(self, asked: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """The same for queries that are there already."""
        key, value = self.key_value(memory).chunk(2, 2)
        return _attend(asked, key, value, self.heads, self.proj, mask)


def compute_attention(query: Tensor, key: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """How much each query looks at each key, to be looked at: (batch, heads, queries, keys), each row's sum is 1.

    Args:
        query, key: (batch, tokens, width) as `CrossAttention` makes them.
        mask: (batch, keys) bool; where it is False nothing looks.
    """
    query, key = (tokens.unflatten(2, (heads, -1)).transpose(1, 2) for tokens in (query, key))
    likeness: Tensor = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
    if mask is not None:
        likeness = likeness.masked_fill(~mask[:, None, None], float("-inf"))
    return likeness.softmax(3)


def _attend(
    query: Tensor, key: Tensor, value: Tensor, heads: int, proj: nn.Linear, mask: Tensor | None = None
) -> Tensor:
    query, key, value = (tokens.unflatten(2, (heads, -1)).transpose(1, 2) for tokens in (query, key, value))
    allowed = None if mask is None else mask[:, None, None]
    looked = scaled_dot_product_attention(query, key, value, attn_mask=allowed)
    seen: Tensor = proj(looked.transpose(1, 2).flatten(2))
    return seen


class FeedForward(nn.Module):
    """Two layers with GELU between them, on each token alone."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) -> the same shape."""
        changed: Tensor = self.fc2(gelu(self.fc1(tokens)))
        return changed


class LayerScale(nn.Module):
    """A learned factor for each channel (Touvron et al. 2021)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) -> the same shape."""
        return tokens * self.gamma


class EncoderBlock(nn.Module):
    """Self-attention, then a feed-forward network, each added to what came in; parameters are named as in DINOv2.

    Args:
        ratio: width within the feed-forward network over the width of a token.
        layer_scale: give what each part adds a learned factor.
    """

    def __init__(
        self, width: int, heads: int, *, ratio: int = 2, dropout: float = 0.0, layer_scale: bool = False
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = SelfAttention(width, heads)
        self.ls1 = LayerScale(width) if layer_scale else nn.Identity()
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = FeedForward(width, ratio * width)
        self.ls2 = LayerScale(width) if layer_scale else nn.Identity()
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) -> the same shape."""
        tokens = tokens + self.dropout(self.ls1(self.attn(self.norm1(tokens))))
        added: Tensor = tokens + self.dropout(self.ls2(self.mlp(self.norm2(tokens))))
        return added

    def read_first(self, tokens: Tensor) -> Tensor:
        """What `forward` gives for the first token, (batch, 1, width), at a fraction of the cost."""
        first = tokens[:, :1] + self.dropout(self.ls1(self.attn.read_first(self.norm1(tokens))))
        added: Tensor = first + self.dropout(self.ls2(self.mlp(self.norm2(first))))
        return added

    def streamlined(self) -> Self:
        """For calls only."""
        return lay_out_for_rows(self)


class DecoderBlock(nn.Module):
    """Self-attention, attention to a memory, a feed-forward network, each added to what came in."""

    def __init__(self, width: int, heads: int, *, ratio: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = SelfAttention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.cross = CrossAttention(width, heads)
        self.norm3 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = FeedForward(width, ratio * width)
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor, memory: Tensor) -> Tensor:
        """(batch, length, width), (batch, memory, width) -> (batch, length, width)."""
        return self.look(*self.confer(tokens), memory)

    def confer(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What needs no memory: the tokens after they looked at each other, and their queries to a memory.

        (batch, length, width) -> two of the same shape.
        """
        conferred = tokens + self.dropout(self.attn(self.norm1(tokens)))
        return conferred, self.cross.query(self.norm2(conferred))

    def look(self, tokens: Tensor, asked: Tensor, memory: Tensor) -> Tensor:
        """The rest: twice (batch, length, width), (batch, memory, width) -> (batch, length, width)."""
        tokens = tokens + self.dropout(self.cross.answer(asked, memory))
        added: Tensor = tokens + self.dropout(self.mlp(self.norm3(tokens)))
        return added

    def streamlined(self) -> Self:
        """For calls only."""
        return lay_out_for_rows(self)
