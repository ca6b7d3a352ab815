"""Cameras: a ray meets the image where it came from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.geometry.cameras import Fisheye, Pinhole, intersect_plane

CAMERAS = [Pinhole(128, 128, 85), Pinhole(640, 480, 42), Fisheye(128, 128, 155), Fisheye(320, 200, 120)]
fractions = st.floats(0.05, 0.95)


@pytest.mark.parametrize("camera", CAMERAS, ids=str)
@given(u=fractions, v=fractions, depth=st.floats(0.01, 10))
def test_point_on_a_ray_projects_to_where_the_ray_began(camera, u, v, depth):
    projected = camera.project(camera.ray(u, v) * depth)[0]
    if np.isnan(projected).any():  # a fisheye's corner may look backwards
        assert camera.ray(u, v)[2] < np.cos(np.radians(89)) + 1e-9
    else:
        assert np.allclose(projected, [u, v], atol=1e-6)


@pytest.mark.parametrize("camera", CAMERAS, ids=str)
def test_edge_of_the_image_is_half_the_angle_of_view_away(camera):
    x, y, z = camera.ray(0.5, 0.0)
    assert x == pytest.approx(0)
    assert np.degrees(np.arctan2(-y, z)) == pytest.approx(camera.fov_y_deg / 2)


def test_points_behind_a_pinhole_have_no_image():
    assert np.isnan(CAMERAS[0].project([[0, 0, -1], [0, 0, 1]])).tolist() == [[True, True], [False, False]]


def test_ray_that_goes_up_never_meets_the_table():
    assert intersect_plane([0, 0, 1], [0, 0, 1], 0) is None
    assert intersect_plane([0, 0, 1], [1, 0, 0], 0) is None
    assert np.allclose(intersect_plane([0, 0, 1], [1, 0, -1], 0), [1, 0, 0])
