"""Camera models: pinhole and equidistant fisheye. Optical frame: x right, y down, z forward.

Image points are fractions of the image, (0, 0) its top left corner and (1, 1) its bottom right one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from millwright.geometry.poses import Floats

GRAPHICS_FROM_OPTICAL: Floats = np.diag([1.0, -1.0, -1.0, 1.0])
"""Right-multiply a pose of a MuJoCo/OpenGL camera (x right, y up, -z forward) to get the optical frame."""


@dataclass(frozen=True)
class Camera(ABC):
    """A calibrated camera; `fov_y_deg` is the vertical angle of view."""

    width: int
    height: int
    fov_y_deg: float

    @abstractmethod
    def project(self, points: ArrayLike) -> Floats:
        """Image points (n, 2) of points (n, 3) in the optical frame; NaN where the camera cannot see them."""

    @abstractmethod
    def ray(self, u: float, v: float) -> Floats:
        """Unit direction (3,) in the optical frame seen at the image point."""


@dataclass(frozen=True)
class Pinhole(Camera):
    """Perspective projection: x = f X / Z."""

    @property
    def focal(self) -> float:
        """Focal length in image heights."""
        return 0.5 / math.tan(math.radians(self.fov_y_deg) / 2)

    def project(self, points: ArrayLike) -> Floats:
        p = np.atleast_2d(np.asarray(points, dtype=np.float64))
        depth = np.where(p[:, 2] > 1e-6, p[:, 2], np.nan)
        scale = np.array([self.focal * self.height / self.width, self.focal])
        points_in_image: Floats = 0.5 + scale * p[:, :2] / depth[:, None]
        return points_in_image

    def ray(self, u: float, v: float) -> Floats:
        return _normalise((u - 0.5) * self.width / self.height / self.focal, (v - 0.5) / self.focal, 1.0)


@dataclass(frozen=True)
class Fisheye(Camera):
    """Equidistant projection: the distance from the centre is f times the angle (Kannala and Brandt 2006, eq. 3)."""

    @property
    def focal(self) -> float:
        """Image heights per rad."""
        return 1.0 / math.radians(self.fov_y_deg)

    def project(self, points: ArrayLike) -> Floats:
        p = np.atleast_2d(np.asarray(points, dtype=np.float64))
        across = np.linalg.norm(p[:, :2], axis=1)
        angle = np.arctan2(across, p[:, 2])
        radius = self.focal * np.where(angle <= math.radians(89.0), angle, np.nan)
        direction = p[:, :2] / np.maximum(across, 1e-12)[:, None]
        points_in_image: Floats = 0.5 + direction * radius[:, None] * np.array([self.height / self.width, 1.0])
        return points_in_image

    def ray(self, u: float, v: float) -> Floats:
        x, y = (u - 0.5) * self.width / self.height, v - 0.5
        radius = math.hypot(x, y)
        angle = radius / self.focal
        scale = math.sin(angle) / radius if radius > 1e-12 else 1.0 / self.focal
        return _normalise(x * scale, y * scale, math.cos(angle))


def _normalise(x: float, y: float, z: float) -> Floats:
    return np.array([x, y, z]) / math.sqrt(x * x + y * y + z * z)


def intersect_plane(origin: ArrayLike, direction: ArrayLike, height: float) -> Floats | None:
    """Where a ray meets the horizontal plane z = `height`, (3,) m; None when it never does."""
    o, d = np.asarray(origin, dtype=np.float64), np.asarray(direction, dtype=np.float64)
    if abs(d[2]) < 1e-9 or (height - o[2]) / d[2] <= 0:
        return None
    point: Floats = o + d * ((height - o[2]) / d[2])
    return point
