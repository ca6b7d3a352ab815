"""Fusion: words scale what eyes see, or are looked at afterwards."""

import torch

from millwright.nets.film import FilmEye, Films
from millwright.nets.fusion import AttentionFusion
from millwright.nets.transformer import CrossAttention


def test_films_do_nothing_until_they_have_learned_something():
    torch.manual_seed(0)
    eye, films, image, text = FilmEye(16, 5, (4, 8)), Films(6, (8,)), torch.randn(2, 5, 16, 16), torch.randn(2, 6)
    torch.testing.assert_close(eye(image, films(text)), eye(image))
    assert eye(image).shape == (2, 16, 8)
    torch.nn.init.normal_(films.layers[0].weight)
    assert not torch.allclose(eye(image, films(text)), eye(image))


def test_a_film_scales_and_shifts_each_channel_before_its_relu():
    torch.manual_seed(0)
    eye, image = FilmEye(4, 5, (3,)), torch.randn(1, 5, 4, 4)
    scale, shift = torch.tensor([[1.0, -0.5, 0.0]]), torch.tensor([[0.0, 2.0, -100.0]])
    plain = eye.eye.layers[0](image)
    expected = ((1 + scale)[:, :, None, None] * plain + shift[:, :, None, None]).relu()
    found = eye(image, [torch.cat((scale, shift), 1)])
    torch.testing.assert_close(found, expected.flatten(2).transpose(1, 2))
    assert not found[..., 2].any()


def test_nobody_looks_where_the_mask_forbids():
    torch.manual_seed(0)
    attention, tokens, memory = CrossAttention(8, 2), torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    seen = attention(tokens, memory, mask)
    torch.testing.assert_close(seen[0], attention(tokens, memory)[0])
    torch.testing.assert_close(seen[1], attention(tokens[1:], memory[1:, :2])[0])


def test_attention_takes_words_or_a_text_as_a_whole():
    torch.manual_seed(0)
    fusion, tokens, text = AttentionFusion(8, 6, 2, 16), torch.randn(2, 3, 8), torch.randn(2, 6)
    torch.testing.assert_close(fusion(tokens, text), fusion(tokens, text[:, None]))
    assert fusion(tokens, torch.randn(2, 4, 6)).shape == (2, 3, 8)
