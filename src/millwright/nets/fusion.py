"""How words meet pictures: while the eyes look, or after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from millwright.nets.film import Films
from millwright.nets.mlp import MLP
from millwright.nets.pointing import Asking, PointingEye, update_belief
from millwright.nets.transformer import CrossAttention, FeedForward

SEEN, ASKED, FITS, BELIEVED = "seen.", "asked.", "fits", "believed"


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

    def look(self, eyes: nn.ModuleDict, pictures: Mapping[str, Tensor], text: Tensor | None) -> list[Tensor]:
        """Each camera's picture (batch, inputs, size, size), text (batch, text) -> each (batch, places, channels)."""
        if self.text is None:
            return [eye(pictures[camera]) for camera, eye in eyes.items()]
        assert text is not None, "a network that hears is told something"
        said = self.text(self.norm(text))
        return [eye(pictures[camera], self.films[camera](said)) for camera, eye in eyes.items()]

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

    def look(self, eyes: nn.ModuleDict, pictures: Mapping[str, Tensor], text: Tensor | None) -> dict[str, Tensor]:
        """Of each camera's picture (batch, inputs, size, size) what there is to be seen, `seen.CAMERA`, and what the
        text (batch, text) or (batch, words, text) asks it for, `asked.CAMERA` (batch, width); then `fits`, the logits
        of where in the first one lies what is meant, and `believed`, the same as probabilities (batch, places + 1).
        """
        count = len(next(iter(pictures.values())))
        seen = {camera: cast(PointingEye, eye).look(pictures[camera]) for camera, eye in eyes.items()}
        asked = {camera: asking(text, count) for camera, asking in self.asking.items()}
        camera, eye = next(iter(eyes.items()))
        fits = cast(PointingEye, eye).score(seen[camera], asked[camera])
        looked = {SEEN + camera: features for camera, features in seen.items()}
        looked |= {ASKED + camera: query for camera, query in asked.items()}
        return {**looked, FITS: fits, BELIEVED: fits.softmax(1)}

    def point(self, eyes: nn.ModuleDict, looked: Mapping[str, Any], before: Tensor | None = None) -> dict[str, Tensor]:
        """From what `look` gave the tokens of all cameras, `places`, and `scores` (batch, cameras, places + 1): logits
        of where in each picture lies what is meant, the last: nowhere.

        Args:
            before: (batch, places + 1) what was believed of the first camera's picture, which stands still, before the
                newest frame; `believed` is what is believed now, with or without.
        """
        believed = looked[BELIEVED] if before is None else update_belief(before, looked[BELIEVED])
        first, *others = eyes.items()
        pointed = [cast(PointingEye, first[1]).point(looked[SEEN + first[0]], believed)]
        scores = [looked[FITS]]
        for camera, eye in others:
            seen, query = looked[SEEN + camera], looked[ASKED + camera] + self.alike[camera](pointed[-1].what)
            scores.append(cast(PointingEye, eye).score(seen, query))
            pointed.append(cast(PointingEye, eye).point(seen, scores[-1].softmax(1)))
        tokens = torch.cat([one.tokens for one in pointed], 1)
        return {"places": tokens, "scores": torch.stack(scores, 1), BELIEVED: believed}

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

    def look(self, eyes: nn.ModuleDict, pictures: Mapping[str, Tensor], text: Tensor | None) -> list[Tensor]:
        """As `FilmFusion.look`; the eyes do not hear."""
        return [eye(pictures[camera]) for camera, eye in eyes.items()]

    def forward(self, tokens: Tensor, text: Tensor | None) -> Tensor:
        """Tokens (batch, tokens, width), text (batch, text) or (batch, words, text) -> (batch, tokens, width)."""
        if self.attention is not None and text is not None:
            words = text if text.ndim == 3 else text.unsqueeze(1)
            said = self.text(self.norm(words))
            tokens = tokens + self.attention(self.norm1(tokens), said, words.ne(0).any(2))
        added: Tensor = tokens + self.mlp(self.norm2(tokens))
        return added
