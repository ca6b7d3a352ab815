"""Pointing: clicks on the scene, drawn as a person might make them, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import PromptError, choose
from millwright.envs.brick_table import layout
from millwright.envs.brick_table.prompts import AnchorPrompt, Click, anchor_click
from millwright.envs.brick_table.viewer import find_camera_pose
from millwright.geometry.boxes import compute_bounding_box, compute_corners
from millwright.geometry.cameras import Camera, intersect_plane
from millwright.geometry.poses import Floats, invert_matrix, matrix_from_pose

CLICK_SPREAD = 0.9
"""Clicks that are drawn fall anywhere on a brick's top but its rim: on this much of its length and width."""
CLICK_TRIES = 50
"""Clicks that may be drawn, in clutter, to find a place at which the brick is seen."""
CLICK_REACH_M = 0.03
"""A click that hits no brick means the nearest one within this distance."""


class Pointing:
    """Clicks in the pictures of a scene as it is now.

    Args:
        model, data: the scene.
        lens, overhead: of the wrist camera and of the one above the table.
        objects: geom id -> index of its brick, or -1.
        brick_box: index of a brick -> position (3,), quaternion (4,), in the base frame, and half sizes (3,).
        clutter: bricks lie on each other: clicks that are drawn hit what is seen of a brick, and both cameras measure
            depth, as nobody can know how high it lies.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        lens: Camera,
        overhead: Camera,
        objects: NDArray[np.int64],
        brick_box: Callable[[int], tuple[Floats, Floats, Floats]],
        clutter: bool = False,
    ) -> None:
        self._model, self._data = model, data
        self._cameras: dict[str, Camera] = {"wrist": lens, "overhead": overhead}
        self._objects = objects
        self._brick_box = brick_box
        self._clutter = clutter
        self.camera_error: Floats = np.eye(4)
        """Where the wrist camera is believed to be, in its own true frame."""

    def draw_click(self, rng: np.random.Generator, brick: int, noise: float = 0.0) -> Click:
        """A click that a person might make on this brick's top, in the middle of a pixel of a camera that sees it.

        With `noise` it is off the centre of the brick's box in the picture by up to this share of the box.
        """
        click = self._draw_click(rng, brick, noise)
        for _ in range(CLICK_TRIES if self._clutter and not noise else 0):
            if self._hit(click) == brick:
                break
            click = self._draw_click(rng, brick, noise)
        return click

    def _draw_click(self, rng: np.random.Generator, brick: int, noise: float) -> Click:
        camera = ("wrist", "overhead")[int(rng.integers(2))]
        offset = rng.uniform(-1, 1, 2) * CLICK_SPREAD
        position, quaternion, half = self._brick_box(brick)
        point = compute_corners(position, quaternion, [offset[0] * half[0], offset[1] * half[1], half[2]])[-1]
        if noise:
            return self._aim_at_box(rng, camera, compute_corners(position, quaternion, half), noise)
        click = self._aim(camera, self._project(camera, point)[0])
        return click if click.is_inside else self._aim("overhead", self._project("overhead", point)[0])

    def _aim_at_box(self, rng: np.random.Generator, camera: str, corners: Floats, noise: float) -> Click:
        shift = rng.uniform(-1, 1, 2) * noise
        for name in (camera, "overhead"):
            box = compute_bounding_box(self._project(name, corners))
            click = self._aim(name, (box[:2] + box[2:]) / 2 + shift * (box[2:] - box[:2]))
            if click.is_inside:
                break
        return click

    def _project(self, camera: str, points: Floats) -> Floats:
        """Where points (n, 3) or (3,) of the base frame are seen, as fractions of the picture (n, 2)."""
        rows = np.atleast_2d(points)
        homogeneous = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
        return self._cameras[camera].project(
            (homogeneous @ invert_matrix(find_camera_pose(self._data, camera)).T)[:, :3]
        )

    def _aim(self, camera: str, at: Floats) -> Click:
        """At the middle of the pixel that holds this point of the picture."""
        size = np.array([self._cameras[camera].width, self._cameras[camera].height])
        u, v = (np.floor(at * size) + 0.5) / size
        return Click(camera, float(u), float(v))

    def find_anchor(self, click: Click) -> AnchorPrompt:
        """Where on the table the click points.

        Raises:
            PromptError: it points beside the image or above the table.
            UnknownNameError: no camera of that name.
        """
        lens = choose("camera", click.camera, self._cameras)
        pose = find_camera_pose(self._data, click.camera)
        believed = pose @ self.camera_error if click.camera == "wrist" else pose
        return anchor_click(click, lens, believed, self._measure_depth(click) if self._clutter else None)

    def find_brick(self, click: Click) -> int:
        """The brick under the click, else the nearest within CLICK_REACH_M of where the ray meets the table.

        Raises:
            PromptError: no brick is that near.
            UnknownNameError: no camera of that name.
        """
        brick = self._hit(click)
        if brick is not None:
            return brick
        anchor = self.find_anchor(click)
        ground = intersect_plane(*self._find_ray(click), 0.0)
        point = np.array([anchor.x, anchor.y]) if ground is None else ground[:2]
        distances = [self._distance_on_table(index, point) for index in range(len(layout.NAMES))]
        nearest = int(np.argmin(distances))
        if distances[nearest] > CLICK_REACH_M:
            raise PromptError(
                f"no brick within {100 * CLICK_REACH_M:.0f} cm of the click; the nearest is "
                f"{layout.NAMES[nearest]!r}, {100 * distances[nearest]:.0f} cm away"
            )
        return nearest

    def _find_ray(self, click: Click) -> tuple[Floats, Floats]:
        """Origin (3,) and direction (3,) in the base frame."""
        pose = find_camera_pose(self._data, click.camera)
        return pose[:3, 3], pose[:3, :3] @ choose("camera", click.camera, self._cameras).ray(click.u, click.v)

    def _hit(self, click: Click) -> int | None:
        """The brick under the click."""
        geom = self._cast(click)[0]
        return int(self._objects[geom]) if geom >= 0 and self._objects[geom] >= 0 else None

    def _measure_depth(self, click: Click) -> float | None:
        """From the camera to what is under the click, m; None when nothing is."""
        geom, distance = self._cast(click)
        return distance if geom >= 0 else None

    def _cast(self, click: Click) -> tuple[int, float]:
        """The first geom under the click, or -1, and how far away it is, m."""
        origin, direction = self._find_ray(click)
        direction = direction / np.linalg.norm(direction)
        hit = np.array([-1], dtype=np.int32)
        groups = np.array([1, 0, 0, 0, 0, 0], dtype=np.uint8)
        distance = mujoco.mj_ray(self._model, self._data, origin, direction, groups, 1, -1, hit, None)
        return int(hit[0]), float(distance)

    def _distance_on_table(self, brick: int, point: Floats) -> float:
        position, quaternion, half = self._brick_box(brick)
        local = matrix_from_pose([*position, *quaternion])[:2, :2].T @ (point - position[:2])
        return float(np.linalg.norm(np.maximum(np.abs(local) - half[:2], 0)))


def read_click(values: Mapping[str, Any]) -> Click:
    """A click from `camera`, `u` and `v` (fractions of the image).

    Raises:
        PromptError: one of them is missing or no number.
    """
    try:
        return Click(str(values["camera"]), float(values["u"]), float(values["v"]))
    except (KeyError, TypeError, ValueError) as error:
        raise PromptError(f"a click needs camera, u and v (fractions of the image); got {values!r}") from error
