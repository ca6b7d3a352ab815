"""hashed: a bag of words without any weights, to compare with encoders that know what words mean."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import torch
from torch import Tensor

from millwright.core.errors import OptionError
from millwright.nets.text.encoder import TextEncoder
from millwright.nets.text.wordpiece import split_words


class Hashed(TextEncoder):
    """Each word is a random direction that its letters decide, a text the mean of its words: no synonyms, no order."""

    dim = 64

    def __init__(self, weights: str = "") -> None:
        super().__init__()
        if weights:
            raise OptionError(f"hashed words have no weights; leave out {weights!r}, or take another encoder")

    def spell(self, text: str) -> tuple[str, ...]:
        return tuple(split_words(text)) or ("",)

    def _encode(self, texts: list[str]) -> tuple[Tensor, Tensor, Tensor]:
        rows = [list(self.spell(text)) for text in texts]
        longest = max(map(len, rows))
        tokens = torch.stack(
            [torch.stack([_draw(word, self.dim) for word in row + [""] * (longest - len(row))]) for row in rows]
        )
        mask = torch.arange(longest) < torch.tensor([len(row) for row in rows])[:, None]
        return (tokens * mask.unsqueeze(2)).sum(1), tokens, mask


@lru_cache(maxsize=10_000)
def _draw(word: str, dim: int) -> Tensor:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little", signed=True)
    return torch.randn(dim, generator=torch.Generator().manual_seed(seed))
