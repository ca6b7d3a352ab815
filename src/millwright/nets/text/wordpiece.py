"""WordPiece tokens of uncased BERT (Devlin et al. 2019), from the vocabulary beside its weights."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from millwright.core.errors import OptionError

MOST_LETTERS = 100
"""Longer words are unknown."""
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


class WordPiece:
    """Words split into the longest pieces that the vocabulary has.

    Args:
        vocabulary: a file of one piece a line; a piece within a word begins with ##.
        longest: tokens of a text, the two at its ends included; what is beyond is cut off.

    Raises:
        OptionError: no such file, or one without BERT's special pieces.
    """

    def __init__(self, vocabulary: Path, longest: int = 256) -> None:
        if not vocabulary.is_file():
            raise OptionError(f"no vocabulary at {vocabulary}; a BERT's vocab.txt, one piece a line, is wanted")
        pieces = vocabulary.read_text(encoding="utf-8").splitlines()
        self._pieces = pieces
        self._ids = {piece: index for index, piece in enumerate(pieces)}
        try:
            self.pad, self._unknown, self._start, self._end = (
                self._ids[piece] for piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
            )
        except KeyError as error:
            raise OptionError(f"{vocabulary} has no piece {error}: it is no vocabulary of BERT's") from None
        self._longest = longest

    def __call__(self, text: str) -> list[int]:
        """Numbers of the tokens of a text, with BERT's own at both ends."""
        ids = [number for word in split_words(text) for number in self._split(word)]
        return [self._start, *ids[: self._longest - 2], self._end]

    def spell(self, text: str) -> tuple[str, ...]:
        """The tokens of a text."""
        return tuple(self._pieces[number] for number in self(text))

    def _split(self, word: str) -> list[int]:
        if len(word) > MOST_LETTERS:
            return [self._unknown]
        ids: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            ends = (end for end in range(len(word), start, -1) if prefix + word[start:end] in self._ids)
            end = next(ends, None)
            if end is None:
                return [self._unknown]
            ids.append(self._ids[prefix + word[start:end]])
            start = end
        return ids


def split_words(text: str) -> list[str]:
    """Lower-case words without accents; each sign of punctuation and each ideograph is a word of its own."""
    spaced = "".join(_space_out(text))
    bare = "".join(sign for sign in unicodedata.normalize("NFD", spaced) if unicodedata.category(sign) != "Mn")
    return "".join(f" {sign} " if _is_punctuation(sign) else sign for sign in bare.lower()).split()


def _space_out(text: str) -> Iterator[str]:
    for sign in text:
        if sign == "\ufffd" or (sign not in "\t\n\r" and unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs")):
            continue
        if sign.isspace():
            yield " "
        elif any(first <= ord(sign) <= last for first, last in _IDEOGRAPHS):
            yield f" {sign} "
        else:
            yield sign


def _is_punctuation(sign: str) -> bool:
    return unicodedata.category(sign).startswith("P") or (sign.isascii() and sign in "$+<=>^`|~")
