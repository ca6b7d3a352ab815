"""Differences add up to what they were taken from."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from millwright.processors.hand import HandAbsolute
from millwright.processors.pipeline import Pipeline
from millwright.processors.steps import StepDelta, StepSum

chunks = arrays("float32", (2, 6, 5), elements=st.floats(-1, 1, width=32))


@settings(max_examples=50, deadline=None)
@given(chunks)
def test_differences_and_sums_undo_each_other_either_way(values):
    chunk = torch.from_numpy(values)
    for processor in (StepDelta(), StepSum()):
        back = processor.inverse()(processor({"target": chunk}))["target"]
        torch.testing.assert_close(back, chunk, atol=1e-5, rtol=1e-5)


def test_the_first_difference_is_from_where_the_hand_is_and_the_opening_stays_as_it_is():
    chunk = torch.tensor([[[0.1, 0, 0, 0, 0.04], [0.3, 0, 0, 0.2, 0.04], [0.3, 0, 0, 0.1, 0.0]]])
    deltas = StepDelta()({"target": chunk})["target"]
    expected = [[[0.1, 0, 0, 0, 0.04], [0.2, 0, 0, 0.2, 0.04], [0.0, 0, 0, -0.1, 0.0]]]
    torch.testing.assert_close(deltas, torch.tensor(expected))
    assert chunk[0, 1, 0].item() == torch.tensor(0.3).item()  # what was given is as it was


def test_a_chunk_of_differences_becomes_the_same_hand_targets_after_its_files():
    pipeline = Pipeline((), (StepSum(), HandAbsolute()))
    again = Pipeline.from_files(pipeline.to_files())
    pose = torch.tensor([[0.4, 0.1, 0.3, 0.0, 1.0, 0.0, 0.0]])
    forward = torch.tensor([[[0.01, 0, 0, 0.1, 0.04]]]).expand(1, 8, 5)
    action = again.act({"observation.hand_pose": pose}, forward)
    torch.testing.assert_close(action[0, :, 0], 0.4 + 0.01 * torch.arange(1, 9))
    torch.testing.assert_close(again.aim({"observation.hand_pose": pose}, action)["target"], forward, atol=1e-5, rtol=0)
