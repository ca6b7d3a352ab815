"""The brick table as a MuJoCo model: UR5e, gripper, table, bricks, cameras."""

from __future__ import annotations

import math

import mujoco
import numpy as np
from numpy.typing import NDArray

from millwright.envs.brick_table.bricks import BLOCK, LYING, ORDINARY_BRICKS, STANDING, Bricks
from millwright.envs.brick_table.layout import HALF_SIZES, MASS_KG, NAMES, TABLE_CENTER, TABLE_HALF
from millwright.envs.brick_table.tray import add_tray
from millwright.envs.mujoco.scene import (
    BOX,
    CAPSULE,
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
from millwright.geometry.cameras import GRAPHICS_FROM_OPTICAL, Pinhole
from millwright.geometry.poses import Floats, pose_from_matrix
from millwright.robots import ur5e

TIMESTEP_S = 1 / 240
WRIST_CAMERA = WristCamera()
WRIST_PINHOLE_DEG = 85.0
POSE_WRIST_CAMERA_IN_HAND = WRIST_CAMERA.pose_in_hand() @ GRAPHICS_FROM_OPTICAL
"""Of its optical frame, as calibrated."""
OVERHEAD, OVERHEAD_WITH_TRAY = Pinhole(640, 480, 38.0), Pinhole(640, 480, 44.0)
TABLETOP, TABLETOP_PX = "tabletop", 512
"""Texture and material for the table, blank and unused unless an episode wants another table."""
ROLLING_FRICTION_M = 0.001
QUARTER_TURN = (math.sqrt(0.5), math.sqrt(0.5), 0.0, 0.0)
"""From the z axis to the y axis."""
STUDS = [(x, y) for x in (-0.5, 0.5) for y in (-0.75, -0.25, 0.25, 0.75)]
"""Where the studs of a block are, as shares of its half sizes."""


def find_overhead(tray: bool) -> Pinhole:
    """The lens of the overhead camera, which sees the tray too where there is one."""
    return OVERHEAD_WITH_TRAY if tray else OVERHEAD


def make_model(
    wrist_fov_deg: float = WRIST_PINHOLE_DEG, bricks: Bricks = ORDINARY_BRICKS, tray: bool = False
) -> mujoco.MjModel:
    """Compile the scene; bricks are bodies named by colour with free joints, in the order of `layout.NAMES`.

    Models of other bricks have the same parts in the same order, so that `take_over` can make one of the other.
    """
    spec = make_world(TIMESTEP_S)
    add_table(spec, TABLE_CENTER, TABLE_HALF, (0.6, 0.56, 0.5, 1))
    blank = spec.add_texture(name=TABLETOP, type=mujoco.mjtTexture.mjTEXTURE_2D, width=TABLETOP_PX, height=TABLETOP_PX)
    blank.builtin, blank.rgb1 = mujoco.mjtBuiltin.mjBUILTIN_FLAT, [1, 1, 1]
    spec.add_material(name=TABLETOP).textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = TABLETOP
    add_gripper(spec, add_ur5e(spec), WRIST_CAMERA, wrist_fov_deg)
    look_at = [0.47, 0.09, 0.06] if tray else [0.47, 0.0, 0.06]
    add_look_at_camera(spec, "overhead", [1.1, -0.2, 0.86], look_at, find_overhead(tray).fov_y_deg)
    if tray:
        add_tray(spec)
    for index, name in enumerate(NAMES):
        park = (0.3 + 0.08 * (index % 6), 0.3 + 0.1 * (index // 6))
        _add_brick(spec, name, int(bricks.kinds[index]), bricks.half_sizes[index], bricks.colors[index], park)
    return spec.compile()


def _add_brick(
    spec: mujoco.MjSpec, name: str, kind: int, half: Floats, color: Floats, park: tuple[float, float]
) -> None:
    body = spec.worldbody.add_body(name=name, pos=[*park, half[2]])
    body.add_freejoint(name=name)
    geom = body.add_geom(name=name, type=BOX, size=half, rgba=[*color, 1.0])
    geom.friction = [1.0, 0.005, 0.0001]
    geom.mass = MASS_KG * float(np.prod(half) / np.prod(HALF_SIZES))
    if kind != BLOCK:
        geom.mass *= math.pi / 4
        geom.condim, geom.friction = 6, [1.0, 0.005, ROLLING_FRICTION_M]
    if kind == STANDING:
        geom.type, geom.size = CYLINDER, [half[0], half[2], 0]
    elif kind == LYING:  # rounded at its ends: the contacts of cylinders that lie throw them
        geom.type, geom.size, geom.quat = CAPSULE, [half[0], half[1] - half[0], 0], QUARTER_TURN
        # The principal axes stay the body's, or the model would have parts that others have not.
        across = geom.mass * (3 * half[0] ** 2 + (2 * half[1]) ** 2) / 12
        body.mass, body.inertia = geom.mass, [across, geom.mass * half[0] ** 2 / 2, across]
        body.explicitinertial, body.ipos, body.iquat = True, [0, 0, 0], [1, 0, 0, 0]
    make_rigid(geom)
    for x, y in STUDS:
        stud = body.add_geom(type=CYLINDER, size=[0.0048, 0.0018, 0], rgba=[*color, float(kind == BLOCK)])
        stud.pos = [x * half[0], y * half[1], half[2] + 0.0018]
        stud.mass, stud.contype, stud.conaffinity, stud.group = 0, 0, 0, GROUP_HANDSOME


def paint_bricks(model: mujoco.MjModel, bricks: Bricks) -> None:
    """Give a model's bricks these colours."""
    for name, color in zip(NAMES, bricks.colors, strict=True):
        model.geom_rgba[model.geom_bodyid == model.body(name).id, :3] = color


def place_wrist_camera(model: mujoco.MjModel, pose_in_hand: Floats) -> None:
    """Put the wrist camera elsewhere; pose (4, 4) of its optical frame."""
    place = pose_from_matrix(pose_in_hand @ GRAPHICS_FROM_OPTICAL)
    camera = model.camera("wrist").id
    model.cam_pos[camera] = place[:3] + np.array([0, 0, ur5e.FINGERTIP_OFFSET_M])
    model.cam_quat[camera] = place[3:]


def cover_table(model: mujoco.MjModel, picture: NDArray[np.uint8]) -> None:
    """Cover the table's top with a picture (TABLETOP_PX, TABLETOP_PX, 3); renderers have to reload it."""
    table, texture = model.geom("table").id, model.texture(TABLETOP).id
    start = model.tex_adr[texture]
    model.tex_data[start : start + picture.size] = picture.ravel()
    model.geom_matid[table], model.geom_rgba[table] = model.material(TABLETOP).id, 1.0


def take_over(model: mujoco.MjModel, other: mujoco.MjModel) -> None:
    """Make a model what another one with the same parts is, in place: data and renderers of it stay valid."""
    for name in dir(model):
        values = getattr(model, name)
        if isinstance(values, np.ndarray) and not name.startswith("_"):
            values[...] = getattr(other, name)
    model.stat.meaninertia = other.stat.meaninertia
    for name in ("ambient", "diffuse", "specular"):
        setattr(model.vis.headlight, name, getattr(other.vis.headlight, name))
