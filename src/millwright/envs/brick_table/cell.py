"""The cell in simulation: arm, gripper, bricks and cameras, moved tick by tick, and the facts about them."""

from __future__ import annotations

import copy
from functools import cached_property

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from millwright.core.facts import GraspFacts, PlaceFacts
from millwright.envs.brick_table import layout
from millwright.envs.brick_table import tray as trays
from millwright.envs.brick_table.bricks import Bricks
from millwright.envs.brick_table.scene import POSE_WRIST_CAMERA_IN_HAND, TIMESTEP_S, make_model, paint_bricks
from millwright.envs.brick_table.variation import ORDINARY, Variation, change_model
from millwright.envs.mujoco.contacts import GeomRoles, Worst, find_pad_contacts, find_robot_collision
from millwright.envs.mujoco.rendering import FAST, PLAIN, CameraRenderer, Depth, Image, LensRenderer
from millwright.geometry.cameras import Camera
from millwright.geometry.poses import (
    Floats,
    matrix_from_pose,
    pose_from_matrix,
    quaternion_of_hand,
    yaw_from_quaternion,
)
from millwright.robots import ur5e
from millwright.robots.motion import JointMotion, Peaks

HOME = (0.52, 0.05, 0.30)
HOME_YAW = -np.pi / 2
"""Fingers open along x, across bricks that lie as on the grid."""
HOME_JITTER_M, HOME_JITTER_RAD = 0.01, 0.05
SETTLING_LOOKS_HZ = 12
STILL = 1e-3
"""Bricks that move no faster (m/s, rad/s) rest."""


class BrickCell:
    """A UR5e with a gripper before twelve bricks, without any task.

    Args:
        lens: of the wrist camera.
        control_hz: ticks a second.
        tray: beside the bricks stands a tray, and joints keep to a limit of their acceleration too.
    """

    def __init__(self, lens: Camera, control_hz: int, tray: bool = False) -> None:
        self.lens, self.control_hz, self.tray = lens, control_hz, tray
        self.model = make_model(lens.fov_y_deg, tray=tray)
        self.data = mujoco.MjData(self.model)
        self._compiled = copy.copy(self.model)
        self._variation, self.bricks_made = ORDINARY, ORDINARY.bricks
        model, sides = self.model, ("left", "right")
        bricks = [model.body(name).id for name in layout.NAMES]
        self.roles = GeomRoles.of(model, bricks, ("left_finger", "right_finger"), "base")
        self._brick_qpos = np.array([model.joint(name).qposadr[0] for name in layout.NAMES])[:, None] + np.arange(7)
        self._brick_qvel = np.array([model.joint(name).dofadr[0] for name in layout.NAMES])[:, None] + np.arange(6)
        self._finger_qpos = np.array([model.joint(f"{side}_finger").qposadr[0] for side in sides])
        self._hand, self._flange = model.site("hand").id, model.body("flange").id
        self._chain = ur5e.make_chain()
        self._worst = Worst()
        self._motion = JointMotion(TIMESTEP_S, ur5e.VELOCITY_LIMIT_RAD_S, ur5e.ACCELERATION_LIMIT_RAD_S2)
        self._peaks = Peaks(TIMESTEP_S, np.zeros(len(ur5e.JOINTS)))

    def reset(self, rng: np.random.Generator, poses: Floats) -> None:
        """The arm at home, more or less, with open fingers; bricks at `poses` (n, 7)."""
        data = self.data
        mujoco.mj_resetData(self.model, data)
        self.put_arm(self._draw_home(rng))
        self.open_fingers(ur5e.MAX_OPENING_M)
        self.put_bricks(poses)
        self._worst.take()

    def settle(self, at_most_s: float = 1.5) -> bool:
        """Let the bricks come to rest while the arm stays where it is; whether they did, in time."""
        data = self.data
        for _ in range(round(at_most_s * SETTLING_LOOKS_HZ)):
            mujoco.mj_step(self.model, data, round(1 / (SETTLING_LOOKS_HZ * TIMESTEP_S)))
            if np.abs(self.brick_velocities).max() < STILL:
                break
        else:
            return False
        data.time = 0.0
        self.put_bricks(self.bricks)
        return True

    def vary(self, variation: Variation) -> None:
        """Another table from the next `reset` on; nothing is left of the one before."""
        if variation is self._variation:
            return
        change_model(self.model, self._compiled, variation, self.lens.fov_y_deg)
        self._variation, self.bricks_made = variation, variation.bricks
        for renderer in self._find_renderers().values():
            renderer.reload_textures()

    def paint(self, bricks: Bricks) -> None:
        """Give the bricks the colours of these."""
        self.bricks_made = bricks
        paint_bricks(self.model, bricks)

    def close(self) -> None:
        """Free the renderers."""
        for name, renderer in self._find_renderers().items():
            del self.__dict__[name]
            renderer.close()

    def move(self, command: Floats) -> None:
        """One tick towards six joint targets (rad) and an opening (m), no faster than joints and fingers may move."""
        data, fingers = self.data, float(self.data.ctrl[6])
        finger_way = float(np.clip(command[6], 0.0, ur5e.MAX_OPENING_M)) / 2 - fingers
        substeps = round(1 / (self.control_hz * TIMESTEP_S))
        setpoints = self._find_way(command[:6], substeps)
        self._peaks.see(setpoints)
        reach = np.arange(1, substeps + 1)[:, None] * (ur5e.CLOSING_SPEED_M_S / 2 * TIMESTEP_S)
        finger_ramp = fingers + np.clip(finger_way, -reach, reach)
        for controls in np.hstack([setpoints, finger_ramp]):
            data.ctrl[:] = controls
            mujoco.mj_step(self.model, data)
            self._worst.see(self.roles, data)
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_camlight(self.model, data)

    def _find_way(self, target: Floats, substeps: int) -> Floats:
        """Setpoints (substeps, 6) of one tick."""
        start = self.data.ctrl[:6].copy()
        goal = np.clip(target, *ur5e.POSITION_LIMITS_RAD.T)
        if self.tray:
            return self._motion.follow(start, goal, substeps)
        limit = ur5e.VELOCITY_LIMIT_RAD_S / self.control_hz
        return np.linspace(start, start + np.clip(goal - start, -limit, limit), substeps + 1)[1:]

    # ---------------------------------------------------------------- what is where

    @property
    def joints(self) -> Floats:
        """(6,) rad."""
        return np.array(self.data.qpos[:6])

    @property
    def opening_m(self) -> float:
        return float(self.data.qpos[self._finger_qpos].sum())

    @property
    def wrench(self) -> Floats:
        """(6,) N and N m, at the hand."""
        return np.array(self.data.sensordata[:6])

    @property
    def pose_hand(self) -> Floats:
        """(4, 4) the midpoint of the fingertips in the base frame."""
        return self._chain.compute_pose(self.data.qpos[:6])

    @property
    def pose_camera(self) -> Floats:
        """(4, 4) the wrist camera's optical frame in the base frame."""
        return self.pose_hand @ POSE_WRIST_CAMERA_IN_HAND @ self._variation.camera_moved

    @property
    def bricks(self) -> Floats:
        """Pose of every brick, (n, 7): xyz m, wxyz."""
        return np.array(self.data.qpos[self._brick_qpos])

    @property
    def brick_velocities(self) -> Floats:
        """(n, 6) m/s, rad/s."""
        return np.array(self.data.qvel[self._brick_qvel])

    @property
    def places(self) -> Floats:
        """x, y (m) and yaw (rad) of every brick, (n, 3)."""
        return np.array([[row[0], row[1], yaw_from_quaternion(row[3:])] for row in self.bricks])

    def brick_pose(self, index: int) -> tuple[Floats, Floats]:
        """Position (3,) m and quaternion (4,) wxyz of one brick."""
        row = self.data.qpos[self._brick_qpos[index]].copy()
        return row[:3], row[3:]

    def brick_box(self, index: int) -> tuple[Floats, Floats, Floats]:
        """Position (3,) m, quaternion (4,) wxyz and half sizes (3,) m of one brick."""
        return *self.brick_pose(index), self.half_sizes[index]

    @property
    def half_sizes(self) -> Floats:
        """Of every brick, (n, 3) m."""
        return self.bricks_made.half_sizes

    def put_bricks(self, poses: Floats, velocities: ArrayLike = 0.0) -> None:
        """Put all bricks at `poses` (n, 7), with `velocities` (n, 6)."""
        self.data.qpos[self._brick_qpos] = poses
        self.data.qvel[self._brick_qvel] = velocities
        mujoco.mj_forward(self.model, self.data)

    def put_brick(self, index: int, x: float, y: float, yaw: float) -> None:
        """Put one brick elsewhere on the table; its velocity stays."""
        self.data.qpos[self._brick_qpos[index]] = layout.lay_flat([[x, y, yaw]], self.half_sizes[[index], 2])[0]
        mujoco.mj_forward(self.model, self.data)

    def put_arm(self, joints: Floats) -> None:
        """Put the joints (6,) there, at rest, at once; effective with the next `put_bricks`."""
        self.data.qpos[:6] = self.data.ctrl[:6] = joints
        self.data.qvel[:6] = 0
        self._motion.stop()
        self._peaks = Peaks(TIMESTEP_S, joints)

    def open_fingers(self, opening_m: float) -> None:
        """Put the fingers that far apart, at once; effective with the next `put_bricks`."""
        self.data.qpos[self._finger_qpos] = self.data.ctrl[6] = opening_m / 2

    def _draw_home(self, rng: np.random.Generator) -> Floats:
        jitter = rng.uniform(-1, 1, 4)
        yaw = HOME_YAW + HOME_JITTER_RAD * jitter[3]
        pose = np.concatenate([HOME + HOME_JITTER_M * jitter[:3], quaternion_of_hand(yaw)])
        return self.find_posture(pose)

    def find_posture(self, pose_hand: Floats) -> Floats:
        """Joints (6,) rad that put the hand there, (7,) xyz m, wxyz; elbow up."""
        return self._chain.step_towards(ur5e.SEED_JOINTS, matrix_from_pose(pose_hand), iterations=12)

    # ---------------------------------------------------------------- pictures and facts

    @cached_property
    def _wrist_renderer(self) -> LensRenderer:
        return LensRenderer(self.model, self.lens, PLAIN)

    @cached_property
    def _overhead_renderer(self) -> CameraRenderer:
        return CameraRenderer(self.model, 320, 240, FAST)

    def _find_renderers(self) -> dict[str, LensRenderer | CameraRenderer]:
        """Those that are in use, by their attributes."""
        return {
            name: self.__dict__[name] for name in ("_wrist_renderer", "_overhead_renderer") if name in self.__dict__
        }

    def render_wrist(self) -> Image:
        """RGB, of the lens's size, as the camera delivers it."""
        image = self._wrist_renderer.render(self.data, "wrist")
        return image if self._variation.sensor is None else self._variation.sensor(image)

    def render_wrist_depth(self) -> Depth:
        """(height, width, 1) m of the same camera, which the faults of the colours leave as it is."""
        return self._wrist_renderer.render_depth(self.data, "wrist")

    def render_overhead(self) -> Image:
        """RGB (240, 320, 3)."""
        return self._overhead_renderer.render(self.data, "overhead")

    def report(self, target: int, time_s: float) -> GraspFacts:
        """The facts of this instant; forces and penetrations are the worst since the last report."""
        data, bricks = self.data, self.bricks
        force_n, penetration_m = self._worst.take()
        velocity = np.zeros(6)
        mujoco.mj_objectVelocity(self.model, data, mujoco.mjtObj.mjOBJ_SITE, self._hand, velocity, 0)
        facts = GraspFacts(
            names=layout.NAMES,
            target=target,
            time_s=time_s,
            positions=bricks[:, :3],
            orientations=bricks[:, 3:],
            velocities=self.brick_velocities[:, :3],
            pad_contacts=find_pad_contacts(self.roles, data, len(layout.NAMES)),
            hand_pose=pose_from_matrix(self.pose_hand),
            hand_velocity=velocity[3:],
            wrist_position=data.xpos[self._flange].copy(),
            joint_positions=self.joints,
            opening_m=self.opening_m,
            opening_speed=float(data.qvel[self._finger_qpos].sum()),
            max_opening_m=ur5e.MAX_OPENING_M,
            robot_collision=find_robot_collision(self.roles, data),
            max_contact_force_n=force_n,
            max_penetration_m=penetration_m,
            half_sizes=self.half_sizes,
        )
        speed, acceleration = self._peaks.take()
        if not self.tray:
            return facts
        return PlaceFacts(**vars(facts), tray=trays.INSIDE, joint_speed=speed, joint_acceleration=acceleration)
