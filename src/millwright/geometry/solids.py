"""Solids: what a scene looks like, as boxes and triangle meshes in the frames that they move with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from millwright.geometry.poses import Floats

Faces = NDArray[np.int64]
"""(m, 3) indices of vertices, counterclockwise seen from outside."""
SIDES = 16
"""Corners of what stands for a circle."""


@dataclass(frozen=True, eq=False)
class Solid:
    """A rigid thing of one colour."""

    frame: str
    """Name of what it moves with."""
    color: tuple[float, float, float]
    """Red, green, blue, 0 to 1."""
    pose_in_frame: Floats
    """(7,) xyz m, wxyz."""


@dataclass(frozen=True, eq=False)
class Box(Solid):
    """A cuboid around its origin."""

    half_sizes: Floats
    """(3,) m."""


@dataclass(frozen=True, eq=False)
class Mesh(Solid):
    """Triangles."""

    vertices: Floats
    """(n, 3) m."""
    faces: Faces


def revolve(profile: Sequence[tuple[float, float]]) -> tuple[Floats, Faces]:
    """Vertices and faces of a profile turned about the z axis.

    `profile`: (radius, z) in m from the lowest point to the highest; it begins and ends on the axis.
    """
    angles = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rows = [np.hstack([radius * ring, np.full((SIDES, 1), z)]) for radius, z in profile]
    here = np.arange(SIDES)
    beside = np.roll(here, -1)
    faces: list[Faces] = []
    for lower in range(0, SIDES * (len(profile) - 1), SIDES):
        upper = lower + SIDES
        faces.append(np.stack([lower + here, lower + beside, upper + beside], axis=1))
        faces.append(np.stack([lower + here, upper + beside, upper + here], axis=1))
    return np.concatenate(rows), np.concatenate(faces)


def shade_flat(vertices: ArrayLike, faces: Faces) -> tuple[Floats, Floats]:
    """Vertices that no two triangles share, (3 m, 3), and the normals (3 m, 3) that make every triangle look flat."""
    corners = np.asarray(vertices, dtype=np.float64)[faces]  # (m, 3, 3)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return corners.reshape(-1, 3), np.repeat(normals, 3, axis=0)
