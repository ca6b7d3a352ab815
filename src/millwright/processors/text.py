"""Instructions as the vectors of a frozen text encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from millwright.core.errors import OptionError
from millwright.nets.text import TextEncoder, load_text_encoder
from millwright.processors.processor import Batch, Processor, need

KNOWN = "known."
"""Before an embedding's name in a batch: what texts were encoded as before, {text: embedding}."""


@dataclass(frozen=True)
class EncodeText(Processor):
    """Encode the texts in `text` (a list of str) to `to` (batch, dim); with `words`, to (batch, 1 + words, dim).

    A text that `known.<to>` in the batch holds is not encoded again.

    Args:
        encoder: a row of `nets.text.TEXT_ENCODERS`.
        weights: of the encoder, a folder or a name; "": its usual ones. A bundle does not hold them.
        words: tokens that follow the whole text's vector; 0 where a text is shorter, cut off where it is longer.

    Raises:
        UnknownNameError, MissingExtraError, OptionError: when called, as `load_text_encoder`.
    """

    text: str = "task"
    encoder: str = "minilm"
    weights: str = ""
    words: int = 0
    to: str = "text"

    def __post_init__(self) -> None:
        if self.words < 0:
            raise OptionError(f"words must be 0 or more, got {self.words}")

    def load(self) -> TextEncoder:
        """The encoder, shared by all in the process."""
        return load_text_encoder(self.encoder, self.weights)

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Embeddings of some texts, on the CPU."""
        text = self.load().encode(texts)
        if not self.words:
            return text.sentence
        tokens = text.tokens[:, : self.words]
        return torch.cat((text.sentence.unsqueeze(1), pad(tokens, (0, 0, 0, self.words - tokens.shape[1]))), 1)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        need(batch, self.text)
        texts: Sequence[str] = batch[self.text]
        known = dict(batch.get(KNOWN + self.to, {}))
        strange = [text for text in dict.fromkeys(texts) if text not in known]
        if strange:
            known.update(zip(strange, self.encode(strange), strict=True))
        device = next((value.device for value in batch.values() if isinstance(value, Tensor)), torch.device("cpu"))
        return {**batch, self.to: torch.stack([known[text].to(device) for text in texts])}
