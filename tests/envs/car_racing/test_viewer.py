"""Views of driving, drawn elsewhere from a state, are what the environment itself shows."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.catalog import make_env
from millwright.core.errors import OptionError

VISITED = 8
"""CarRacing gives a tile that was visited another grey, which a state does not tell."""


@pytest.mark.parametrize("options", [{}, {"start": "random", "image_size": 96, "bar": True}], ids=["usual", "other"])
def test_another_process_sees_what_the_policy_sees(options: dict) -> None:
    env = make_env("car-racing", **options).unwrapped
    observation, _ = env.reset(seed=5003)
    for _ in range(20):
        observation, *_ = env.step(np.array([0.1, 0.6, 0.0], np.float32))
    viewer = env.picture_viewer_factory()()
    width, height = viewer.size("window")
    assert viewer.render(env.scene_state(), "window").shape == (height, width, 3)
    seen = observation["observation.images.front"]
    scale = viewer.size("front")[0] // len(seen)
    drawn = viewer.render(env.scene_state(), "front")[scale // 2 :: scale, scale // 2 :: scale]
    assert np.abs(drawn.astype(int) - seen).max() <= VISITED
    env.reset(seed=5004)
    other = viewer.render(env.scene_state(), "front")[scale // 2 :: scale, scale // 2 :: scale]
    assert np.abs(drawn.astype(int) - other).max() > 50


def test_nothing_is_pointed_at_and_a_track_without_a_seed_is_refused() -> None:
    env = make_env("car-racing").unwrapped
    env.reset()
    viewer = env.picture_viewer_factory()()
    assert np.isnan(viewer.project(env.scene_state(), "window", [[0, 0, 0]])).all()
    with pytest.raises(OptionError, match="reset with a seed"):
        viewer.render(env.scene_state(), "front")
