"""What touches what: contacts of one instant, and the worst of many."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GeomRoles:
    """Geom id -> role: index of its object, or -1; whether it is a pad (0 left, 1 right, -1 none), robot, finger."""

    object_index: NDArray[np.int64]
    pad_index: NDArray[np.int64]
    is_robot: NDArray[np.bool_]
    is_finger: NDArray[np.bool_]

    @staticmethod
    def of(model: mujoco.MjModel, object_bodies: list[int], fingers: tuple[str, str], root: str) -> GeomRoles:
        """Roles of a model whose robot is the body tree under `root`; pads are geoms `<side>_pad`."""
        bodies = model.geom_bodyid
        objects = np.full(model.nbody, -1, dtype=np.int64)
        objects[object_bodies] = np.arange(len(object_bodies))
        pads = np.full(model.ngeom, -1, dtype=np.int64)
        for index, side in enumerate(("left", "right")):
            pads[model.geom(f"{side}_pad").id] = index
        finger_ids = [model.body(name).id for name in fingers]
        roots = model.body_rootid[bodies]
        return GeomRoles(objects[bodies], pads, roots == model.body(root).id, np.isin(bodies, finger_ids))


def find_pad_contacts(roles: GeomRoles, data: mujoco.MjData, num_objects: int) -> NDArray[np.bool_]:
    """(num_objects, 2) which object touches the left, the right pad."""
    touching = np.zeros((num_objects, 2), dtype=np.bool_)
    pairs = data.contact.geom
    for a, b in ((0, 1), (1, 0)):
        objects, pads = roles.object_index[pairs[:, a]], roles.pad_index[pairs[:, b]]
        hit = (objects >= 0) & (pads >= 0)
        touching[objects[hit], pads[hit]] = True
    return touching


def find_robot_collision(roles: GeomRoles, data: mujoco.MjData) -> bool:
    """Some part of the robot that is not a finger touches something."""
    pairs = data.contact.geom
    robot, finger = roles.is_robot[pairs], roles.is_finger[pairs]
    return bool((robot & ~finger).any())


@dataclass
class Worst:
    """Largest contact force and penetration since the last `take`."""

    force_n: float = 0.0
    penetration_m: float = 0.0

    def see(self, roles: GeomRoles, data: mujoco.MjData) -> None:
        """Look at the contacts of this instant in which the robot takes part."""
        if data.ncon == 0:  # most of the time: objects at rest sleep
            return
        contact = data.contact
        ours = roles.is_robot[contact.geom].any(axis=1)
        if not ours.any():
            return
        rows = contact.efc_address[ours]
        forces = data.efc_force[rows[rows >= 0]]
        if len(forces):
            self.force_n = max(self.force_n, float(forces.max()))
        self.penetration_m = max(self.penetration_m, float(-contact.dist[ours].min()))

    def take(self) -> tuple[float, float]:
        worst = (self.force_n, self.penetration_m)
        self.force_n = self.penetration_m = 0.0
        return worst
