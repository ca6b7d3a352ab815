"""Windows never cross episodes, and say what they padded."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from millwright.datasets import Windows

LENGTHS = st.lists(st.integers(1, 7), min_size=1, max_size=6)
DELTAS = st.lists(st.integers(-10, 10), min_size=1, max_size=6)


@given(LENGTHS, DELTAS)
def test_a_window_stays_in_its_episode_and_marks_what_it_padded(lengths: list[int], deltas: list[int]) -> None:
    episode = np.repeat(np.arange(len(lengths)), lengths)
    indices, is_pad = Windows(lengths, {"action": deltas}).indices("action")
    assert indices.shape == is_pad.shape == (len(episode), len(deltas))
    for frame, (row, pads) in enumerate(zip(indices, is_pad, strict=True)):
        assert (episode[row] == episode[frame]).all()
        for delta, index, pad in zip(deltas, row, pads, strict=True):
            inside = 0 <= frame + delta < len(episode) and episode[frame + delta] == episode[frame]
            assert pad == (not inside)
            own = np.flatnonzero(episode == episode[frame])
            assert index == (frame + delta if inside else own[0] if delta < 0 else own[-1])


@given(LENGTHS, st.randoms())
def test_gathering_some_frames_is_taking_rows_of_all(lengths: list[int], random) -> None:
    count = sum(lengths)
    chosen = np.array(random.sample(range(count), k=random.randint(1, count)))
    columns = {"action": np.arange(2 * count).reshape(count, 2), "state": np.arange(count)}
    windows = Windows(lengths, {"action": range(-1, 3)})
    batch = windows.gather(columns, chosen)
    indices, is_pad = windows.indices("action")
    np.testing.assert_array_equal(batch["action"], columns["action"][indices[chosen]])
    np.testing.assert_array_equal(batch["action_is_pad"], is_pad[chosen])
    np.testing.assert_array_equal(batch["state"], chosen)
    assert set(batch) == {"action", "action_is_pad", "state"}
