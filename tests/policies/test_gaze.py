"""What a planner cuts out of its picture."""

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.planner import Planner
from millwright.policies.gaze import find_crop
from millwright.processors.pipeline import Pipeline
from tests.policies.makers import make_bundle, make_observation


def test_the_crop_is_the_square_around_the_prompt():
    box = np.array([0.4, 0.5, 0.6, 0.6, 1, 0], np.float32)
    observation = {**make_observation(), "observation.environment_state": box}
    crop = find_crop(make_bundle().planner(), observation)
    assert crop == pytest.approx((0.3, 0.35, 0.7, 0.75), abs=1e-6)  # twice the longer side, around the centre


def test_a_crop_may_reach_beyond_the_picture():
    box = np.array([-0.1, 0.9, 0.1, 1.1, 1, 0], np.float32)
    crop = find_crop(make_bundle().planner(), {**make_observation(), "observation.environment_state": box})
    assert crop == pytest.approx((-0.2, 0.8, 0.2, 1.2), abs=1e-6)


def test_a_planner_that_cuts_nothing_out_has_no_crop():
    bundle = make_bundle()
    whole = replace(bundle, pipeline=Pipeline(bundle.pipeline.inputs[1:], bundle.pipeline.outputs))
    assert find_crop(whole.planner(), make_observation()) is None


def test_a_planner_that_is_no_network_of_ours_does_not_tell():
    class Remote(Planner):
        def plan(self, observations, memories):
            raise AssertionError

    assert find_crop(Remote(), make_observation()) is None
