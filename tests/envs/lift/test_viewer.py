"""The viewer of lifting draws, and lends out, what facts tell of, in its colours, and nothing that was put aside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.facts import restore_facts
from millwright.envs.lift import LiftChoiceOptions, LiftEnv
from millwright.envs.lift.words import COLOURS

SEED = 7402


@pytest.fixture(scope="module")
def env():
    env = LiftEnv(LiftChoiceOptions(image_size=32))
    yield env
    env.close()


@pytest.fixture(scope="module")
def viewer(env):
    viewer = env.viewer_factory()()
    yield viewer
    viewer.close()


@pytest.fixture
def recorded(env):
    """Facts as a dataset gives them back."""
    facts = env.reset(seed=SEED)[1]["facts"]
    return restore_facts(facts.to_arrays(), facts.names)


def test_facts_are_enough_to_draw_the_scene_in_its_colours(env, viewer, recorded):
    viewer.render(viewer.state_of(replace(recorded, colours=np.ones_like(recorded.colours))), "agentview")
    picture, true = (viewer.render(state, "agentview") for state in (viewer.state_of(recorded), env.scene_state()))
    assert np.array_equal(picture, true)


def test_what_lies_there_is_lent_out_in_its_colour_and_what_is_put_aside_is_not(env, viewer, recorded):
    solids = viewer.find_solids(viewer.state_of(recorded))
    frames = {env.cell.model.body(body).name: number for number, body in enumerate(env.cell.bodies)}
    lent = {frames[solid.frame]: solid.color for solid in solids if solid.frame in frames}
    assert sorted(lent) == sorted(env.object_rows)
    for row, name in zip(env.object_rows, env.object_names, strict=True):
        assert np.allclose(lent[row], COLOURS[name.split()[0]])


def test_a_recording_that_tells_no_colours_is_drawn_all_the_same(viewer, recorded):
    arrays = {name: value for name, value in recorded.to_arrays().items() if name != "facts.colours"}
    old = restore_facts(arrays, recorded.names)
    assert old.colours.shape == (0, 4)
    assert len(viewer.render(viewer.state_of(old), "agentview"))
