"""Pointing: words ask, places answer, and what several words ask for adds up."""

import pytest
import torch

from millwright.nets.pointing import Asking, PointingEye, WordPool, compute_pointing_loss, update_belief
from millwright.nets.vision import make_grid

CHANNELS = (4, 4, 6, 8)


def make_eye(seed=0):
    torch.manual_seed(seed)
    return PointingEye(32, 5, CHANNELS, context=1, width=8)


def test_a_question_finds_its_word_wherever_it_stands_and_however_much_is_said_around_it():
    pool, word = WordPool(3, 1), torch.tensor([0.0, 0.0, 1.0])
    pool.questions.weight.data = torch.tensor([[0.0, 0.0, 50.0]])
    words, spoken = torch.zeros(2, 4, 3), torch.tensor([[True, True, False, False], [True] * 4])
    words[:, :, 0] = 1.0
    words[0, 1], words[1, 3] = word, word
    torch.testing.assert_close(pool(words, spoken), torch.stack((word, word)).unsqueeze(1))
    words[0, 2:] = 7.0  # where nothing was said
    torch.testing.assert_close(pool(words, spoken)[0, 0], word)


def test_what_two_words_ask_for_is_the_sum_of_what_each_asks_for():
    torch.manual_seed(0)
    asking = Asking(6, 2, 5)
    asking.pool.questions.weight.data = 1e4 * torch.eye(6)[:2]  # one asks for colours, one for shapes
    green, red, ball, cube = words = 3 * torch.randn(4, 6)
    words[:, :2] = torch.tensor([[9.0, -9.0], [9.0, -9.0], [-9.0, 9.0], [-9.0, 9.0]])
    said = torch.stack([torch.stack(pair) for pair in ((green, ball), (red, ball), (green, cube), (red, cube))])
    green_ball, red_ball, green_cube, red_cube = asking(said, 4)
    torch.testing.assert_close(green_ball - red_ball, green_cube - red_cube)
    assert not torch.allclose(green_ball, red_ball)


def test_a_text_as_a_whole_is_asked_like_a_single_word_and_without_words_the_query_is_always_the_same():
    torch.manual_seed(0)
    asking, text = Asking(6, 2, 5), torch.randn(3, 6)
    torch.testing.assert_close(asking(text, 3), asking(text.unsqueeze(1), 3))
    silent = Asking(0, 2, 5)
    assert silent(None, 3).shape == (3, 5)
    assert [name for name, _ in silent.named_parameters()] == ["always"]


def test_an_eye_goes_on_with_the_place_marked_where_it_believes_what_is_meant_to_lie():
    eye, image = make_eye(), torch.randn(2, 5, 32, 32)
    seen = eye.look(image)
    pointed = eye.point(seen, torch.eye(17)[[6, 16]])  # the second sees it nowhere
    assert pointed.tokens.shape == (2, 4 + 1, 8)
    torch.testing.assert_close(pointed.tokens[0, -1, :2], torch.tensor([0.25, -0.25]))  # second row, third column
    torch.testing.assert_close(pointed.tokens[1, -1, :2], torch.zeros(2))
    torch.testing.assert_close(pointed.what[0], seen[0, :, 1, 2])
    torch.testing.assert_close(pointed.what[1], torch.zeros(6))
    moved = eye.point(seen, torch.eye(17)[[9, 16]])
    assert not torch.allclose(moved.tokens[0, :-1], pointed.tokens[0, :-1])
    torch.testing.assert_close(moved.tokens[1], pointed.tokens[1])


def test_the_loss_of_pointing_is_shared_by_the_places_around_the_point_and_counts_only_what_is_known():
    torch.manual_seed(0)
    scores = torch.randn(5, 2, 17, requires_grad=True)
    points = torch.full((5, 2, 2), float("nan"))
    points[0, 0] = torch.tensor([0.375, 0.625])  # the middle of the second place of the third row
    points[1, 1] = torch.tensor([0.25, 0.125])  # between the first two places of the first row
    points[2, 0] = torch.tensor([1.2, 0.5])  # outside
    points[3, 1] = torch.tensor([1.0, 1.0])  # the corner is a part of the last place
    logs = scores.log_softmax(2)
    wanted = [logs[0, 0, 9], (logs[1, 1, 0] + logs[1, 1, 1]) / 2, logs[2, 0, 16], logs[3, 1, 15]]
    torch.testing.assert_close(compute_pointing_loss(scores, points), -torch.stack(wanted).mean())
    nothing = compute_pointing_loss(scores, torch.full_like(points, float("nan")))
    nothing.backward()
    assert nothing == 0
    assert not scores.grad.any()


@pytest.mark.parametrize("target", range(3))
def test_pointing_learns_to_find_the_spot_of_the_colour_that_is_asked_for(target):
    eye, asking = make_eye(target), Asking(3, 1, 8)
    optimiser = torch.optim.Adam([*eye.parameters(), *asking.parameters()], lr=1e-2)
    generator = torch.Generator().manual_seed(0)

    def draw(count):
        image = torch.zeros(count, 5, 32, 32)
        cells = torch.stack([torch.randperm(16, generator=generator)[:3] for _ in range(count)])
        for colour in range(3):
            rows, columns = cells[:, colour] // 4 * 8, cells[:, colour] % 4 * 8
            for one in range(count):
                image[one, colour, rows[one] + 2 : rows[one] + 6, columns[one] + 2 : columns[one] + 6] = 2.0
        asked = torch.randint(0, 3, (count,), generator=generator)
        cell = cells[torch.arange(count), asked]
        return image, torch.eye(3)[asked], torch.stack(((cell % 4 + 0.5) / 4, (cell // 4 + 0.5) / 4), 1), cell

    for _ in range(120):
        image, text, points, _ = draw(32)
        loss = compute_pointing_loss(eye.score(eye.look(image), asking(text, 32)), points)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    image, text, _, cell = draw(64)
    assert (eye.score(eye.look(image), asking(text, 64)).argmax(1) == cell).float().mean() > 0.9


def test_a_belief_outlasts_a_few_frames_that_say_otherwise_and_gives_in_to_many():
    there, elsewhere = torch.full((2, 1, 17), 0.2 / 16)
    there[0, 5] = elsewhere[0, 15] = 0.8
    belief = there
    for _ in range(5):
        belief = update_belief(belief, there)
    assert belief[0, 5] > 0.85
    for _ in range(2):
        belief = update_belief(belief, elsewhere)
    assert belief.argmax() == 5
    for _ in range(20):
        belief = update_belief(belief, elsewhere)
    assert belief.argmax() == 15
    torch.testing.assert_close(belief.sum(1), torch.ones(1))


def test_a_belief_follows_what_moves_to_the_next_place_sooner_than_what_jumps():
    def follow(place):
        believed, now = torch.full((2, 1, 17), 0.1 / 16)
        believed[0, 0], now[0, place] = 0.9, 0.9
        for frames in range(1, 30):
            believed = update_belief(believed, now)
            if believed.argmax() == place:
                return frames
        raise AssertionError("never believed")

    assert follow(1) < follow(10)
    with_nothing_ruled_out = update_belief(torch.eye(17)[:1], torch.eye(17)[16:])
    assert with_nothing_ruled_out.isfinite().all()


def test_an_eye_that_planned_before_can_learn_afterwards():
    make_grid.cache_clear()
    eye, image = make_eye(), torch.randn(1, 5, 32, 32)
    with torch.inference_mode():
        eye.point(eye.look(image), torch.full((1, 17), 1 / 17))
    belief = torch.full((1, 17), 1 / 17, requires_grad=True)
    eye.point(eye.look(image), belief).tokens.sum().backward()
    assert belief.grad.any()
