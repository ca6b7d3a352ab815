"""Views of lifting for people, drawn from a state alone, so that another process can draw them."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from millwright.core.facts import LiftFacts
from millwright.envs.lift.cell import ORIGIN_M, ArmState, LiftCell
from millwright.envs.lift.interface import CONTROL_HZ
from millwright.envs.lift.looks import FULL
from millwright.envs.lift.objects import Part
from millwright.envs.lift.pictures import MODEL_CAMERAS, Cameras, find_camera, find_lens, project
from millwright.envs.mujoco.rendering import Image, Look
from millwright.envs.mujoco.solids import find_frame_poses, make_solids
from millwright.geometry.cameras import Pinhole
from millwright.geometry.poses import Floats
from millwright.geometry.solids import Solid
from millwright.robots.panda_hand import MAX_DELTA_M, follow_goal

SIZE = 320


class LiftViewer:
    """Draws scene states, or tells others how to draw them; points and poses are in the table frame.

    Args:
        parts: bodies that there are.
    """

    def __init__(self, parts: tuple[Part, ...], look: Look = FULL) -> None:
        self._cell, self._look = LiftCell(parts), look
        self._cameras = Cameras(self._cell.model, SIZE, look)

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(MODEL_CAMERAS)

    def size(self, camera: str) -> tuple[int, int]:
        """Width and height in pixels."""
        lens = self.lens(camera)
        return lens.width, lens.height

    def lens(self, camera: str) -> Pinhole:
        """How a camera projects."""
        return find_lens(self._cell.model, camera, SIZE)

    def render(self, state: ArrayLike, camera: str) -> Image:
        """RGB (height, width, 3) of a `LiftEnv.scene_state()`."""
        self._place(state)
        return self._cameras.render(self._cell.data, camera)

    def project(self, state: ArrayLike, camera: str, points: ArrayLike) -> Floats:
        """Fractions (n, 2) of the image at which points (n, 3) of the table frame appear; NaN behind the camera."""
        self._place(state)
        return project(self._cell.data, camera, np.atleast_2d(points) + ORIGIN_M)

    # ------------------------------------------------- for viewers that draw by themselves

    def find_solids(self, state: ArrayLike) -> tuple[Solid, ...]:
        """Everything that is to be seen, in the frames of `find_poses`."""
        self._place(state)
        return make_solids(self._cell.model, self._look.groups)

    def find_poses(self, state: ArrayLike) -> dict[str, Floats]:
        """Pose (7,) xyz m + wxyz of every frame in the table frame."""
        self._place(state)
        poses = find_frame_poses(self._cell.model, self._cell.data)
        return {name: pose - [*ORIGIN_M, 0, 0, 0, 0] for name, pose in poses.items()}

    def find_camera(self, state: ArrayLike, camera: str) -> Floats:
        """Pose (4, 4) of a camera's optical frame in the table frame."""
        self._place(state)
        pose = find_camera(self._cell.data, camera)
        pose[:3, 3] -= ORIGIN_M
        return pose

    def state_of(self, facts: LiftFacts) -> Floats:
        """The scene state that facts tell of, so that recordings can be drawn too; old ones tell no colours, and get
        those drawn last.
        """
        cell = self._cell
        if len(facts.colours):
            cell.colours = facts.colours
        bodies = tuple(range(len(facts.names)))
        cell.show(
            ArmState(facts.joint_positions, facts.opening_m), bodies, np.hstack([facts.positions, facts.orientations])
        )
        return np.concatenate([cell.data.qpos, np.ravel(cell.colours)])

    def find_hands(self, actions: ArrayLike) -> Floats:
        """Where the hand would come to, tick by tick, from where it stands: poses (n, 7) for actions (n, 7)."""
        hands, place, velocity = [], self._cell.hand, np.zeros(3)
        for action in np.asarray(actions, dtype=np.float64):
            place[:3], velocity = follow_goal(place[:3], velocity, MAX_DELTA_M * action[:3], 1 / CONTROL_HZ)
            hands.append(place.copy())
        return np.array(hands)

    def close(self) -> None:
        self._cameras.close()

    def _place(self, state: ArrayLike) -> None:
        cell = self._cell
        qpos, colours = np.split(np.asarray(state, dtype=np.float64), [cell.model.nq])
        cell.data.qpos[:] = qpos
        cell.colours = colours.reshape(-1, 4)
        mujoco.mj_kinematics(cell.model, cell.data)
        mujoco.mj_camlight(cell.model, cell.data)
