"""A view of the reach world for tests: a red box, a triangle for a tool, an overhead camera, a wrist camera."""

from __future__ import annotations

from typing import Any

import numpy as np

from millwright.geometry.cameras import Camera, Pinhole
from millwright.geometry.solids import Box, Mesh

LEVEL = np.array([0.0, 0, 0, 1, 0, 0, 0])
WRIST = Pinhole(320, 320, 60.0)
DOWN = np.diag([1.0, -1.0, -1.0, 1.0])  # an optical frame that looks down


class ToyView:
    """The state is the tool's and the box's position."""

    cameras = ("overhead", "wrist")
    solids = (
        Box("red", (1.0, 0.0, 0.0), LEVEL, np.array([0.05, 0.05, 0.02])),
        Mesh("tool", (0.0, 0.0, 1.0), LEVEL, np.eye(3), np.array([[0, 1, 2]])),
    )

    def __init__(self, wrist: Camera = WRIST) -> None:
        self.lenses = {"overhead": Pinhole(40, 30, 50.0), "wrist": wrist}
        self.drawn = 0

    def find_solids(self, state: Any) -> tuple[Box | Mesh, ...]:
        return self.solids

    def lens(self, camera: str) -> Camera:
        return self.lenses[camera]

    def render(self, state: Any, camera: str) -> np.ndarray:
        self.drawn += 1
        return np.full((30, 40, 3), 90, np.uint8)

    def project(self, state: Any, camera: str, points: Any) -> np.ndarray:
        local = (np.atleast_2d(points) - self.find_camera(state, camera)[:3, 3]) * [1, -1, -1]
        return self.lenses[camera].project(local)

    def find_poses(self, state: Any) -> dict[str, np.ndarray]:
        return {"red": np.array([*state[3:], 1, 0, 0, 0]), "tool": np.array([*state[:3], 1, 0, 0, 0])}

    def find_camera(self, state: Any, camera: str) -> np.ndarray:
        pose = DOWN.copy()
        pose[:3, 3] = [*state[:2], 1.0] if camera == "wrist" else [0, 0, 3.0]
        return pose

    def state_of(self, facts: Any) -> np.ndarray:
        return np.concatenate([facts.hand_pose[:3], facts.positions[0]])

    def find_hands(self, actions: Any) -> np.ndarray:
        steps = np.cumsum(np.asarray(actions, float), axis=0)
        return np.array([[*place, 0.0, 1, 0, 0, 0] for place in steps])

    def close(self) -> None: ...
