"""A world that is moved: where a picture's ground comes to lie after a motion, and what is refused."""

import math

import pytest
import torch
from torch.nn.functional import affine_grid

from millwright.core.errors import OptionError
from millwright.world_models.ego_motion import EgoMotion, EgoMotionConfig
from millwright.world_models.world_model import State

SIDE = 25
CONFIG = EgoMotionConfig(code=SIDE**2, pivot=(0.5, 0.5), aspect=1.0, ground=((0.4, 0.6), (0.4, 0.6)))
PIXEL = 2 / SIDE
"""Of a picture's half width."""


def show(row, column, aside=0.0, ahead=0.0, turn=0.0, config=CONFIG):
    """Where (row, column) a single bright pixel is seen after a motion from the picture's middle."""
    model, picture = EgoMotion(config), torch.zeros(1, SIDE, SIDE)
    picture[0, row, column] = 1
    seen = model._show(picture.flatten(1), model._find_pixels(torch.tensor([[aside, ahead, turn]]))).reshape(SIDE, SIDE)
    weights = seen / seen.sum()
    places = torch.arange(SIDE, dtype=torch.float32)
    return (weights.sum(1) @ places).item(), (weights.sum(0) @ places).item()


def test_what_is_ahead_comes_nearer():
    assert show(5, 12, ahead=3 * PIXEL) == pytest.approx((8, 12), abs=1e-3)


def test_what_is_beside_goes_to_the_other_side():
    assert show(5, 12, aside=2.5 * PIXEL) == pytest.approx((5, 9.5), abs=1e-3)


def test_who_turns_right_sees_what_was_ahead_on_the_left():
    row, column = show(6, 12, turn=math.pi / 2)
    assert (row, column) == pytest.approx((12, 6), abs=0.05)


def test_a_picture_that_shows_less_ground_down_than_across_moves_as_the_ground_does():
    flat = EgoMotionConfig(**{**vars(CONFIG), "aspect": 0.5})
    assert show(5, 12, ahead=2 * PIXEL, config=flat) == pytest.approx((9, 12), abs=1e-3)


def test_motions_one_after_the_other_are_a_way():
    """Four quarter turns and as many equal ways lead back to where one was."""
    model = EgoMotion(CONFIG).eval()
    with torch.no_grad():
        model.motion.bias[1], model.motion.bias[2] = 4.0, 10 * math.pi / 2
    state = model.initial(torch.rand(2, CONFIG.latent) * torch.tensor([1.0] * CONFIG.code + [0.0] * 7))
    first = state.latent[:, : CONFIG.code]
    for _ in range(4):
        state, _ = model.imagine(state, torch.zeros(2, 3))
    torch.testing.assert_close(state.latent[:, : CONFIG.code], first, atol=1e-3, rtol=0)


def test_speed_and_gyro_say_how_one_moves_before_anything_is_learned():
    model = EgoMotion(CONFIG).eval()
    latent = torch.zeros(1, CONFIG.latent)
    latent[:, CONFIG.code] = 1.0
    after, _ = model.imagine(model.initial(latent), torch.zeros(1, 3))
    assert after.memory[0, -3:].tolist() == pytest.approx([0, 50 * 0.08 / 30.9, 0])


def test_what_was_seen_counts_from_then_on():
    model = EgoMotion(CONFIG).eval()
    state, _ = model.imagine(model.initial(torch.rand(1, CONFIG.latent)), torch.zeros(1, 3))
    assert state.memory[0, -3:].any()
    seen = torch.rand(1, CONFIG.latent)
    state = model.observe(state, torch.zeros(1, 3), seen)
    assert not state.memory[0, -3:].any()
    torch.testing.assert_close(state.memory[:, CONFIG.memory : -3], seen[:, : CONFIG.code])


def test_who_spins_does_not_drown_all_others():
    """An error of 10 counts as much as some errors of 1 do, not as a hundred."""
    model = EgoMotion(CONFIG).eval()

    def lose(by):
        latents = torch.zeros(1, 3, CONFIG.latent)
        latents[:, 2, -1] = by
        blank = torch.zeros(1, 2)
        events = {"tiles": blank, "off_road": blank, "done": blank, "weight": blank + 1}
        return model.loss({"latents": latents, "actions": torch.zeros(1, 2, 3), **events})["scalars"].item()

    assert 5 * lose(1.0) < lose(10.0) < 15 * lose(1.0)


def test_a_code_that_is_no_picture_and_another_memory_are_refused():
    with pytest.raises(OptionError, match="square"):
        EgoMotionConfig(code=32)
    with pytest.raises(OptionError, match="10 numbers, not 16"):
        EgoMotionConfig(memory=16)


def test_a_state_has_the_width_it_says():
    model = EgoMotion(CONFIG)
    state = model.initial(torch.rand(3, CONFIG.latent))
    assert isinstance(state, State)
    assert state.memory.shape == (3, model.width)


def test_pixels_lie_where_a_general_affine_motion_puts_them():
    model = EgoMotion(EgoMotionConfig(code=SIDE * SIDE, aspect=0.7, pivot=(0.9, 0.4)))
    pose = torch.tensor([[0.3, 0.5, -0.4], [-0.1, 0.2, 1.2]])
    aside, ahead, turned = pose.unbind(1)
    cos, sin, row, column = turned.cos(), turned.sin(), 0.8, -0.2
    theta = torch.stack(
        [
            torch.stack((cos, -0.7 * sin, aside + column - cos * column + 0.7 * sin * row), 1),
            torch.stack((sin / 0.7, cos, row - ahead / 0.7 - sin / 0.7 * column - cos * row), 1),
        ],
        1,
    )
    wanted = affine_grid(theta, [2, 1, SIDE, SIDE], align_corners=False)
    torch.testing.assert_close(model._find_pixels(pose), wanted)
