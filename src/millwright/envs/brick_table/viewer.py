"""Views of the brick table for people, drawn from a state alone, so that another process can draw them."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from millwright.core.errors import choose
from millwright.envs.brick_table.scene import OVERHEAD, WRIST_PINHOLE_DEG, make_model
from millwright.envs.mujoco.rendering import FAST, CameraRenderer, Image, Look
from millwright.geometry.cameras import GRAPHICS_FROM_OPTICAL, Camera, Pinhole
from millwright.geometry.poses import Floats, invert_matrix


class BrickTableViewer:
    """Draws scene states (qpos) from the overhead and the wrist camera."""

    def __init__(self, look: Look = FAST, wrist_size: int = 320, overhead: Pinhole = OVERHEAD) -> None:
        self._model = make_model()
        self._data = mujoco.MjData(self._model)
        self._lenses: dict[str, Camera] = {
            "overhead": overhead,
            "wrist": Pinhole(wrist_size, wrist_size, WRIST_PINHOLE_DEG),
        }
        self._renderers = {
            name: CameraRenderer(self._model, lens.width, lens.height, look) for name, lens in self._lenses.items()
        }

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(self._lenses)

    def size(self, camera: str) -> tuple[int, int]:
        """Width and height in pixels."""
        lens = choose("camera", camera, self._lenses)
        return lens.width, lens.height

    def render(self, state: ArrayLike, camera: str) -> Image:
        """RGB (height, width, 3) of a `BrickTableEnv.scene_state()`."""
        renderer = choose("camera", camera, self._renderers)
        self._place(state)
        return renderer.render(self._data, camera)

    def project(self, state: ArrayLike, camera: str, points: ArrayLike) -> Floats:
        """Fractions (n, 2) of the image at which points (n, 3) of the base frame appear; NaN behind the camera."""
        lens = choose("camera", camera, self._lenses)
        self._place(state)
        pose = find_camera_pose(self._data, camera)
        homogeneous = np.concatenate([np.atleast_2d(points), np.ones((len(np.atleast_2d(points)), 1))], axis=1)
        return lens.project((homogeneous @ invert_matrix(pose).T)[:, :3])

    def close(self) -> None:
        for renderer in self._renderers.values():
            renderer.close()

    def _place(self, state: ArrayLike) -> None:
        self._data.qpos[:] = state
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)


def find_camera_pose(data: mujoco.MjData, camera: str) -> Floats:
    """Pose (4, 4) of a camera's optical frame in the base frame."""
    pose = np.eye(4)
    view = data.camera(camera)
    pose[:3, :3], pose[:3, 3] = view.xmat.reshape(3, 3), view.xpos
    return pose @ GRAPHICS_FROM_OPTICAL
