"""WordPiece: words as BERT's own tokeniser splits them."""

import pytest

from millwright.core.errors import OptionError
from millwright.nets.text.wordpiece import WordPiece, split_words

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "lift", "the", "cube", "##s", "##let", ".", "cub"]


@pytest.fixture
def tokenise(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    return WordPiece(tmp_path / "vocab.txt", longest=8)


def test_words_are_split_into_the_longest_pieces_there_are(tokenise):
    assert tokenise("Lift the cubelets.") == [2, 4, 5, 6, 8, 7, 9, 3]


def test_a_word_without_pieces_or_of_a_hundred_letters_and_more_is_unknown(tokenise):
    assert tokenise("lift xyz") == [2, 4, 1, 3]
    assert tokenise("s" * 101) == [2, 1, 3]


def test_what_is_too_long_is_cut_and_both_ends_stay(tokenise):
    assert tokenise("lift " * 20) == [2, *[4] * 6, 3]


def test_case_accents_control_signs_and_punctuation_do_not_matter_as_in_bert():
    assert split_words("Élan vital — naïve!") == ["elan", "vital", "—", "naive", "!"]
    assert split_words("a\x00b\u200bc\ufffd d\te") == ["abc", "d", "e"]
    assert split_words("北京$5") == ["北", "京", "$", "5"]
    assert split_words("  ") == []


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path):
    with pytest.raises(OptionError, match=r"vocab\.txt"):
        WordPiece(tmp_path / "no.txt")
    (tmp_path / "vocab.txt").write_text("lift\nthe")
    with pytest.raises(OptionError, match=r"no piece '\[PAD\]'"):
        WordPiece(tmp_path / "vocab.txt")
