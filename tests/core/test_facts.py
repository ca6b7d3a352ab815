"""Facts survive a dataset, so that recordings can be judged again."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from millwright.core.errors import FeatureError
from millwright.core.facts import GraspFacts, PlaceFacts, restore_facts

number = st.floats(-1e6, 1e6)


@st.composite
def facts(draw: st.DrawFn) -> GraspFacts:
    n, dof = draw(st.integers(1, 4)), draw(st.integers(1, 7))

    def floats(*shape: int) -> np.ndarray:
        return draw(arrays(np.float64, shape, elements=number))

    return GraspFacts(
        names=tuple(f"brick {i}" for i in range(n)),
        target=draw(st.integers(0, n - 1)),
        time_s=draw(number),
        positions=floats(n, 3),
        orientations=floats(n, 4),
        velocities=floats(n, 3),
        pad_contacts=draw(arrays(np.bool_, (n, 2))),
        hand_pose=floats(7),
        hand_velocity=floats(3),
        wrist_position=floats(3),
        joint_positions=floats(dof),
        opening_m=draw(number),
        opening_speed=draw(number),
        max_opening_m=draw(number),
        robot_collision=draw(st.booleans()),
        max_contact_force_n=draw(number),
        max_penetration_m=draw(number),
        half_sizes=floats(draw(st.sampled_from([0, n])), 3),
    )


@given(facts())
def test_facts_come_back_from_arrays_exactly(before):
    after = GraspFacts.from_arrays(before.to_arrays(), before.names)
    for f in fields(GraspFacts):
        ours, theirs = getattr(before, f.name), getattr(after, f.name)
        np.testing.assert_array_equal(ours, theirs)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        assert type(ours) is type(theirs)


@given(facts())
def test_their_features_describe_their_arrays(some):
    features, values = some.features(), some.to_arrays()
    features.check(values)
    assert set(features) == set(values)
    assert all(name.startswith("facts.") for name in features)
    assert features["facts.positions"].names == some.names


@given(facts())
def test_recordings_that_are_older_than_sizes_are_read(some):
    rows = {name: value for name, value in some.to_arrays().items() if name != "facts.half_sizes"}
    assert GraspFacts.from_arrays(rows, some.names).half_sizes.shape == (0, 3)


@given(facts())
def test_the_target_has_a_name(some):
    assert some.target_name == some.names[some.target]


@given(facts())
def test_facts_with_a_tray_come_back_with_it_and_those_without_one_without(some):
    values = {f.name: getattr(some, f.name) for f in fields(GraspFacts)}
    placing = PlaceFacts(**values, tray=np.zeros((2, 3)), joint_speed=1.0, joint_acceleration=2.0)
    for before in (some, placing):
        after = restore_facts(before.to_arrays(), before.names)
        assert type(after) is type(before)
        assert after == before


@given(facts())
def test_facts_of_which_a_part_was_dropped_are_refused_by_its_name(some):
    arrays = some.to_arrays()
    del arrays["facts.target"]
    with pytest.raises(FeatureError, match=r"missing: facts\.target$"):
        restore_facts(arrays, some.names)
