"""Texts in a pipeline: encoded once each, cut and padded to a length, and not again when they are known."""

import pytest
import torch

from millwright.core.errors import FeatureError, OptionError
from millwright.processors.text import EncodeText

TEXTS = ["pick up the red cube", "lift the ball", "pick up the red cube"]


def test_each_text_becomes_its_embedding():
    texts = EncodeText(encoder="hashed")({"task": TEXTS})["text"]
    assert texts.shape == (3, 64)
    assert torch.equal(texts[0], texts[2])
    assert not torch.equal(texts[0], texts[1])


def test_tokens_follow_the_whole_and_are_cut_or_filled_up_with_0():
    encode = EncodeText(encoder="hashed", words=4)
    texts = encode({"task": TEXTS})["text"]
    assert texts.shape == (3, 5, 64)
    assert torch.equal(texts[:, 0], EncodeText(encoder="hashed")({"task": TEXTS})["text"])
    assert texts[0].any(1).tolist() == [True] * 5
    assert texts[1].any(1).tolist() == [True, True, True, True, False]


def test_a_text_that_is_known_is_not_encoded_again(monkeypatch):
    known = torch.ones(64)
    monkeypatch.setattr(EncodeText, "load", lambda self: pytest.fail("nothing was to be encoded"))
    batch = EncodeText(encoder="hashed")({"task": ["lift"], "known.text": {"lift": known}})
    assert torch.equal(batch["text"][0], known)


def test_what_cannot_be_encoded_is_refused():
    with pytest.raises(FeatureError, match="no 'task'"):
        EncodeText(encoder="hashed")({})
    with pytest.raises(OptionError, match="0 or more"):
        EncodeText(words=-1)
