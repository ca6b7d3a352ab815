"""What the two cameras see: robosuite's agentview, and the one in the hand."""

from __future__ import annotations

import mujoco
import numpy as np

from millwright.core.errors import choose
from millwright.envs.mujoco.rendering import Image, LensRenderer, Look
from millwright.geometry.cameras import GRAPHICS_FROM_OPTICAL, Pinhole
from millwright.geometry.poses import Floats

MODEL_CAMERAS = {"agentview": "agentview", "wrist": "robot0_eye_in_hand"}
"""Our name -> robosuite's."""


def find_lens(model: mujoco.MjModel, camera: str, size: int) -> Pinhole:
    """How a camera projects, with `size` pixels square."""
    return Pinhole(size, size, float(model.camera(choose("camera", camera, MODEL_CAMERAS)).fovy[0]))


def find_camera(data: mujoco.MjData, camera: str) -> Floats:
    """Pose (4, 4) of a camera's optical frame in robosuite's world."""
    pose = np.eye(4)
    view = data.camera(choose("camera", camera, MODEL_CAMERAS))
    pose[:3, :3], pose[:3, 3] = view.xmat.reshape(3, 3), view.xpos
    return pose @ GRAPHICS_FROM_OPTICAL


def project(data: mujoco.MjData, camera: str, points: Floats) -> Floats:
    """Fractions (n, 2) of a camera's picture, which is square, at which points (n, 3) of the world appear; NaN behind
    the camera.
    """
    pose = find_camera(data, camera)
    return find_lens(data.model, camera, 1).project((points - pose[:3, 3]) @ pose[:3, :3])


class Cameras:
    """Pictures of one model with one look.

    robosuite's own renderer may show what was there before the last reset.
    """

    def __init__(self, model: mujoco.MjModel, size: int, look: Look) -> None:
        # The model knows where each camera is and how it projects; their pictures are of one size.
        self._renderer = LensRenderer(model, find_lens(model, "agentview", size), look)

    def render(self, data: mujoco.MjData, camera: str) -> Image:
        """RGB (size, size, 3) of one camera."""
        return self._renderer.render(data, choose("camera", camera, MODEL_CAMERAS))

    def render_all(self, data: mujoco.MjData) -> dict[str, Image]:
        """RGB (size, size, 3) by camera."""
        return {camera: self.render(data, camera) for camera in MODEL_CAMERAS}

    def close(self) -> None:
        self._renderer.close()
