"""What the two cameras see: robosuite's agentview, and the one in the hand."""

from __future__ import annotations

import mujoco

from millwright.core.errors import choose
from millwright.envs.mujoco.rendering import Image, LensRenderer, Look
from millwright.geometry.cameras import Pinhole

LENSES_DEG = {"agentview": 45.0, "wrist": 75.0}
MODEL_CAMERAS = {"agentview": "agentview", "wrist": "robot0_eye_in_hand"}
"""Our name -> robosuite's."""


def find_lens(camera: str, size: int) -> Pinhole:
    """How a camera projects, with `size` pixels square."""
    return Pinhole(size, size, choose("camera", camera, LENSES_DEG))


class Cameras:
    """Pictures of one model with one look.

    robosuite's own renderer may show what was there before the last reset.
    """

    def __init__(self, model: mujoco.MjModel, size: int, look: Look) -> None:
        # The model knows where each camera is and how it projects; their pictures are of one size.
        self._renderer = LensRenderer(model, find_lens("agentview", size), look)

    def render(self, data: mujoco.MjData, camera: str) -> Image:
        """RGB (size, size, 3) of one camera."""
        return self._renderer.render(data, choose("camera", camera, MODEL_CAMERAS))

    def render_all(self, data: mujoco.MjData) -> dict[str, Image]:
        """RGB (size, size, 3) by camera."""
        return {camera: self.render(data, camera) for camera in MODEL_CAMERAS}

    def close(self) -> None:
        self._renderer.close()
