"""Counts how much of an instruction for lifting is read from its text alone, two ways; prints JSON.

A linear layer is trained to say which colour, which shape and which place a sentence names, if any: from the mean of a
sentence's tokens, and from what a `WordPool` finds among them. It learns on sentences of training's forms, and is asked
about sentences whose forms, and whose ways to say a colour, no training ever uses. The encoder is frozen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from millwright.core.errors import MillwrightError
from millwright.envs.lift.instructions import COLOURED, FORMS, PLACE_WORDS, Split
from millwright.envs.lift.words import ANY_NOUNS, COLOURS, PLACES, SHAPES
from millwright.nets.pointing import WordPool
from millwright.nets.text import TextEncoder, load_text_encoder

PARTS: dict[str, tuple[str | None, ...]] = {
    "colour": (None, *COLOURS), "shape": (None, *SHAPES), "place": (None, *PLACES)
}  # fmt: skip
WIDTHS = [len(names) for names in PARTS.values()]
QUESTIONS = 4
"""As many as the network of lift-choice asks."""


@dataclass(frozen=True)
class Sentences:
    """Encoded: means (n, width), tokens (n, words, width), where there are any (n, words), and what is named (n, 3)."""

    mean: Tensor
    words: Tensor
    spoken: Tensor
    named: Tensor

    def __len__(self) -> int:
        return len(self.named)


class Reader(nn.Module):
    """Reads colour, shape and place (batch, sum of `WIDTHS`); with questions, from tokens, else from their mean."""

    def __init__(self, width: int, questions: int) -> None:
        super().__init__()
        self.pool = WordPool(width, questions) if questions else None
        self.read = nn.Linear(width * max(1, questions), sum(WIDTHS))

    def forward(self, mean: Tensor, words: Tensor, spoken: Tensor) -> Tensor:
        read: Tensor = self.read(mean if self.pool is None else self.pool(words, spoken).flatten(1))
        return read


def list_sentences(split: Split) -> list[tuple[str, tuple[int, ...]]]:
    """Every sentence that a split could say, and which row of each of `PARTS` it names."""
    nouns = [(noun, shape) for shape, group in SHAPES.items() for noun in group] + [(noun, None) for noun in ANY_NOUNS]
    whats = [(noun, (None, shape, None)) for noun, shape in nouns if shape]
    for noun, shape in nouns:
        coloured = product(COLOURS, COLOURED[split])
        whats += [(form.format(colour=colour, noun=noun), (colour, shape, None)) for colour, form in coloured]
        placed = [(place, form) for place, forms in PLACE_WORDS.items() for form in forms]
        whats += [(form.format(noun=noun), (None, shape, place)) for place, form in placed]
    rows = [
        (what, tuple(PARTS[part].index(name) for part, name in zip(PARTS, named, strict=True))) for what, named in whats
    ]
    return [(form.format(what=what), row) for form, (what, row) in product(FORMS[split], rows)]


@torch.no_grad()
def encode(encoder: TextEncoder, sentences: Sequence[tuple[str, tuple[int, ...]]], batch: int = 200) -> Sentences:
    """Encode sentences; tokens are filled up to the longest."""
    means, words, spoken = [], [], []
    for begin in range(0, len(sentences), batch):
        text = encoder.encode([said for said, _ in sentences[begin : begin + batch]])
        means.append(text[0])
        words += list(text[1])
        spoken += list(text[2])
    pad = nn.utils.rnn.pad_sequence
    named = torch.tensor([row for _, row in sentences])
    return Sentences(torch.cat(means), pad(words, batch_first=True), pad(spoken, batch_first=True), named)


def fit(sentences: Sentences, questions: int, seed: int, steps: int) -> Reader:
    """A reader, trained on batches of 128."""
    torch.manual_seed(seed)
    reader = Reader(sentences.mean.shape[1], questions)
    optimiser = torch.optim.AdamW(reader.parameters(), lr=3e-3, weight_decay=1e-2)
    for _ in range(steps):
        chosen = torch.randint(len(sentences), (128,))
        read = reader(sentences.mean[chosen], sentences.words[chosen], sentences.spoken[chosen]).split(WIDTHS, 1)
        loss = torch.stack(
            [cross_entropy(one, named) for one, named in zip(read, sentences.named[chosen].T, strict=True)]
        ).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return reader


@torch.no_grad()
def count_right(reader: Reader, sentences: Sentences) -> dict[str, int]:
    """Sentences of which a part is read right, and all three."""
    read = reader(sentences.mean, sentences.words, sentences.spoken).split(WIDTHS, 1)
    right = torch.stack([one.argmax(1) for one in read], 1) == sentences.named
    counts = dict(zip(PARTS, right.sum(0).tolist(), strict=True))
    return {**counts, "all": int(right.all(1).sum())}


def main() -> None:
    """Print the counts, over all seeds of the reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--sentences", type=int, default=3000, help="to learn from, drawn among all")
    parser.add_argument("--asked", type=int, default=800, help="of unseen forms, drawn among all")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    try:
        encoder = load_text_encoder(arguments.encoder)
    except MillwrightError as error:
        print(json.dumps({"skipped": str(error)}))
        return
    rng, encoded = np.random.default_rng(0), []
    splits: tuple[tuple[Split, int], ...] = (("train", arguments.sentences), ("unseen", arguments.asked))
    for split, count in splits:
        said = list_sentences(split)
        encoded.append(encode(encoder, [said[index] for index in rng.permutation(len(said))[:count]]))
    learned, asked = encoded
    measured: dict[str, object] = {"learned": len(learned), "asked": len(asked), "seeds": arguments.seeds}
    for name, questions in (("mean", 0), ("pool", QUESTIONS)):
        counts = [count_right(fit(learned, questions, seed, arguments.steps), asked) for seed in range(arguments.seeds)]
        of = len(asked) * arguments.seeds
        right = {part: sum(count[part] for count in counts) for part in counts[0]}
        measured[name] = {part: {"right": right[part], "of": of, "rate": round(right[part] / of, 4)} for part in right}
    print(json.dumps({"encoder": arguments.encoder, **measured}, indent=2))


if __name__ == "__main__":
    main()
