"""The lift recipe refuses what makes no sense, and its controls lack what they say they lack."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from millwright.core.errors import OptionError, UnknownNameError
from millwright.processors.grey import Grey
from millwright.recipes import Lift
from millwright.recipes.demonstrated import Recording
from millwright.training.data import HistoryData


def make_raw(num: int = 12) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    plan = rng.normal(size=(num, 10, 7)).astype(np.float32)
    plan[..., 6] = np.sign(plan[..., 6])
    frames = {
        f"observation.images.{name}": rng.integers(0, 256, (num, 96, 96, 3), np.uint8)
        for name in ("agentview", "wrist")
    }
    numbers = {"observation.hand_pose": 7, "observation.state": 8}
    return {
        **frames,
        **{name: rng.normal(size=(num, width)).astype(np.float32) for name, width in numbers.items()},
        "label.plan": plan,
        "task": np.array(["lift the cube", "grasp it"] * (num // 2), object),
    }


def prepare(control: str):
    return Lift(control=control, encoder="hashed").prepare(make_raw())


def test_each_training_seed_demonstrates_scenes_of_its_own() -> None:
    assert Lift(seed=2, episodes=3).list_recordings() == (Recording("expert-perturbed", {}, range(1200, 1203)),)
    assert Lift(dataset="data").list_recordings() == ()


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"seed": 8, "episodes": 250}, OptionError, "4800:5050.*0:5000"),
        ({"episodes": 0}, OptionError, "nothing to train on"),
        ({"control": "blond"}, UnknownNameError, "did you mean 'blind'"),
        ({"encoder": "clap"}, UnknownNameError, "minilm, clip, hashed"),
    ],
)
def test_fields_that_make_no_sense_are_refused_before_anything_is_done(fields, error, says, tmp_path) -> None:
    with pytest.raises(error, match=says):
        Lift(**{"encoder": "hashed", **fields}).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_policy_sees_both_cameras_hears_and_plans_ten_actions() -> None:
    network, _, data = prepare("")
    assert network.inputs == ("agentview", "wrist", "text", "proprio", "past.proprio")
    batch = HistoryData(data, network.looked_back, np.zeros(12, np.int64)).batch(np.arange(3))
    with torch.inference_mode():
        assert network.sample(batch).shape == (3, 10, 7)
    assert set(np.unique(data.arrays["target"][..., 6])) == {0, 1}


def test_the_blind_see_grey_also_when_they_play() -> None:
    _, pipeline, data = prepare("blind")
    assert (data.arrays["agentview"] == 128).all()
    assert (data.arrays["wrist"] == 128).all()
    assert sum(isinstance(step, Grey) for step in pipeline.inputs) == 2


def test_those_with_shuffled_pictures_learn_from_others_and_see_both_cameras_of_one_moment() -> None:
    seen, shuffled = (prepare(control)[2].arrays for control in ("", "shuffled"))
    rows = [[np.array_equal(a, b) for b in seen["agentview"]].index(True) for a in shuffled["agentview"]]
    assert sorted(rows) == list(range(12)) != rows
    np.testing.assert_array_equal(shuffled["wrist"], seen["wrist"][rows])
    np.testing.assert_array_equal(shuffled["target"], seen["target"])


def test_the_mute_are_told_nothing() -> None:
    network, pipeline, data = prepare("mute")
    assert "text" not in network.inputs
    assert not pipeline.texts
    assert "text" not in data.batch(np.arange(2))
