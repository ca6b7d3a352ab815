"""Solids: profiles that are turned into triangles, and how they are shaded."""

import numpy as np
import pytest

from millwright.geometry.solids import SIDES, revolve, shade_flat

CYLINDER = [(0, -0.5), (0.2, -0.5), (0.2, 0.5), (0, 0.5)]


def measure_volume(vertices, faces):
    """By the divergence theorem: positive only when the faces look outwards."""
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    return float(np.sum(np.cross(a, b) * c) / 6)


def test_turned_profile_is_closed_and_looks_outwards():
    polygon = SIDES / 2 * np.sin(2 * np.pi / SIDES)  # area of what stands for a circle of radius 1
    assert measure_volume(*revolve(CYLINDER)) == pytest.approx(polygon * 0.2**2, rel=1e-9)


def test_turned_profile_keeps_its_radius_and_its_height():
    vertices, faces = revolve(CYLINDER)
    assert np.linalg.norm(vertices[:, :2], axis=1).max() == pytest.approx(0.2)
    assert (vertices[:, 2].min(), vertices[:, 2].max()) == (-0.5, 0.5)
    assert faces.max() == len(vertices) - 1


def test_flat_shading_gives_every_triangle_corners_and_a_unit_normal_of_its_own():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    corners, normals = shade_flat(vertices, np.array([[0, 1, 2], [0, 2, 3]]))
    assert np.array_equal(corners[:3], vertices[:3])
    assert np.allclose(normals, [[0, 0, 1]] * 3 + [[1, 0, 0]] * 3)
