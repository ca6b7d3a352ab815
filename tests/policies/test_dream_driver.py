"""Dreaming beside a drive: what is compared, when the dream is set right, and what is seen of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from millwright.core.errors import BundleError, OptionError, UnknownNameError
from millwright.core.policy import Policy
from millwright.policies import dreamer
from millwright.policies.dream_driver import DreamDriver, DreamWish, look
from millwright.policies.dreamer import Dreamer, DreamStyle, need_world, paint
from millwright.processors.road import RoadMask
from tests.policies.driving import make_driving_bundle, make_view

STILL = DreamStyle(temperature=0.0, dropout=False)


class Watcher(Policy):
    """Steers a little, and keeps what it was shown."""

    def reset(self, seed):
        self.shown = []

    def act(self, observation):
        self.shown.append(observation)
        return np.array([0.1, 0.2, 0.0], np.float32)


def drive(ticks, style=STILL, world="residual-gru", eyes="road", own=False, begins_s=0.0):
    """The driver after some ticks, and what was dreamed in each."""
    bundle = make_driving_bundle(world=world)
    watcher = Watcher()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dreamer, "BEGINS_S", begins_s)
        driver = DreamDriver(watcher, bundle, lambda: DreamWish(style, eyes), own)
    driver.reset(3)
    told = []
    for tick in range(ticks):
        action = driver.act(make_view(tick))
        assert action.shape == (3,)
        told.append(driver.dreamt)
    return driver, watcher, told


def test_a_dream_begins_with_what_is_seen_and_is_set_right_after_as_many_steps_as_wished():
    _, _, told = drive(8, replace(STILL, ahead=3))
    assert [each.age for each in told] == [0, 1, 2, 3, 1, 2, 3, 1]
    assert told[0].error == told[0].repeated == 0
    assert np.array_equal(told[0].rebuilt, told[0].dreamed)
    assert all(each.error > 0 for each in told[1:])
    assert [each.age for each in drive(8, replace(STILL, ahead=None))[2]] == list(range(8))


def test_who_repeats_what_was_seen_is_compared_from_where_the_dream_was_set_right():
    _, _, told = drive(5, replace(STILL, ahead=2))
    assert np.array_equal(told[2].scalars[2], told[0].scalars[0])
    assert np.array_equal(told[3].scalars[2], told[2].scalars[0])
    assert np.array_equal(told[4].scalars[2], told[2].scalars[0])


@pytest.mark.parametrize("world", ["residual-gru", "mdn-rnn"])
def test_a_one_step_dream_is_what_the_world_model_predicts_from_what_was_seen(world):
    bundle = make_driving_bundle(world=world)
    network = bundle.network.eval()
    along = Dreamer(network, replace(STILL, ahead=1))
    (image, scalars), (after, more) = (look(bundle, make_view(seed)) for seed in (0, 1))
    along.begin(image, scalars)
    action = np.array([0.3, 0.5, 0.0], np.float32)
    told = along.follow(action, after, more)
    with torch.no_grad():
        start = network.model.initial(torch.cat((network.vae.encode(image)[0], scalars), 1))
        state, outcome = network.model.imagine(start, torch.from_numpy(action)[None], 0.0)
    assert told.scalars[1] == pytest.approx(state.latent[0, 32:].numpy(), abs=1e-6)
    assert told.tiles == pytest.approx(float(outcome.tiles))


def test_the_dream_goes_along_with_what_was_done_where_that_is_not_what_was_wanted():
    def dream(done):
        driver, _, _ = drive(1, world="mdn-rnn")  # a fresh residual-gru adds nothing yet
        if done is not None:
            driver.tell_done(np.array(done, np.float32))
        driver.act(make_view(1))
        return driver.dreamt.scalars[1]

    assert np.array_equal(dream(None), dream([0.1, 0.2, 0.0]))
    assert not np.array_equal(dream(None), dream([-0.9, 0.0, 0.8]))


def test_a_temperature_moves_what_draws_and_dropout_moves_the_other():
    def dream(world, **wish):
        torch.manual_seed(1)
        return drive(4, DreamStyle(None, **wish), world)[2][-1].scalars[1]

    for world, moves, still in (
        ("mdn-rnn", {"temperature": 2.0, "dropout": False}, {"temperature": 0.0, "dropout": False}),
        ("residual-gru", {"temperature": 0.0, "dropout": False}, {"temperature": 2.0, "dropout": False}),
    ):
        assert np.array_equal(dream(world, **moves), dream(world, **still)) == (world == "residual-gru")


def test_in_the_dream_a_driver_is_shown_what_the_dream_shows_once_the_camera_has_come_down():
    _, watcher, told = drive(20, replace(STILL, ahead=None), eyes="dream", begins_s=1.2)
    name = "observation.images.front"
    assert np.array_equal(watcher.shown[14][name], make_view(14)[name])
    assert [each.age for each in told] == [0] + 15 * [1] + [2, 3, 4, 5]
    seen = watcher.shown[15]
    assert not np.array_equal(seen[name], make_view(15)[name])
    assert seen[name].shape == (64, 64, 3)
    assert seen[name].dtype == np.uint8
    assert seen["observation.state"] == pytest.approx(2.0 * told[15].scalars[1])
    mask = RoadMask()({name: torch.from_numpy(seen[name])[None]})["image"][0]
    assert np.abs(255 * mask.numpy() - told[15].dreamed).mean() < 16


def test_its_own_controller_drives_in_the_latent_itself():
    _, watcher, _ = drive(20, eyes="dream", own=True, begins_s=1.2)
    assert len(watcher.shown) == 15


def test_a_mask_is_painted_so_that_it_is_found_again():
    mask = np.array([[[0, 255], [128, 0]]], np.uint8)
    colours = paint(mask)
    assert (colours[..., 1].astype(int) - colours[..., 0]).tolist() == [[0, 100], [50, 0]]
    assert np.array_equal(paint(np.repeat(mask, 3, 0))[..., 0], mask[0])


def test_what_is_no_dream_is_refused():
    with pytest.raises(BundleError, match="mine has no world model"):
        need_world(torch.nn.Linear(1, 1), "mine")
    for fields in ({"ahead": 0}, {"temperature": -1.0}, {"temperature": float("nan")}):
        with pytest.raises(OptionError):
            DreamStyle(**fields)
    with pytest.raises(UnknownNameError, match="road"):
        DreamWish(eyes="raod")
