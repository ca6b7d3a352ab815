"""Dreams beside drives: what is told of a model that knows nothing, and of drives that are too short."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from millwright.core.errors import TrainingError
from millwright.policies.networks import make_network
from millwright.training.truth import Replayed, check_dreams, dream_rates, measure_gap
from tests.training.test_drives import make_drive


def make_small_network(**more):
    return make_network("latent-controller", {"memory": 8, "widths": (4,), **more})


def test_an_untrained_model_is_told_to_be_one():
    network = make_small_network()
    told = check_dreams(network, [make_drive(20), make_drive(30, 1), make_drive(3, 2)])
    assert json.loads(json.dumps(told)) is not None
    assert told["open_loop"]["horizons"] == (1, 5, 15)
    assert told["open_loop"]["num"] == (5 + 8, 4 + 7, 2 + 4)
    # its last layer begins at 0: it says that nothing changes
    assert told["open_loop"]["dreamed"][0] == pytest.approx(told["open_loop"]["repeated"][0])
    assert 0 <= told["off_road"]["error"] <= 1
    assert told["exploit"]["gap"] == told["exploit"]["dreamed"] - told["exploit"]["real"]
    assert "more codes" in told["codes"]["refused"]


def test_drives_that_are_too_short_are_refused():
    with pytest.raises(TrainingError, match="2 drives of 8 steps"):
        check_dreams(make_small_network(), [make_drive(20), make_drive(3)])


def drive_where_tiles_are(count, seed):
    drive = make_drive(60, seed)
    return replace(drive, tiles=np.full(60, count, np.float32), done=np.zeros(60, np.float32))


def test_the_gap_is_that_of_the_same_moments_and_the_alarm_knows_which_way_it_goes():
    network = make_small_network()
    promised = float(dream_rates(network, Replayed(network, [make_drive(60, 3), make_drive(60, 4)]).starts, 8).mean())
    poor, rich = (
        measure_gap(Replayed(network, [drive_where_tiles_are(count, seed) for seed in range(6)]))
        for count in (promised / 4, 4 * promised)
    )
    assert poor.num == rich.num == 6
    assert poor.real == pytest.approx(promised / 4)
    assert poor.alarm
    assert not rich.alarm
    assert rich.interval[1] < 0


def test_the_same_drives_have_the_same_gap_whatever_was_drawn_before():
    again = Replayed(make_small_network(world="mdn-rnn"), [make_drive(20), make_drive(30, 1)])
    torch.manual_seed(1)
    assert measure_gap(again) == measure_gap(again)


def test_a_hand_that_strayed_in_a_drive_strays_in_its_dreams_just_so():
    network = make_small_network()
    again = Replayed(network, [make_drive(20), make_drive(30, 1)])
    with torch.no_grad():
        wanted = network.controller(network.model.read(again.starts))
    done = torch.from_numpy(np.concatenate([drive.actions[::4] for drive in again.long]))
    torch.testing.assert_close(wanted + again.strays[:, 0], done)
