"""TextEncoder: texts in, one vector for each and one for each of its tokens out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Text(NamedTuple):
    """What an encoder makes of texts."""

    sentence: Tensor  # (texts, dim), of length 1
    tokens: Tensor  # (texts, length, dim); 0 where a text is shorter
    mask: Tensor  # (texts, length) bool: where there is a token


class TextEncoder(nn.Module, ABC):
    """Never trained, and what it says of a text does not depend on the texts beside it."""

    dim: int

    def encode(self, texts: Sequence[str]) -> Text:
        """Vectors of texts, on the CPU in float32."""
        with torch.inference_mode():
            sentence, tokens, mask = self._encode(list(texts))
            long = nn.functional.normalize(sentence.float())
            return Text(long, tokens.float() * mask.unsqueeze(2), mask)

    @abstractmethod
    def spell(self, text: str) -> tuple[str, ...]:
        """The text's tokens as one reads them, as many as `encode` gives."""

    @abstractmethod
    def _encode(self, texts: list[str]) -> tuple[Tensor, Tensor, Tensor]:
        """As `Text`, of any length and with anything where there is no token."""

    @property
    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())
