"""A network plans for one robot as for many, and only from what was declared."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from millwright.core.errors import FeatureError
from millwright.core.features import Feature
from millwright.policies.bundle import Bundle
from millwright.policies.networks import make_network
from millwright.processors.pipeline import Pipeline
from millwright.processors.window import Window
from tests.policies.makers import make_bundle, make_observation


def test_planning_for_many_is_planning_for_each():
    planner = make_bundle().planner()
    observations = [make_observation(seed) for seed in range(5)]
    together, memories = planner.plan(observations, [None] * 5)
    assert memories == [None] * 5
    for observation, chunk in zip(observations, together, strict=True):
        alone, _ = planner.plan([observation], [None])
        np.testing.assert_allclose(alone[0].actions, chunk.actions, atol=1e-5)
        assert chunk.actions.shape == (4, 8)
        assert chunk.actions.dtype == np.float32
        assert (chunk.rate_hz, chunk.digest) == (15.0, planner.digest)


def test_targets_stay_near_the_hand_and_point_down():
    observation = make_observation()
    chunk = make_bundle().planner().plan([observation], [None])[0][0]
    np.testing.assert_allclose(np.linalg.norm(chunk.actions[:, 3:7], axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(chunk.actions[:, [3, 6]], 0)
    assert np.abs(chunk.actions[:, :3] - observation["observation.hand_pose"][:3]).max() < 1


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("observation.state", np.zeros(6, np.float32), r"expected shape \(7,\), got \(6,\)"),
        ("observation.state", np.zeros(7), "expected float32, got float64"),
        ("observation.hand_pose", np.full(7, np.nan, np.float32), "not finite"),
    ],
)
def test_an_observation_that_is_not_as_declared_is_refused(name, value, message):
    with pytest.raises(FeatureError, match=f"{name}.*{message}"):
        make_bundle().planner().plan([{**make_observation(), name: value}], [None])


def test_a_missing_observation_is_named():
    observation = make_observation()
    del observation["observation.hand_pose"]
    with pytest.raises(FeatureError, match=r"missing observation\.hand_pose"):
        make_bundle().planner().plan([observation], [None])


def test_a_pipeline_that_gives_another_action_is_refused():
    bundle = make_bundle()
    other = Bundle(bundle.network, bundle.pipeline, bundle.inputs, Feature("action", (7,)), 15.0, "", "")
    with pytest.raises(FeatureError, match=r"action: expected shape \(7,\), the pipeline gives \(8,\)"):
        other.planner().plan([make_observation()], [None])


def test_the_process_keeps_its_own_number_of_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    make_bundle().planner(threads=1).plan([make_observation()], [None])
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def make_remembering_bundle():
    plain = make_bundle()
    crop, *rest = plain.pipeline.inputs
    sizes = {"crop_size": 16, "hand_size": 16, "channels": (4, 8), "proprio": 8, "length": 4}
    pipeline = Pipeline((crop, Window(size=16), *rest), plain.pipeline.outputs)
    return replace(plain, network=make_network("two-eyes", sizes, 1), pipeline=pipeline)


def test_what_a_network_remembers_is_what_it_saw_first_of_each_robot():
    planner = make_remembering_bundle().planner()
    first, other, later = make_observation(1), make_observation(2), make_observation(3)
    started, memories = planner.plan([first, other], [None, None])
    assert all(set(memory) == {"crop"} for memory in memories)
    going_on, kept = planner.plan([later, later], memories)
    assert not np.allclose(going_on[0].actions, going_on[1].actions)
    for index, memory in enumerate(memories):
        assert torch.equal(kept[index]["crop"], memory["crop"])
        alone, _ = planner.plan([later], [memory])
        np.testing.assert_allclose(alone[0].actions, going_on[index].actions, atol=1e-5)
    again, _ = planner.plan([first], [None])
    np.testing.assert_allclose(again[0].actions, started[0].actions, atol=1e-5)
