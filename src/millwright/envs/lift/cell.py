"""LiftCell: robosuite's Panda before a table, moved tick by tick, and the facts about what lies there."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import mujoco
import numpy as np

from millwright.core.errors import MissingExtraError
from millwright.core.facts import SHAPES, LiftFacts
from millwright.envs.lift.controller import FINGERS, OperationalSpace
from millwright.envs.lift.interface import CONTROL_HZ
from millwright.envs.lift.looks import dress, look_closer
from millwright.envs.lift.objects import Part
from millwright.envs.mujoco.contacts import GeomRoles, Worst, find_pad_contacts, find_robot_collision
from millwright.geometry.poses import Floats, pose_from_matrix
from millwright.robots.panda_hand import MAX_OPENING_M

if TYPE_CHECKING:
    from millwright.envs.lift.table import LiftTable

ROBOSUITE = "pip install 'millwright[lift]' && pip install --no-deps robosuite==1.5.2"
"""Its own requirements name an old mink, so pip must not look at them."""
ORIGIN_M: Floats = np.array([0.0, 0.0, 0.8])
"""The table frame's in robosuite's world; the axes are the same."""
ORIGIN: Floats = np.array([*ORIGIN_M, 0, 0, 0, 0])
HAND_IN_SITE: Floats = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
"""Turns robosuite's grip site so that the fingers open along y, as all hands here do."""
ASIDE_M, ASIDE_GAP_M = (0.0, -0.3, -0.45), 0.1
"""Where objects float that are not on the table: beneath it, one beside the other."""


def load_table() -> ModuleType:
    """The module that needs robosuite.

    Raises:
        MissingExtraError: robosuite, or what it needs, is not installed; the message gives the command.
    """
    try:
        with _quietly_and_plainly():
            return importlib.import_module("millwright.envs.lift.table")
    except ImportError as error:
        if (error.name or "").startswith("millwright"):
            raise
        raise MissingExtraError(
            f"{error.name or 'robosuite'} is not installed; install it with: {ROBOSUITE}"
        ) from error


@contextmanager
def _quietly_and_plainly() -> Iterator[None]:
    """Robosuite says what it does not find, none of which is needed, and would compile for 15 s what we hardly call."""
    numba = importlib.import_module("numba")
    logging.getLogger("robosuite_logs").addFilter(_is_error)
    usual, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, True
    try:
        yield
    finally:
        numba.config.DISABLE_JIT = usual


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


class ArmState(NamedTuple):
    """An arm at one instant."""

    joints: Floats  # (7,) rad
    opening_m: float


class LiftCell:
    """A Panda before a table with objects, without any task.

    Args:
        parts: bodies that there are; a scene may leave some aside.
    """

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self._table: LiftTable = load_table().LiftTable(parts)
        model, self.data = self._table.mj_model, self._table.mj_data
        self.model = model
        dress(model)
        if len(parts) > 1:
            look_closer(model)
        bodies = [model.body(self._table.find_body(part)).id for part in parts]
        self.bodies = np.array(bodies)
        joints = model.body_jntadr[bodies]
        self._object_qpos = model.jnt_qposadr[joints][:, None] + np.arange(7)
        self._object_qvel = model.jnt_dofadr[joints][:, None] + np.arange(6)
        self.half_sizes = np.array([part.half_sizes for part in parts])
        self._shapes = np.array([SHAPES.index(part.shape) for part in parts])
        self._geoms = [np.flatnonzero(model.geom_bodyid == body) for body in bodies]
        self._site, self._flange = model.site("gripper0_right_grip_site").id, model.body("robot0_right_hand").id
        self.roles = find_roles(model, bodies)
        self._worst = Worst()
        self._controller = OperationalSpace(model, self.data, self._site)
        self._num_substeps = round(1 / (CONTROL_HZ * model.opt.timestep))
        self._aside = np.zeros(len(parts), dtype=bool)

    # ---------------------------------------------------------------- setting up

    def reset(self, rng: np.random.Generator, bodies: tuple[int, ...], poses: Floats) -> None:
        """The arm at home, more or less; these bodies at `poses` (k, 7), all others out of the way."""
        self._table.reset_arm(rng)
        self._controller.begin()
        self._put_aside(bodies)
        self.put_objects(bodies, poses)
        self._worst.take()

    def put_objects(self, bodies: tuple[int, ...], poses: Floats, velocities: Floats | float = 0.0) -> None:
        """Put bodies at `poses` (k, 7), with `velocities` (k, 6)."""
        self._place(bodies, poses, velocities)
        mujoco.mj_forward(self.model, self.data)

    def put_fingers(self, opening_m: float) -> None:
        """Put the fingers that far apart, at once, and let them stay; effective with the next `put_objects`."""
        self.data.qpos[FINGERS] = opening_m / 2 * np.array([1, -1])
        self.data.qvel[FINGERS] = 0
        self._controller.begin(closed=1 - 2 * opening_m / MAX_OPENING_M)

    def show(self, arm: ArmState, bodies: tuple[int, ...], poses: Floats) -> None:
        """Make everything look so and touch so, without any physics: what was going on is lost until the next reset."""
        qpos = self.data.qpos
        qpos[: len(arm.joints)] = arm.joints
        qpos[FINGERS] = arm.opening_m / 2 * np.array([1, -1])
        self.data.qvel[:] = 0
        self._put_aside(bodies)
        self._place(bodies, poses, 0.0)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        mujoco.mj_collision(self.model, self.data)
        self._worst.take()

    @property
    def colours(self) -> Floats:
        """(n, 4) RGB and opacity of all bodies, 0 to 1; none is to be seen of those that are aside."""
        return np.array([self.model.geom_rgba[geoms][-1] for geoms in self._geoms], dtype=np.float64)

    @colours.setter
    def colours(self, rgba: Floats) -> None:
        for geoms, colour in zip(self._geoms, rgba, strict=True):
            self.model.geom_rgba[geoms] = colour

    def _put_aside(self, bodies: tuple[int, ...]) -> None:
        """All but these float where nobody sees them."""
        self._aside[:] = True
        self._aside[list(bodies)] = False
        self.model.body_gravcomp[self.bodies] = self._aside
        for number in np.flatnonzero(self._aside):
            x, y, z = ASIDE_M
            self._place((int(number),), np.array([[x, y + ASIDE_GAP_M * number, z, 1, 0, 0, 0]]), 0.0)

    def _place(self, bodies: tuple[int, ...], poses: Floats, velocities: Floats | float) -> None:
        which = list(bodies)
        self.data.qpos[self._object_qpos[which]] = poses + ORIGIN
        self.data.qvel[self._object_qvel[which]] = velocities

    # ---------------------------------------------------------------- moving

    def move(self, action: Floats) -> None:
        """One tick; the action (7,) is cut to [-1, 1]."""
        for substep in range(self._num_substeps):
            mujoco.mj_step1(self.model, self.data)
            if substep == 0:
                self._controller.aim(action)
            self._controller.control()
            mujoco.mj_step2(self.model, self.data)
            self._worst.see(self.roles, self.data)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    # ---------------------------------------------------------------- what is where

    @property
    def arm(self) -> ArmState:
        """Joints and opening now."""
        return ArmState(np.array(self.data.qpos[:7]), self.opening_m)

    @property
    def opening_m(self) -> float:
        left, right = self.data.qpos[FINGERS]
        return float(left - right)

    @property
    def hand(self) -> Floats:
        """(7,) pose of the hand; of a hand that points down, qx is positive: the sign never flips."""
        pose = np.eye(4)
        pose[:3, :3] = self.data.site_xmat[self._site].reshape(3, 3) @ HAND_IN_SITE
        pose[:3, 3] = self.data.site_xpos[self._site] - ORIGIN_M
        hand = pose_from_matrix(pose)
        if hand[4] < 0:
            hand[3:] *= -1
        return hand

    def find_objects(self) -> tuple[Floats, Floats]:
        """Poses (n, 7) and velocities (n, 6) of all bodies."""
        poses = self.data.qpos[self._object_qpos] - ORIGIN
        return poses, np.array(self.data.qvel[self._object_qvel])

    def is_touched(self) -> bool:
        """Some part of the robot touches something."""
        return bool(self.roles.is_robot[self.data.contact.geom].any())

    def report(self, target: int, time_s: float) -> LiftFacts:
        """The facts of this instant in the table frame; forces and penetrations are the worst since the last report."""
        data, (poses, velocities) = self.data, self.find_objects()
        force_n, penetration_m = self._worst.take()
        velocity = np.zeros(6)
        mujoco.mj_objectVelocity(self.model, data, mujoco.mjtObj.mjOBJ_SITE, self._site, velocity, 0)
        left, right = data.qvel[FINGERS]
        return LiftFacts(
            names=tuple(part.name for part in self.parts),
            target=target,
            time_s=time_s,
            positions=poses[:, :3],
            orientations=poses[:, 3:],
            velocities=velocities[:, :3],
            pad_contacts=find_pad_contacts(self.roles, data, len(self.parts)),
            hand_pose=self.hand,
            hand_velocity=velocity[3:],
            wrist_position=data.xpos[self._flange] - ORIGIN_M,
            joint_positions=self.arm.joints,
            opening_m=self.opening_m,
            opening_speed=float(left - right),
            max_opening_m=MAX_OPENING_M,
            robot_collision=find_robot_collision(self.roles, data),
            max_contact_force_n=force_n,
            max_penetration_m=penetration_m,
            half_sizes=self.half_sizes,
            shapes=self._shapes,
            colours=self.colours,
        )


def find_roles(model: mujoco.MjModel, objects: list[int]) -> GeomRoles:
    """What each geom of robosuite's table is; the mount stands on the floor and is no part of the robot."""
    names = [model.body(body).name for body in model.geom_bodyid]
    pads = np.full(model.ngeom, -1, dtype=np.int64)
    for side in (0, 1):
        pads[model.geom(f"gripper0_right_finger{side + 1}_pad_collision").id] = side
    numbers = np.full(model.nbody, -1, dtype=np.int64)
    numbers[objects] = np.arange(len(objects))
    is_robot = np.array([name.startswith(("robot0_", "gripper0_")) for name in names])
    return GeomRoles(numbers[model.geom_bodyid], pads, is_robot, np.array(["finger" in name for name in names]))
