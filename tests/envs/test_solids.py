"""A MuJoCo model as solids: every shape, its frame, its colour, its size."""

import mujoco
import numpy as np
import pytest

from millwright.envs.mujoco.solids import find_frame_poses, make_solids
from millwright.geometry.solids import Box, Mesh

SCENE = """
<mujoco>
  <worldbody>
    <geom type="plane" size="1 1 1"/>
    <body name="tower" pos="1 0 0.5" euler="0 0 90">
      <freejoint/>
      <geom type="box" size=".1 .2 .3" pos="0 0 1" rgba="1 0 0 1"/>
      <geom type="cylinder" size=".1 .2" rgba="0 1 0 1"/>
      <geom type="capsule" size=".1 .2"/>
      <geom type="sphere" size=".3"/>
      <geom type="ellipsoid" size=".1 .2 .3"/>
      <geom type="box" size="9 9 9" group="3"/>
      <geom type="box" size="9 9 9" rgba="1 1 1 0"/>
    </body>
  </worldbody>
</mujoco>
"""


@pytest.fixture(scope="module")
def model():
    return mujoco.MjModel.from_xml_string(SCENE)


def test_every_shape_that_is_seen_becomes_a_solid_of_its_size(model):
    box, *round_ones = make_solids(model, (0,))
    assert isinstance(box, Box)
    assert np.array_equal(box.half_sizes, [0.1, 0.2, 0.3])
    assert np.array_equal(box.pose_in_frame, [0, 0, 1, 1, 0, 0, 0])
    assert all(isinstance(solid, Mesh) for solid in round_ones)
    reach = [np.abs(solid.vertices).max(axis=0).round(6).tolist() for solid in round_ones]
    assert reach == [[0.1, 0.1, 0.2], [0.1, 0.1, 0.3], [0.3, 0.3, 0.3], [0.1, 0.2, 0.3]]


def test_a_solid_keeps_its_colour_and_moves_with_its_body(model):
    solids = make_solids(model, (0,))
    assert [solid.color for solid in solids[:2]] == [(1, 0, 0), (0, 1, 0)]
    assert {solid.frame for solid in solids} == {"tower"}


def test_frames_are_where_the_bodies_are(model):
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    poses = find_frame_poses(model, data)
    assert np.allclose(poses["tower"], [1, 0, 0.5, np.sqrt(0.5), 0, 0, np.sqrt(0.5)])
    assert np.array_equal(poses["world"], [0, 0, 0, 1, 0, 0, 0])
