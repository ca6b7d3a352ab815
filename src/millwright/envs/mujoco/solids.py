"""A MuJoCo model as solids and the poses of their frames, for viewers that do not know MuJoCo."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping

import mujoco
import numpy as np

from millwright.envs.mujoco.scene import BOX, CAPSULE, CYLINDER, MESH
from millwright.geometry.poses import Floats
from millwright.geometry.solids import Box, Faces, Mesh, Solid, revolve

SPHERE, ELLIPSOID = mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_ELLIPSOID
ARC = [(math.cos(angle), math.sin(angle)) for angle in np.linspace(-math.pi / 2, math.pi / 2, 13)]
"""Half a unit circle as a profile, from its lowest point to its highest."""


def make_solids(model: mujoco.MjModel, groups: Collection[int]) -> tuple[Solid, ...]:
    """Every geom of these groups that is not transparent; frames are bodies. Planes have no end and are left out."""
    solids: list[Solid] = []
    for geom in range(model.ngeom):
        rgba = model.geom_rgba[geom]
        if model.geom_group[geom] not in groups or rgba[3] == 0:
            continue
        frame = model.body(model.geom_bodyid[geom]).name
        color = (float(rgba[0]), float(rgba[1]), float(rgba[2]))
        pose = np.concatenate([model.geom_pos[geom], model.geom_quat[geom]])
        kind = model.geom_type[geom]
        if kind == BOX:
            solids.append(Box(frame, color, pose, model.geom_size[geom].copy()))
        elif kind == MESH:
            solids.append(Mesh(frame, color, pose, *_find_mesh(model, geom)))
        elif kind in ROUND:
            solids.append(Mesh(frame, color, pose, *ROUND[kind](model.geom_size[geom])))
    return tuple(solids)


def find_frame_poses(model: mujoco.MjModel, data: mujoco.MjData) -> dict[str, Floats]:
    """Pose (7,) xyz m + wxyz of every body in the world, by its name."""
    return {model.body(body).name: np.concatenate([data.xpos[body], data.xquat[body]]) for body in range(model.nbody)}


def _find_mesh(model: mujoco.MjModel, geom: int) -> tuple[Floats, Faces]:
    mesh = model.geom_dataid[geom]
    vertex, face = model.mesh_vertadr[mesh], model.mesh_faceadr[mesh]
    vertices = model.mesh_vert[vertex : vertex + model.mesh_vertnum[mesh]]
    return vertices.astype(np.float64), model.mesh_face[face : face + model.mesh_facenum[mesh]].astype(np.int64)


def _make_cylinder(size: Floats) -> tuple[Floats, Faces]:
    radius, half = float(size[0]), float(size[1])
    return revolve([(0, -half), (radius, -half), (radius, half), (0, half)])


def _make_capsule(size: Floats) -> tuple[Floats, Faces]:
    radius, half = float(size[0]), float(size[1])
    return revolve([(radius * x, radius * z + math.copysign(half, z)) for x, z in ARC])


def _make_ball(size: Floats) -> tuple[Floats, Faces]:
    vertices, faces = revolve(ARC)
    return vertices * np.where(size > 0, size, size[0]), faces


ROUND: Mapping[int, Callable[[Floats], tuple[Floats, Faces]]] = {
    CYLINDER: _make_cylinder,
    CAPSULE: _make_capsule,
    SPHERE: _make_ball,
    ELLIPSOID: _make_ball,
}
"""Kind of geom -> its triangles from its size."""
