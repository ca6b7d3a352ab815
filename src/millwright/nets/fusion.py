"""How words meet pictures: while the eyes look, or after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from millwright.nets.film import Films
from millwright.nets.mlp import MLP
from millwright.nets.pointing import Asking, Pointed
from millwright.nets.transformer import CrossAttention, FeedForward

Seen = tuple[list[Tensor], dict[str, Tensor]]
"""Tokens (batch, tokens, channels) of each camera, and what else came of looking."""


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

    def look(self, eyes: nn.ModuleDict, pictures: Mapping[str, Tensor], text: Tensor | None) -> Seen:
        """Each camera's picture (batch, inputs, size, size), text (batch, text)."""
        if self.text is None:
            return [eye(pictures[camera]) for camera, eye in eyes.items()], {}
        assert text is not None, "a network that hears is told something"
        said = self.text(self.norm(text))
        return [eye(pictures[camera], self.films[camera](said)) for camera, eye in eyes.items()], {}

    def forward(self, tokens: Tensor, text: Tensor | None) -> Tensor:
        """The tokens: they have met the text in the eyes."""
        return tokens


class PointingFusion(nn.Module):
    """Each camera's `PointingEye` is asked for what the text names, and for what those before it have pointed at.

    Args:
        text: numbers of an embedding; 0: no words.
        questions: asked of the text's tokens; what is not asked for is not heard.
        width: numbers of a query.
        features: numbers of what an eye points at.
    """

    def __init__(self, cameras: Sequence[str], text: int, questions: int, width: int, features: int) -> None:
        super().__init__()
        self.asking = nn.ModuleDict({camera: Asking(text, questions, width) for camera in cameras})
        self.alike = nn.ModuleDict({camera: nn.Linear(features, width) for camera in cameras[1:]})

    def look(self, eyes: nn.ModuleDict, pictures: Mapping[str, Tensor], text: Tensor | None) -> Seen:
        """As `FilmFusion.look`; also `scores` (batch, cameras, places + 1), the logits of where each eye points."""
        looked: list[Pointed] = []
        for camera, eye in eyes.items():
            query = self.asking[camera](text, len(pictures[camera]))
            if looked:
                query = query + self.alike[camera](looked[-1].what)
            looked.append(eye(pictures[camera], query))
        return [one.tokens for one in looked], {"scores": torch.stack([one.scores for one in looked], 1)}

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

    def look(self, eyes: nn.ModuleDict, pictures: Mapping[str, Tensor], text: Tensor | None) -> Seen:
        """As `FilmFusion.look`; the eyes do not hear."""
        return [eye(pictures[camera]) for camera, eye in eyes.items()], {}

    def forward(self, tokens: Tensor, text: Tensor | None) -> Tensor:
        """Tokens (batch, tokens, width), text (batch, text) or (batch, words, text) -> (batch, tokens, width)."""
        if self.attention is not None and text is not None:
            words = text if text.ndim == 3 else text.unsqueeze(1)
            said = self.text(self.norm(words))
            tokens = tokens + self.attention(self.norm1(tokens), said, words.ne(0).any(2))
        added: Tensor = tokens + self.mlp(self.norm2(tokens))
        return added
