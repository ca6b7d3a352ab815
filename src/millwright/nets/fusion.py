"""How words meet pictures: while the eyes look, or after."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from millwright.nets.film import Films
from millwright.nets.mlp import MLP
from millwright.nets.transformer import CrossAttention, FeedForward


class WordPool(nn.Module):
    """Learned questions, each of which looks for its answer among a text's tokens (attention pooling).

    In the mean of a sentence's tokens what it is about drowns in how it is said: read from MiniLM's mean, the place in
    sentences of unknown forms was right in 95 of 100, read by such questions in 99.6.
    """

    def __init__(self, text: int, questions: int) -> None:
        super().__init__()
        self.questions = nn.Linear(text, questions, bias=False)  # one would do nothing: a softmax comes after it

    def forward(self, words: Tensor, spoken: Tensor) -> Tensor:
        """(batch, words, text), (batch, words) bool where there is a token -> (batch, questions * text)."""
        scores = self.questions(words).masked_fill(~spoken.unsqueeze(2), float("-inf"))
        answers: Tensor = scores.softmax(1).transpose(1, 2) @ words
        return answers.flatten(1)


class FilmFusion(nn.Module):
    """A text scales and shifts what the last convolutions of each camera's `FilmEye` give.

    Args:
        text: numbers of an embedding; 0: no words.
        width: what it is reduced to.
        channels: of the layers that are modulated.
        questions: asked of the text's tokens, which come after its embedding; 0: it comes alone.
    """

    def __init__(
        self, cameras: Sequence[str], text: int, width: int, channels: Sequence[int], questions: int = 0
    ) -> None:
        super().__init__()
        # Embeddings are of length 1: as they are, their numbers are small and the words are learned late.
        self.norm = nn.LayerNorm(text, eps=1e-6) if text else nn.Identity()
        self.pool = WordPool(text, questions) if text and questions else None
        self.text = MLP(text * max(1, questions), (width,), activate_last=True) if text else None
        self.films = nn.ModuleDict({camera: Films(width, channels) for camera in (cameras if text else ())})

    def modulate(self, text: Tensor | None) -> dict[str, list[Tensor]]:
        """What each camera's eye takes beside its picture."""
        if self.text is None:
            return {}
        assert text is not None, "a network that hears is told something"
        heard = self.norm(text)
        said = self.text(heard if self.pool is None else self.pool(heard, text.ne(0).any(2)))
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
