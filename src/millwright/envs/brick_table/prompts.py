"""Prompts: how somebody points at a brick, and the box that this gives in every later wrist image.

A click's ray meets the height of the bricks at an anchor, or ends where a depth camera says; from then on the box is
computed from the anchor, the calibration and the joint angles. No true pose is used, unless the source is
`TrackedPrompt`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from millwright.core.errors import PromptError
from millwright.envs.brick_table.layout import HALF_SIZES
from millwright.geometry.boxes import compute_bounding_box, compute_corners
from millwright.geometry.cameras import Camera, intersect_plane
from millwright.geometry.poses import Floats, invert_matrix

CLICK_HEIGHT_M = 0.02
"""Where a click's ray is cut: a little below the bricks' tops, since people click on sides too."""
NOMINAL_HALF_SIZES: Floats = np.array([0.025, 0.025, HALF_SIZES[2]])
"""The box drawn around an anchor: a brick whose yaw is not known."""
UPRIGHT: Floats = np.array([1.0, 0.0, 0.0, 0.0])


@dataclass(frozen=True)
class Click:
    """A point in a camera's image, as fractions of its width and height from the top left corner."""

    camera: str
    u: float
    v: float

    @property
    def is_inside(self) -> bool:
        return 0 <= self.u <= 1 and 0 <= self.v <= 1


class PromptSource(ABC):
    """Where the thing to be picked is. A click, a name or any detector can be one."""

    @abstractmethod
    def corners(self) -> Floats:
        """Corners (8, 3) of a box around it in the base frame, m."""

    @abstractmethod
    def age_s(self, elapsed_s: float) -> float:
        """Time since it was last truly seen, s, `elapsed_s` after the start."""


@dataclass(frozen=True)
class AnchorPrompt(PromptSource):
    """Something at a point on the table, or above it, seen once at the start."""

    x: float
    y: float
    z: float = float(HALF_SIZES[2])

    def corners(self) -> Floats:
        return compute_corners((self.x, self.y, self.z), UPRIGHT, NOMINAL_HALF_SIZES)

    def age_s(self, elapsed_s: float) -> float:
        return elapsed_s


@dataclass(frozen=True)
class TrackedPrompt(PromptSource):
    """The true box of a brick at every tick, as a perfect tracker would give it."""

    box: Callable[[], tuple[Floats, Floats, Floats]]
    """Gives position (3,), quaternion (4,) and half sizes (3,)."""

    def corners(self) -> Floats:
        return compute_corners(*self.box())

    def age_s(self, elapsed_s: float) -> float:
        return 0.0


def anchor_click(
    click: Click, camera: Camera, pose_camera_in_base: Floats, distance_m: float | None = None
) -> AnchorPrompt:
    """The anchor of a click, from the ray of the click and the calibration alone.

    Args:
        pose_camera_in_base: (4, 4), optical frame.
        distance_m: from the camera to what was clicked, where a depth camera measures it.

    Raises:
        PromptError: the click is outside the image, or its ray does not meet the table.
    """
    if not click.is_inside:
        raise PromptError(f"click ({click.u:.3f}, {click.v:.3f}) is outside the image; both must be in 0..1")
    origin, direction = pose_camera_in_base[:3, 3], pose_camera_in_base[:3, :3] @ camera.ray(click.u, click.v)
    if distance_m is not None:
        x, y, top = (float(v) for v in origin + distance_m * direction / np.linalg.norm(direction))
        return AnchorPrompt(x, y, max(top - AnchorPrompt.z, AnchorPrompt.z))
    point = intersect_plane(origin, direction, CLICK_HEIGHT_M)
    if point is None:
        raise PromptError("the click does not point at the table; click on a brick")
    return AnchorPrompt(float(point[0]), float(point[1]))


def compute_prompt_box(source: PromptSource, camera: Camera, pose_camera_in_base: Floats, elapsed_s: float) -> Floats:
    """x0, y0, x1, y1 (fractions of the image, unclipped), visible (0 or 1), age (s): (6,).

    Visible: the box's centre lies in the image and the camera can see all its corners; when it cannot, the
    box is the image's whole rim.
    """
    in_base = np.concatenate([source.corners(), np.ones((8, 1))], axis=1)
    points = camera.project((in_base @ invert_matrix(pose_camera_in_base).T)[:, :3])
    age = source.age_s(elapsed_s)
    if not np.isfinite(points).all():
        return np.array([0.0, 0.0, 1.0, 1.0, 0.0, age])
    box = compute_bounding_box(points)
    center = (box[:2] + box[2:]) / 2
    return np.array([*box, float(((center >= 0) & (center <= 1)).all()), age])
