"""Pointing: words ask for something, and each place of a picture answers how well it fits.

What several words ask for is asked word by word, and the answers add up: *green ball* points at what is green and a
ball, even where nothing that was learned from was both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from millwright.nets.mlp import MLP
from millwright.nets.vision import ConvEye, make_grid

POINTED = 3
"""Convolutions before a picture is pointed at: of 96 pixels 12 x 12 places, few enough to be quick, and no two things
in one."""
HIDDEN = 96


class WordPool(nn.Module):
    """Learned questions, each of which looks for its answer among a text's tokens (attention pooling).

    In the mean of a sentence's tokens what it is about drowns in how it is said: `benchmarks/bench_words.py` counts it.
    """

    def __init__(self, text: int, questions: int) -> None:
        super().__init__()
        self.questions = nn.Linear(text, questions, bias=False)  # one would do nothing: a softmax comes after it

    def forward(self, words: Tensor, spoken: Tensor) -> Tensor:
        """(batch, words, text), (batch, words) bool where there is a token -> (batch, questions, text)."""
        scores = self.questions(words).masked_fill(~spoken.unsqueeze(2), float("-inf"))
        answers: Tensor = scores.softmax(1).transpose(1, 2) @ words
        return answers


class Asking(nn.Module):
    """A text as a query: each of its `questions` adds what it heard, and none knows what the others did.

    Args:
        text: numbers of a token; 0: no words, and always the same query.
        width: numbers of the query.
    """

    def __init__(self, text: int, questions: int, width: int) -> None:
        super().__init__()
        # Embeddings are of length 1: as they are, their numbers are small and the words are learned late.
        self.norm = nn.LayerNorm(text, eps=1e-6) if text else None
        self.pool = WordPool(text, questions) if text else None
        self.heard = nn.ModuleList(MLP(text, (HIDDEN, width)) for _ in range(questions if text else 0))
        self.always = nn.Parameter(torch.zeros(width))

    def forward(self, text: Tensor | None, batch: int) -> Tensor:
        """(batch, text) or (batch, words, text) -> (batch, width)."""
        query = self.always.expand(batch, -1)
        if self.norm is None or self.pool is None:
            return query
        assert text is not None, "a network that hears is told something"
        words = text if text.ndim == 3 else text.unsqueeze(1)
        answers = self.pool(self.norm(words), words.ne(0).any(2)).unbind(1)
        heard = [hear(answer) for hear, answer in zip(self.heard, answers, strict=True)]
        return torch.stack((query, *heard)).sum(0)


class Fit(nn.Module):
    """How well each place of a picture fits a query: its key, made without any words, times the query.

    Args:
        features: of a place.
        width: numbers of a query.
    """

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.keys = nn.Conv2d(features + 2, width, 1)
        self.nowhere = nn.Linear(width, 1)

    def forward(self, seen: Tensor, query: Tensor) -> Tensor:
        """(batch, features, side, side), (batch, width) -> logits (batch, side * side + 1), the last: nowhere."""
        grid = make_grid(seen.shape[2], seen.shape[3], seen.device).expand(len(seen), -1, -1, -1)
        keys = self.keys(torch.cat((seen, grid), 1)).flatten(2)
        fits = (query.unsqueeze(1) @ keys).squeeze(1) * query.shape[1] ** -0.5
        return torch.cat((fits, self.nowhere(query)), 1)


class Pointed(NamedTuple):
    """What an eye makes of a picture once it knows where to look."""

    tokens: Tensor  # (batch, places and the one pointed at, channels)
    what: Tensor  # (batch, features) what is there


class PointingEye(nn.Module):
    """A `ConvEye` in three steps: `look`, `score` the places by a query, and `point`: look on with a place marked.

    Args:
        size, inputs, channels: as for `ConvEye`; more than `POINTED` channels.
        context: convolutions that keep the size, before it points: what is small has to be seen by more than three.
        width: numbers of a query.
    """

    def __init__(self, size: int, inputs: int, channels: Sequence[int], context: int, width: int) -> None:
        super().__init__()
        before, after = channels[:POINTED], channels[POINTED:]
        self.num_features, self.num_channels = before[-1], channels[-1]
        self.side, self.places = size // 2 ** len(channels), size // 2**POINTED
        self.near = ConvEye(size, inputs, before)
        self.context = nn.ModuleList(nn.Conv2d(before[-1], before[-1], 3, padding=1) for _ in range(context))
        self.score = Fit(before[-1], width)
        self.what = nn.Linear(before[-1], channels[-1] - 2)
        self.far = ConvEye(self.places, before[-1] + 1, after)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stubs

    def look(self, image: Tensor) -> Tensor:
        """(batch, inputs, size, size) -> (batch, features, places, places); no words yet."""
        seen: Tensor = self.near.look(image)
        for layer in self.context:
            seen = seen + layer(seen).relu_()
        return seen

    def point(self, seen: Tensor, belief: Tensor) -> Pointed:
        """What was seen, and for each place and nowhere how sure it is that what is meant lies there."""
        weights = belief[:, :-1]
        grid = make_grid(self.places, self.places, seen.device).flatten(1).T
        what = (weights.unsqueeze(1) @ seen.flatten(2).transpose(1, 2)).squeeze(1)
        pointed = torch.cat((weights @ grid, self.what(what)), 1)
        marked = torch.cat((seen, weights.view(-1, 1, self.places, self.places)), 1)
        tokens = self.far.look(marked).flatten(2).transpose(1, 2)
        return Pointed(torch.cat((tokens, pointed.unsqueeze(1)), 1), what)


TRUST, SPREAD, STRAY = 0.3, 0.2, 0.02
"""Of a belief: the weight of what a frame shows, as frames of one episode err together; the part of it that spreads to
the places around in each frame; and the part that is given up, in case all was wrong."""


def update_belief(before: Tensor, now: Tensor) -> Tensor:
    """A Bayes filter (Thrun et al. 2005, table 4.1): where something lies in pictures of a camera that stands still.

    Args:
        before: (batch, places * places + 1), each row's sum 1: what was believed; the last: nowhere.
        now: the same, from the newest frame alone.

    Returns:
        what is believed now.
    """
    side = math.isqrt(before.shape[1])
    places = before[:, :-1].view(-1, 1, side, side)
    near = avg_pool2d(places, 3, 1, 1, count_include_pad=False)
    moved = torch.cat((((1 - SPREAD) * places + SPREAD * near).flatten(1), before[:, -1:]), 1)
    prior = (1 - STRAY) * moved / moved.sum(1, keepdim=True) + STRAY / before.shape[1]
    return (prior.log() + TRUST * now.clamp(min=1e-12).log()).softmax(1)


def compute_pointing_loss(scores: Tensor, points: Tensor) -> Tensor:
    """Cross-entropy of pointing, mean over the points that are known; 0 where none is.

    Args:
        scores: (..., side * side + 1) logits, the last of nowhere.
        points: (..., 2) x and y, fractions of the picture; outside of it: nowhere; NaN: not known. The four places
            around a point share it, the nearer ones more.
    """
    side = math.isqrt(scores.shape[-1])
    known = points.isfinite().all(-1)
    if not known.any():
        return scores.sum() * 0.0
    scores, points = scores[known], points[known]
    outside = ((points < 0) | (points > 1)).any(1)
    place = (points * side - 0.5).clamp(0, side - 1)
    low = place.floor().clamp(max=side - 2).long()
    right, below = (place - low).unbind(1)
    target = torch.zeros_like(scores)
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = (below if down else 1 - below) * (right if across else 1 - right)
        target.scatter_(1, ((low[:, 1] + down) * side + low[:, 0] + across).unsqueeze(1), share.unsqueeze(1))
    target[outside] = 0.0
    target[outside, -1] = 1.0
    return -(target * scores.log_softmax(1)).sum(1).mean()
