"""BERT (Devlin et al. 2019) without its pooler; parameters are named as in Hugging Face's files."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention


@dataclass(frozen=True)
class BertConfig:
    """Sizes; those of MiniLM-L6-H384 (Wang et al. 2020)."""

    words: int = 30522
    positions: int = 512
    width: int = 384
    hidden: int = 1536
    heads: int = 12
    blocks: int = 6


class Bert(nn.Module):
    """Tokens in, a vector for each out."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(_Block(config) for _ in range(config.blocks))})

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(batch, length) int64 and bool -> (batch, length, width); what the mask leaves out is looked at by none."""
        tokens: Tensor = self.embeddings(ids)
        seen = mask[:, None, None, :]
        for block in self.encoder["layer"].children():
            tokens = block(tokens, seen)
        return tokens


class _Embeddings(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.words, config.width)
        self.position_embeddings = nn.Embedding(config.positions, config.width)
        self.token_type_embeddings = nn.Embedding(2, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=1e-12)

    def forward(self, ids: Tensor) -> Tensor:
        where = self.position_embeddings.weight[: ids.shape[1]] + self.token_type_embeddings.weight[0]
        normed: Tensor = self.LayerNorm(self.word_embeddings(ids) + where)
        return normed


class _Block(nn.Module):
    """Norms come last, unlike in `nets.transformer`."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width, self.heads = config.width, config.heads
        names = ("query", "key", "value")
        self.attention = nn.ModuleDict(
            {
                "self": nn.ModuleDict({name: nn.Linear(width, width) for name in names}),
                "output": _Output(width, width),
            }
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, config.hidden)})
        self.output = _Output(config.hidden, width)

    def forward(self, tokens: Tensor, seen: Tensor) -> Tensor:
        query, key, value = (
            layer(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in self.attention["self"].children()
        )
        looked = scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).flatten(2)
        tokens = self.attention["output"](looked, tokens)
        added: Tensor = self.output(gelu(self.intermediate["dense"](tokens)), tokens)
        return added


class _Output(nn.Module):
    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.LayerNorm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, values: Tensor, kept: Tensor) -> Tensor:
        normed: Tensor = self.LayerNorm(self.dense(values) + kept)
        return normed


def compute_mean(tokens: Tensor, mask: Tensor) -> Tensor:
    """Mean of a text's tokens (batch, width), those that the mask leaves out not counted."""
    weight = mask.unsqueeze(2).to(tokens.dtype)
    total: Tensor = (tokens * weight).sum(1) / weight.sum(1)
    return total


def pad(rows: list[list[int]], filler: int) -> tuple[Tensor, Tensor]:
    """Numbers (rows, longest) int64 and where there are any, bool."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [filler] * (longest - len(row)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(longest) < lengths[:, None]
