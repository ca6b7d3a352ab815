"""The brick table as a MuJoCo model: UR5e, gripper, table, bricks, cameras."""

from __future__ import annotations

import mujoco
import numpy as np
from PIL import ImageColor

from millwright.envs.brick_table.layout import COLORS, HALF_SIZES, MASS_KG, TABLE_CENTER, TABLE_HALF
from millwright.envs.mujoco.scene import (
    BOX,
    CYLINDER,
    GROUP_HANDSOME,
    WristCamera,
    add_gripper,
    add_look_at_camera,
    add_table,
    add_ur5e,
    make_rigid,
    make_world,
)
from millwright.geometry.cameras import Pinhole

TIMESTEP_S = 1 / 240
WRIST_CAMERA = WristCamera()
WRIST_PINHOLE_DEG = 85.0
OVERHEAD = Pinhole(640, 480, 38.0)


def make_model(wrist_fov_deg: float = WRIST_PINHOLE_DEG) -> mujoco.MjModel:
    """Compile the scene; bricks are bodies named by colour with free joints, in the order of `layout.NAMES`."""
    spec = make_world(TIMESTEP_S)
    add_table(spec, TABLE_CENTER, TABLE_HALF, (0.6, 0.56, 0.5, 1))
    add_gripper(spec, add_ur5e(spec), WRIST_CAMERA, wrist_fov_deg)
    add_look_at_camera(spec, "overhead", [1.1, -0.2, 0.86], [0.47, 0.0, 0.06], OVERHEAD.fov_y_deg)
    for index, (name, color) in enumerate(COLORS.items()):
        _add_brick(spec, name, color, park=(0.3 + 0.08 * (index % 6), 0.3 + 0.1 * (index // 6)))
    return spec.compile()


def _add_brick(spec: mujoco.MjSpec, name: str, color: str, park: tuple[float, float]) -> None:
    rgba = [*(np.array(ImageColor.getrgb(color)) / 255), 1.0]
    body = spec.worldbody.add_body(name=name, pos=[*park, HALF_SIZES[2]])
    body.add_freejoint(name=name)
    geom = body.add_geom(name=name, type=BOX, size=HALF_SIZES, rgba=rgba, mass=MASS_KG)
    geom.friction = [1.0, 0.005, 0.0001]
    make_rigid(geom)
    for x in (-0.008, 0.008):
        for y in (-0.024, -0.008, 0.008, 0.024):
            stud = body.add_geom(type=CYLINDER, size=[0.0048, 0.0018, 0], pos=[x, y, HALF_SIZES[2] + 0.0018], rgba=rgba)
            stud.mass, stud.contype, stud.conaffinity, stud.group = 0, 0, 0, GROUP_HANDSOME
