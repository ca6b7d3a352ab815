"""A film of a drive and its dream: as long as the drive, whole or not at all, and true to what was dreamed."""

from __future__ import annotations

from types import SimpleNamespace

import av
import numpy as np
import pytest

from millwright.core.errors import FeatureError
from millwright.evaluation import dream_film
from millwright.evaluation.dream_film import HEIGHT, PANEL, TITLE, WIDTH, film_dream, summarise
from millwright.policies.dreamer import DreamStyle
from tests.policies.driving import make_driving_bundle

STEPS = 6


def make_drive(steps=STEPS, pictures=STEPS + 1):
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        pictures=np.full((pictures, 1, 32, 32), 255, np.uint8),
        scalars=rng.standard_normal((pictures, 7)).astype(np.float32),
        actions=rng.uniform(0, 1, (steps, 3)).astype(np.float32),
        tiles=np.ones(steps, np.float32),
    )


@pytest.fixture(autouse=True)
def begins_at_once(monkeypatch):
    monkeypatch.setattr(dream_film, "BEGINS_S", 0.0)


def test_a_film_has_a_frame_for_every_instant_and_shows_grass_where_grass_was_seen(tmp_path):
    drive, file = make_drive(), tmp_path / "dream.mp4"
    told = film_dream(make_driving_bundle().network, drive, file, DreamStyle(ahead=2))
    assert [each.age for each in told] == [0, 1, 2, 1, 2, 1, 2]
    with av.open(str(file)) as film:
        stream = film.streams.video[0]
        assert float(stream.average_rate) == 12.5
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(frames) == STEPS + 1
    assert frames[0].shape == (HEIGHT, WIDTH, 3)
    red, green, blue = frames[0][TITLE + PANEL // 2, PANEL // 2].astype(int)
    assert green - red > 80
    assert abs(red - blue) < 30
    assert [path.name for path in tmp_path.iterdir()] == ["dream.mp4"]
    assert summarise(told, drive).startswith(f"{STEPS} steps: error of the code ")
    assert "6 real" in summarise(told, drive)


def test_the_same_seed_dreams_the_same(tmp_path):
    network = make_driving_bundle(world="mdn-rnn").network
    one, same, other = (
        film_dream(network, make_drive(), tmp_path / "dream.mp4", DreamStyle(None, 1.5), seed=seed)[-1].error
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_what_is_no_drive_is_refused_and_leaves_no_file(tmp_path):
    network = make_driving_bundle().network
    with pytest.raises(FeatureError, match="6 actions has one more picture"):
        film_dream(network, make_drive(pictures=STEPS), tmp_path / "dream.mp4")
    with pytest.raises(ValueError, match="without a step"):
        film_dream(network, make_drive(steps=0, pictures=1), tmp_path / "dream.mp4")
    assert not list(tmp_path.iterdir())
