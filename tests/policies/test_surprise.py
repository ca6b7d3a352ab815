"""A witness of surprises: a world that says that nothing changes is wrong by as much as something changed."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.episode import Episode, Step
from millwright.core.errors import OptionError
from millwright.core.judging import Verdict
from millwright.policies.surprise import AHEAD, Witness
from tests.policies.driving import make_driving_bundle


def play_pictures(pictures):
    steps = tuple(
        Step(
            tick, 0.08 * tick, {"observation.images.front": picture, "observation.state": np.zeros(7, np.float32)},
            None, np.array([0, 0.5, 0], np.float32), None, 0.0, None, Verdict(False, "slow"),
        )
        for tick, picture in enumerate(pictures)
    )  # fmt: skip
    return Episode(steps, steps[-1].verdict, 0, "drive a lap")


@pytest.mark.parametrize("fields", [{}, {"world": "ego-motion", "vae": "pixels", "memory": 0}], ids=["gru", "moving"])
def test_what_changes_surprises_until_dreams_begin_after_it(fields):
    grass, road = np.full((64, 64, 3), (100, 200, 100), np.uint8), np.full((64, 64, 3), 100, np.uint8)
    told = Witness(make_driving_bundle(**fields))(play_pictures([grass] * 10 + [road] * 12))
    assert len(told) == 22
    assert [tick for tick, error in enumerate(told) if error > 1e-4] == list(range(10, 10 + AHEAD))


def test_one_tick_holds_no_surprise():
    picture = np.zeros((64, 64, 3), np.uint8)
    assert Witness(make_driving_bundle())(play_pictures([picture])) == (0.0,)


def test_whoever_dreams_nothing_has_no_witness():
    from tests.policies.makers import make_bundle

    with pytest.raises(OptionError, match="only latent controllers dream"):
        Witness(make_bundle())
