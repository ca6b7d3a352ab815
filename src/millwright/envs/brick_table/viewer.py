"""Views of the brick table for people, drawn from a state alone, so that another process can draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from millwright.core.errors import choose
from millwright.core.facts import GraspFacts
from millwright.envs.brick_table.bricks import ORDINARY_BRICKS, Bricks
from millwright.envs.brick_table.layout import NAMES
from millwright.envs.brick_table.scene import WRIST_PINHOLE_DEG, find_overhead, make_model, take_over
from millwright.envs.mujoco.rendering import FAST, Image, LensRenderer, Look
from millwright.envs.mujoco.solids import find_frame_poses, make_solids
from millwright.geometry.cameras import GRAPHICS_FROM_OPTICAL, Camera, Pinhole
from millwright.geometry.poses import Floats, invert_matrix, pose_from_matrix
from millwright.geometry.solids import Solid
from millwright.robots import ur5e

WRIST_SIZE = 320
WRIST = Pinhole(WRIST_SIZE, WRIST_SIZE, WRIST_PINHOLE_DEG)
HAND_TARGET_DOF = 8
"""Numbers of a hand target: xyz m, wxyz, opening m. Joint targets have seven."""


class BrickTableViewer:
    """Draws scene states (qpos) from the overhead and the wrist camera, or tells others how to draw them."""

    def __init__(
        self, look: Look = FAST, wrist: Camera = WRIST, overhead: Pinhole | None = None, tray: bool = False
    ) -> None:
        self._model = make_model(wrist.fov_y_deg, tray=tray)
        self._data = mujoco.MjData(self._model)
        self._shown = ORDINARY_BRICKS.to_numbers()
        self._look, self._tray = look, tray
        self._lenses: dict[str, Camera] = {"overhead": overhead or find_overhead(tray), "wrist": wrist}
        self._renderers = {name: LensRenderer(self._model, lens, look) for name, lens in self._lenses.items()}
        self._bricks = [self._model.joint(name).qposadr[0] for name in NAMES]
        self._fingers = [self._model.joint(f"{side}_finger").qposadr[0] for side in ("left", "right")]

    @staticmethod
    def seeing_through(lens: Camera, tray: bool = False) -> Callable[[], BrickTableViewer]:
        """A picklable factory of viewers whose wrist camera has this lens, with more pixels."""
        return partial(BrickTableViewer, wrist=replace(lens, width=WRIST_SIZE, height=WRIST_SIZE), tray=tray)

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(self._lenses)

    def size(self, camera: str) -> tuple[int, int]:
        """Width and height in pixels."""
        lens = self.lens(camera)
        return lens.width, lens.height

    def lens(self, camera: str) -> Camera:
        """How a camera projects."""
        return choose("camera", camera, self._lenses)

    def render(self, state: ArrayLike, camera: str) -> Image:
        """RGB (height, width, 3) of a `BrickTableEnv.scene_state()`."""
        renderer = choose("camera", camera, self._renderers)
        self._place(state)
        return renderer.render(self._data, camera)

    def project(self, state: ArrayLike, camera: str, points: ArrayLike) -> Floats:
        """Fractions (n, 2) of the image at which points (n, 3) of the base frame appear; NaN behind the camera."""
        pose = self.find_camera(state, camera)
        homogeneous = np.concatenate([np.atleast_2d(points), np.ones((len(np.atleast_2d(points)), 1))], axis=1)
        return self.lens(camera).project((homogeneous @ invert_matrix(pose).T)[:, :3])

    # ------------------------------------------------- for viewers that draw by themselves

    def find_solids(self, state: ArrayLike) -> tuple[Solid, ...]:
        """Everything that is to be seen, in the frames of `find_poses`."""
        self._place(state)
        return make_solids(self._model, self._look.groups)

    def find_poses(self, state: ArrayLike) -> dict[str, Floats]:
        """Pose (7,) xyz m + wxyz of every frame in the base frame."""
        self._place(state)
        return find_frame_poses(self._model, self._data)

    def find_camera(self, state: ArrayLike, camera: str) -> Floats:
        """Pose (4, 4) of a camera's optical frame in the base frame."""
        choose("camera", camera, self._lenses)
        self._place(state)
        return find_camera_pose(self._data, camera)

    def state_of(self, facts: GraspFacts) -> Floats:
        """The scene state that facts tell of, so that recordings can be drawn too; all bricks as blocks."""
        state: Floats = np.array(self._model.qpos0)
        state[: len(ur5e.JOINTS)] = facts.joint_positions
        state[self._fingers] = facts.opening_m / 2
        for address, position, quaternion in zip(self._bricks, facts.positions, facts.orientations, strict=True):
            state[address : address + 7] = [*position, *quaternion]
        told = replace(ORDINARY_BRICKS, half_sizes=facts.half_sizes) if len(facts.half_sizes) else ORDINARY_BRICKS
        return np.concatenate([state, told.to_numbers()])

    def find_hands(self, actions: ArrayLike) -> Floats:
        """Where the hand would go, poses (n, 7): of hand targets (n, 8), or of joint targets (n, 7)."""
        plan = np.asarray(actions, dtype=np.float64)
        if plan.shape[1] == HAND_TARGET_DOF:
            return plan[:, :7]
        chain = ur5e.make_chain()
        return np.array([pose_from_matrix(chain.compute_pose(joints)) for joints in plan[:, : len(ur5e.JOINTS)]])

    def close(self) -> None:
        for renderer in self._renderers.values():
            renderer.close()

    def _place(self, state: ArrayLike) -> None:
        qpos, bricks = np.split(np.asarray(state, dtype=np.float64), [self._model.nq])
        if not np.array_equal(bricks, self._shown):
            fov_y_deg = self._lenses["wrist"].fov_y_deg
            take_over(self._model, make_model(fov_y_deg, Bricks.from_numbers(bricks), self._tray))
            self._shown = bricks
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)


def find_camera_pose(data: mujoco.MjData, camera: str) -> Floats:
    """Pose (4, 4) of a camera's optical frame in the base frame."""
    pose = np.eye(4)
    view = data.camera(camera)
    pose[:3, :3], pose[:3, 3] = view.xmat.reshape(3, 3), view.xpos
    return pose @ GRAPHICS_FROM_OPTICAL
