"""Fusion: words scale what eyes see, or are looked at afterwards."""

import torch

from millwright.nets.film import FilmEye, Films, Pointers
from millwright.nets.fusion import AttentionFusion, WordPool
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


def test_a_question_finds_its_word_wherever_it_stands_and_however_much_is_said_around_it():
    pool, word = WordPool(3, 1), torch.tensor([0.0, 0.0, 1.0])
    pool.questions.weight.data = torch.tensor([[0.0, 0.0, 50.0]])
    words, spoken = torch.zeros(2, 4, 3), torch.tensor([[True, True, False, False], [True] * 4])
    words[:, :, 0] = 1.0
    words[0, 1], words[1, 3] = word, word
    torch.testing.assert_close(pool(words, spoken), torch.stack((word, word)))
    words[0, 2:] = 7.0  # where nothing was said
    torch.testing.assert_close(pool(words, spoken)[0], word)


def test_a_pointer_tells_where_in_the_picture_what_it_is_after_lies():
    pointers, features = Pointers(2, 1, 5), torch.zeros(1, 2, 4, 4)
    pointers.scores.weight.data = torch.tensor([0.0, 50.0]).view(1, 2, 1, 1)
    features[0, 1, 3, 0] = 1.0
    token = pointers(features)
    assert token.shape == (1, 1, 5)
    torch.testing.assert_close(token[0, 0, :2], torch.tensor([-0.75, 0.75]))  # x, y of the lower left place's middle
    torch.testing.assert_close(token[0, 0, 2:], pointers.what(torch.tensor([0.0, 1.0])))
