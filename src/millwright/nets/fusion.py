"""How words meet pictures: while the eyes look, or after."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from millwright.nets.film import Films
from millwright.nets.mlp import MLP
from millwright.nets.transformer import CrossAttention, FeedForward


class FilmFusion(nn.Module):
    """A text scales and shifts what the last convolutions of each camera's `FilmEye` give.

    Args:
        text: numbers of an embedding; 0: no words.
        width: what it is reduced to.
        channels: of the layers that are modulated.
    """

    def __init__(self, cameras: Sequence[str], text: int, width: int, channels: Sequence[int]) -> None:
        super().__init__()
        # Embeddings are of length 1: as they are, their numbers are small and the words are learned late.
        self.norm = nn.LayerNorm(text, eps=1e-6) if text else nn.Identity()
        self.text = MLP(text, (width,), activate_last=True) if text else None
        self.films = nn.ModuleDict({camera: Films(width, channels) for camera in (cameras if text else ())})

    def modulate(self, text: Tensor | None) -> dict[str, list[Tensor]]:
        """What each camera's eye takes beside its picture."""
        if self.text is None:
            return {}
        said = self.text(self.norm(text))
        return {camera: films(said) for camera, films in self.films.items()}

    def forward(self, tokens: Tensor, text: Tensor | None) -> Tensor:
        """The tokens: they have met the text in the eyes."""
        return tokens


class AttentionFusion(nn.Module):
    """What was seen looks at the words, then thinks about it.

    Args:
        text: numbers of an embedding; 0: no words.
    """

    def __init__(self, width: int, text: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(text, eps=1e-6) if text else nn.Identity()
        self.text = nn.Linear(text, width) if text not in (0, width) else nn.Identity()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = CrossAttention(width, heads) if text else None
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = FeedForward(width, hidden)

    def modulate(self, text: Tensor | None) -> dict[str, list[Tensor]]:
        """Nothing: the eyes do not hear."""
        return {}

    def forward(self, tokens: Tensor, text: Tensor | None) -> Tensor:
        """Tokens (batch, tokens, width), text (batch, text) or (batch, words, text) -> (batch, tokens, width)."""
        if self.attention is not None and text is not None:
            words = text if text.ndim == 3 else text.unsqueeze(1)
            said = self.text(self.norm(words))
            tokens = tokens + self.attention(self.norm1(tokens), said, words.ne(0).any(2))
        added: Tensor = tokens + self.mlp(self.norm2(tokens))
        return added
