"""Rendering without a screen: a plain look for policies, a handsome one for people.

Shadows and multisampling cost far more than resolution, so the plain look has neither; it leaves out the
arm's meshes too, which a wrist camera hardly sees.
"""

from __future__ import annotations

import atexit
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import MillwrightError
from millwright.envs.mujoco.scene import GROUP_HANDSOME, GROUP_PLAIN
from millwright.geometry.cameras import Camera, Fisheye

Image = NDArray[np.uint8]
Depth = NDArray[np.float32]

DEPTH_REACH_M = 10.0
"""What lies farther away has no depth."""


@dataclass(frozen=True)
class Look:
    """What is drawn and how dearly."""

    groups: tuple[int, ...]
    shadows: bool = False
    samples: int = 0


PLAIN = Look((GROUP_PLAIN,))
FAST = Look((GROUP_PLAIN, GROUP_HANDSOME))
HANDSOME = Look((GROUP_PLAIN, GROUP_HANDSOME), shadows=True, samples=4)

_BACKGROUND = 0.999
"""Of the distance at which drawing ends: there is nothing."""
_DEAR_FLAGS = (
    mujoco.mjtRndFlag.mjRND_REFLECTION,
    mujoco.mjtRndFlag.mjRND_SKYBOX,
    mujoco.mjtRndFlag.mjRND_HAZE,
    mujoco.mjtRndFlag.mjRND_FOG,
)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection meanwhile: freeing a forgotten renderer takes the GL context from the one at work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class CameraRenderer:
    """Renders cameras of one model at one size with one look."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int, look: Look) -> None:
        model.vis.quality.offsamples = look.samples
        # The whole buffer is cleared for every frame, so it is no larger than the picture.
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        try:
            with _undisturbed():
                self._renderer = mujoco.Renderer(model, height, width)
        except mujoco.FatalError as error:
            raise MillwrightError(
                f"cannot render: {error}; import millwright before mujoco, or set MUJOCO_GL to egl or osmesa"
            ) from error
        # Closed at exit at the latest: a GL context that outlives the interpreter's modules complains.
        self.close = weakref.finalize(self, self._renderer.close)
        self.close.atexit = False  # its own hook would run after EGL is shut down; this one runs before
        atexit.register(self.close)
        flags = self._renderer.scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = look.shadows
        for flag in _DEAR_FLAGS:
            flags[flag] = False
        self._model = model
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        self._option.geomgroup[list(look.groups)] = 1
        self._option.sitegroup[:] = 0  # what nobody sees still costs its faces

    def render(self, data: mujoco.MjData, camera: str) -> Image:
        """RGB (height, width, 3) as `camera` sees `data` now."""
        self._renderer.update_scene(data, camera, self._option)
        with _undisturbed():
            image: Image = self._renderer.render()
        return image

    def render_depth(self, data: mujoco.MjData, camera: str) -> Depth:
        """Distance along the optical axis, (height, width) m; 0 where there is nothing within reach."""
        self._renderer.update_scene(data, camera, self._option)
        self._renderer.enable_depth_rendering()
        with _undisturbed():
            depth: Depth = self._renderer.render()
        self._renderer.disable_depth_rendering()
        far = self._model.vis.map.zfar * self._model.stat.extent
        depth[depth > min(DEPTH_REACH_M, _BACKGROUND * far)] = 0
        return depth

    def reload_textures(self) -> None:
        """Draw with what the model's textures hold now."""
        with _undisturbed():
            self._renderer._gl_context.make_current()
            for texture in range(self._model.ntex):
                mujoco.mjr_uploadTexture(self._model, self._renderer._mjr_context, texture)


class LensRenderer:
    """Renders through any camera model: a fisheye is remapped from a wide pinhole view."""

    OVERSAMPLING = 4

    def __init__(self, model: mujoco.MjModel, lens: Camera, look: Look) -> None:
        self._map: NDArray[np.intp] | None = None
        width, height = lens.width, lens.height
        if isinstance(lens, Fisheye):
            width = height = lens.height * self.OVERSAMPLING
            self._map = _compute_fisheye_map(lens, width)
        self._lens = lens
        self._renderer = CameraRenderer(model, width, height, look)

    def render(self, data: mujoco.MjData, camera: str) -> Image:
        """RGB (height, width, 3)."""
        return self._remap(self._renderer.render(data, camera))

    def render_depth(self, data: mujoco.MjData, camera: str) -> Depth:
        """Distance along the optical axis, (height, width, 1) m; 0 where there is none."""
        return self._remap(self._renderer.render_depth(data, camera)[..., None])

    def _remap(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Through the lens, (height, width, channels); 0 outside of its view."""
        if self._map is None:
            return picture
        channels = picture.shape[-1]
        padded = np.concatenate([picture.reshape(-1, channels), np.zeros((1, channels), picture.dtype)])
        return padded[self._map].reshape(self._lens.height, self._lens.width, channels)

    def reload_textures(self) -> None:
        """Draw with what the model's textures hold now."""
        self._renderer.reload_textures()

    def close(self) -> None:
        self._renderer.close()


def _compute_fisheye_map(lens: Fisheye, size: int) -> NDArray[np.intp]:
    """For each fisheye pixel the index of the pinhole pixel that sees the same ray, `size`^2 outside the view."""
    v, u = np.meshgrid(
        (np.arange(lens.height) + 0.5) / lens.height, (np.arange(lens.width) + 0.5) / lens.width, indexing="ij"
    )
    rays = np.array([lens.ray(x, y) for x, y in zip(u.ravel(), v.ravel(), strict=True)])
    edge = np.tan(np.radians(lens.fov_y_deg) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = (rays[:, 0] / rays[:, 2] / edge + 1) / 2 * size
        rows = (rays[:, 1] / rays[:, 2] / edge + 1) / 2 * size
    inside = (rays[:, 2] > 1e-6) & (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
    index = np.full(len(rays), size * size, dtype=np.intp)
    index[inside] = rows[inside].astype(np.intp) * size + columns[inside].astype(np.intp)
    return index
