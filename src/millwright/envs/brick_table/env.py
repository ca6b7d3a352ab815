"""The brick table as a gymnasium environment that also reports facts."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import gymnasium
import mujoco
import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import ActionError, OptionError, PromptError, choose
from millwright.core.facts import GraspFacts
from millwright.core.features import Feature, Features
from millwright.envs.brick_table import layout, starts
from millwright.envs.brick_table.pointing import Pointing, read_click
from millwright.envs.brick_table.prompts import AnchorPrompt, Click, PromptSource, TrackedPrompt, compute_prompt_box
from millwright.envs.brick_table.scene import TIMESTEP_S, WRIST_CAMERA, WRIST_PINHOLE_DEG, make_model
from millwright.envs.brick_table.troubles import Bump, draw_camera_error
from millwright.envs.brick_table.viewer import BrickTableViewer
from millwright.envs.mujoco.contacts import GeomRoles, Worst, find_pad_contacts, find_robot_collision
from millwright.envs.mujoco.rendering import FAST, PLAIN, CameraRenderer, Image, LensRenderer
from millwright.geometry.cameras import GRAPHICS_FROM_OPTICAL, Camera, Fisheye, Pinhole
from millwright.geometry.poses import (
    Floats,
    matrix_from_pose,
    pose_from_matrix,
    quaternion_from_yaw,
    quaternion_of_hand,
    yaw_from_quaternion,
)
from millwright.robots import ur5e

CONTROL_HZ = 15
SUBSTEPS = round(1 / (CONTROL_HZ * TIMESTEP_S))
FISHEYE_DEG = 155.0
MAX_IMAGE_SIZE = 1024
HOME = (0.52, 0.05, 0.30)
HOME_YAW = -np.pi / 2
"""Fingers open along x, across bricks that lie as on the grid."""
HOME_JITTER_M, HOME_JITTER_RAD = 0.01, 0.05

OBSERVATION = (
    Feature("observation.state", (7,), unit="rad, m", frame="joints", names=(*ur5e.JOINT_NAMES, "opening")),
    Feature("observation.hand_pose", (7,), unit="m, wxyz", frame="base", names=("x", "y", "z", "qw", "qx", "qy", "qz")),
    Feature("observation.wrench", (6,), unit="N, N m", frame="hand", names=("fx", "fy", "fz", "tx", "ty", "tz")),
    Feature(
        "observation.environment_state", (6,), frame="wrist image", names=("x0", "y0", "x1", "y1", "visible", "age_s")
    ),
    Feature("task", (1,), dtype="string"),
)
ACTION = Feature("action", (7,), unit="rad, m", frame="joints", names=(*ur5e.JOINT_NAMES, "opening"))


class BrickTableEnv(gymnasium.Env[dict[str, Any], Any]):
    """Pick the brick that was pointed at. Control at 15 Hz: six joint targets (rad) and the opening (m, 0 closed).

    Joint targets are reached by linear interpolation over the tick and never faster than the joints may move.
    `reset(options=...)` takes `{"target": NAME}` or `{"click": {"camera", "u", "v"}}`; without, both are drawn.
    With `{"start": NAME}` the scene begins as adversarially as `starts.STARTS` describes, to try judges on.

    Args:
        hard: any yaw and free placement with 1 cm clearance, instead of the jittered grid.
        tracked: give the true box at every tick instead of what follows from the click.
        fisheye: 155-degree equidistant lens on the wrist instead of the 85-degree pinhole.
        image_size: height and width of the wrist image, pixels.
        max_steps: ticks until the episode is truncated.
        restless: another click for every tick, drawn on the target as it lies at the start: for recordings.
        bump: knock the target away by 2 to 6 cm and up to 45 degrees while the hand comes down.
        miscalibrated: believe the wrist camera 1 to 2 cm and 1 to 3 degrees away from where it is.
        click_noise: drawn clicks miss the brick's centre by up to this share of its box; at 0 they hit its top.

    Raises:
        OptionError: `image_size`, `max_steps` or `click_noise` is out of its range.
    """

    metadata = {  # noqa: RUF012 - gymnasium declares it per instance
        "render_modes": ["rgb_array"],
        "render_fps": CONTROL_HZ,
        "control_hz": CONTROL_HZ,
    }
    object_names = layout.NAMES
    object_colors = tuple(layout.COLORS.values())

    def __init__(
        self,
        hard: bool = False,
        tracked: bool = False,
        fisheye: bool = False,
        image_size: int = 128,
        max_steps: int = 120,
        restless: bool = False,
        bump: bool = False,
        miscalibrated: bool = False,
        click_noise: float = 0.0,
        render_mode: str | None = "rgb_array",
    ) -> None:
        if not 16 <= image_size <= MAX_IMAGE_SIZE or max_steps < 1:
            needed = f"image_size must be 16 to {MAX_IMAGE_SIZE} pixels and max_steps at least 1"
            raise OptionError(f"{needed}, got {image_size} and {max_steps}")
        if not 0 <= click_noise <= 0.5:
            raise OptionError(f"click_noise is a share of the brick's box, 0 to 0.5; got {click_noise}")
        self.render_mode = render_mode
        self.bump, self.miscalibrated, self.click_noise = bump, miscalibrated, click_noise
        self.hard, self.restless, self.tracked, self.max_steps = hard, restless, tracked, max_steps
        kind, fov_deg = (Fisheye, FISHEYE_DEG) if fisheye else (Pinhole, WRIST_PINHOLE_DEG)
        self.lens: Camera = kind(image_size, image_size, fov_deg)
        self.model = make_model(fov_deg)
        self.data = mujoco.MjData(self.model)
        self.features = Features(
            Feature("observation.images.wrist", (image_size, image_size, 3), dtype="uint8"), *OBSERVATION
        )
        self.action = ACTION
        self.action_space = _make_action_space()
        self.observation_space = _make_observation_space(self.features)
        self._chain = ur5e.make_chain()
        self._pose_camera_in_hand = WRIST_CAMERA.pose_in_hand() @ GRAPHICS_FROM_OPTICAL
        self._bricks = [self.model.body(name).id for name in layout.NAMES]
        self._brick_qpos = np.array([self.model.joint(name).qposadr[0] for name in layout.NAMES])
        self._brick_qvel = np.array([self.model.joint(name).dofadr[0] for name in layout.NAMES])
        self._finger_qpos = np.array([self.model.joint(f"{side}_finger").qposadr[0] for side in ("left", "right")])
        self._hand, self._flange = self.model.site("hand").id, self.model.body("flange").id
        self._roles = GeomRoles.of(self.model, self._bricks, ("left_finger", "right_finger"), "base")
        self._worst = Worst()
        self._bump: Bump | None = None
        self._prompt: PromptSource = AnchorPrompt(*HOME[:2])
        self._next_prompts: Iterator[PromptSource] = iter(())
        self._pointing = Pointing(self.model, self.data, self.lens, self._roles.object_index, self._brick_pose)
        self._target, self._steps, self._task = 0, 0, ""
        self.clicked: tuple[str, AnchorPrompt] | None = None
        """Camera and place on the table of the click that chose the target; None when it was named."""

    # ---------------------------------------------------------------- gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A new scene.

        Raises:
            PromptError: the click points at no brick.
            UnknownNameError: no brick, camera or start of that name.
        """
        super().reset(seed=seed)
        self._next_prompts = iter(())
        mujoco.mj_resetData(self.model, self.data)
        self._place(layout.draw_layout(self.np_random, self.hard), self._draw_home())
        if self.miscalibrated:
            self._pointing.camera_error = draw_camera_error(self.np_random)
        wishes = dict(options or {})
        start = wishes.pop("start", None)
        self._point(wishes)
        if start is not None:
            self._begin(start)
        self._bump = Bump(self.np_random) if self.bump else None
        self._steps = 0
        self._worst.take()
        return self._observe(), {"facts": self._report(0.0, 0.0)}

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Play one tick (1/15 s). The reward is 1 while the target is held 10 cm above the table, else 0.

        Raises:
            ActionError: the action is not finite or has the wrong shape; nothing moved.
        """
        command = np.asarray(action, dtype=np.float64)
        if command.shape != ACTION.shape or not np.isfinite(command).all():
            raise ActionError(f"an action is {ACTION.shape} finite numbers ({', '.join(ACTION.names)}); got {action}")
        self._move(command)
        self._steps += 1
        self._knock()
        self._prompt = next(self._next_prompts, self._prompt)
        facts = self._report(*self._worst.take())
        held = facts.pad_contacts[self._target].all()
        lifted = held and facts.positions[self._target, 2] > 0.1 + layout.HALF_SIZES[2]
        return self._observe(), float(lifted), False, self._steps >= self.max_steps, {"facts": facts}

    def render(self) -> Image:
        """The overhead view, RGB (240, 320, 3)."""
        return self._overhead_renderer.render(self.data, "overhead")

    def close(self) -> None:
        for name in ("_wrist_renderer", "_overhead_renderer"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    # ------------------------------------------------- for viewers in other processes

    def scene_state(self) -> Floats:
        """Everything a `BrickTableViewer` needs to draw the scene: qpos."""
        return np.array(self.data.qpos)

    def viewer_factory(self) -> Callable[[], BrickTableViewer]:
        return BrickTableViewer.seeing_through(self.lens)

    # ---------------------------------------------------------------- scene

    @cached_property
    def _wrist_renderer(self) -> LensRenderer:
        return LensRenderer(self.model, self.lens, PLAIN)

    @cached_property
    def _overhead_renderer(self) -> CameraRenderer:
        return CameraRenderer(self.model, 320, 240, FAST)

    def _draw_home(self) -> Floats:
        jitter = self.np_random.uniform(-1, 1, 4)
        yaw = HOME_YAW + HOME_JITTER_RAD * jitter[3]
        pose = np.concatenate([HOME + HOME_JITTER_M * jitter[:3], quaternion_of_hand(yaw)])
        return self._chain.step_towards(ur5e.SEED_JOINTS, matrix_from_pose(pose), iterations=12)

    def _place(self, bricks: Floats, joints: Floats) -> None:
        data = self.data
        data.qpos[:6] = data.ctrl[:6] = joints
        data.qpos[self._finger_qpos] = data.ctrl[6] = ur5e.MAX_OPENING_M / 2
        for address, (x, y, yaw) in zip(self._brick_qpos, bricks, strict=True):
            data.qpos[address : address + 7] = [x, y, layout.HALF_SIZES[2], *quaternion_from_yaw(yaw)]
        mujoco.mj_forward(self.model, data)

    def _begin(self, start: str) -> None:
        """Change the scene that was drawn into an adversarial one."""
        data, poses = self.data, self._brick_qpos[:, None] + np.arange(7)
        velocities = self._brick_qvel[:, None] + np.arange(6)
        hand = pose_from_matrix(self._chain.compute_pose(data.qpos[:6]))
        drawn = starts.Scene(data.qpos[poses], data.qvel[velocities], ur5e.MAX_OPENING_M, self._target, hand)
        changed = choose("start", str(start), starts.STARTS)(drawn)
        data.qpos[poses], data.qvel[velocities] = changed.poses, changed.velocities
        data.qpos[self._finger_qpos] = data.ctrl[6] = changed.opening_m / 2
        mujoco.mj_forward(self.model, data)

    def _knock(self) -> None:
        """Bump the target once, when it is due."""
        hand = self._chain.compute_pose(self.data.qpos[:6])[:3, 3]
        if self._bump is None or not self._bump.is_due(hand, self._brick_pose(self._target)[0]):
            return
        poses = [self._brick_pose(index) for index in range(len(layout.NAMES))]
        places = np.array([[x, y, yaw_from_quaternion(quaternion)] for (x, y, _), quaternion in poses])
        x, y, yaw = self._bump.move(places, self._target)
        address = self._brick_qpos[self._target]
        self.data.qpos[address : address + 7] = [x, y, layout.HALF_SIZES[2], *quaternion_from_yaw(yaw)]
        mujoco.mj_forward(self.model, self.data)
        self._bump = None

    def _move(self, command: Floats) -> None:
        data, start = self.data, self.data.ctrl[:6].copy()
        limit = ur5e.VELOCITY_LIMIT_RAD_S / CONTROL_HZ
        goal = np.clip(command[:6], *ur5e.POSITION_LIMITS_RAD.T)
        goal = start + np.clip(goal - start, -limit, limit)
        fingers = float(data.ctrl[6])
        finger_way = float(np.clip(command[6], 0.0, ur5e.MAX_OPENING_M)) / 2 - fingers
        reach = np.arange(1, SUBSTEPS + 1)[:, None] * (ur5e.CLOSING_SPEED_M_S / 2 * TIMESTEP_S)
        finger_ramp = fingers + np.clip(finger_way, -reach, reach)
        for controls in np.hstack([np.linspace(start, goal, SUBSTEPS + 1)[1:], finger_ramp]):
            data.ctrl[:] = controls
            mujoco.mj_step(self.model, data)
            self._worst.see(self._roles, data)
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_camlight(self.model, data)

    # ---------------------------------------------------------------- pointing

    def _point(self, options: dict[str, Any]) -> None:
        self.clicked = None
        known: dict[str, Callable[[Any], None]] = {
            "target": self._point_at_name,
            "click": lambda values: self._point_at(read_click(values)),
        }
        for key in options:
            choose("reset option", key, {**known, "start": self._begin})
        if len(options) > 1:
            raise PromptError("give a target or a click, not both")
        if not options:
            self._point_somewhere()
        for key, value in options.items():
            known[key](value)
        if self.tracked:
            self._prompt = TrackedPrompt(lambda: self._brick_pose(self._target))
        elif self.restless:
            clicks = [self._draw_click(self._target) for _ in range(self.max_steps)]
            self._next_prompts = iter([self._pointing.find_anchor(click) for click in clicks])

    def _point_at_name(self, name: str) -> None:
        self._target = choose("brick", name, {brick: index for index, brick in enumerate(layout.NAMES)})
        self._task = f"pick up the {name} brick"
        x, y, _ = self._brick_pose(self._target)[0]
        self._prompt = AnchorPrompt(float(x), float(y))

    def _point_somewhere(self) -> None:
        brick = int(self.np_random.integers(len(layout.NAMES)))
        self._point_at(self._draw_click(brick), meant=brick)

    def _draw_click(self, brick: int) -> Click:
        return self._pointing.draw_click(self.np_random, brick, self.click_noise)

    def _point_at(self, click: Click, meant: int | None = None) -> None:
        """The target is the brick that was `meant`, otherwise the one that was hit."""
        self._prompt = anchor = self._pointing.find_anchor(click)
        self._target = self._pointing.find_brick(click) if meant is None else meant
        self.clicked = (click.camera, anchor)
        self._task = "pick up the brick that was clicked"  # which one it is, only the judge may know

    # ---------------------------------------------------------------- observations and facts

    def _brick_pose(self, index: int) -> tuple[Floats, Floats]:
        address = self._brick_qpos[index]
        return self.data.qpos[address : address + 3].copy(), self.data.qpos[address + 3 : address + 7].copy()

    def _observe(self) -> dict[str, Any]:
        data = self.data
        pose_hand = self._chain.compute_pose(data.qpos[:6])
        pose_camera = pose_hand @ self._pose_camera_in_hand
        box = compute_prompt_box(
            self._prompt, self.lens, pose_camera @ self._pointing.camera_error, self._steps / CONTROL_HZ
        )
        opening = data.qpos[self._finger_qpos].sum()
        return {
            "observation.images.wrist": self._wrist_renderer.render(data, "wrist"),
            "observation.state": np.array([*data.qpos[:6], opening], dtype=np.float32),
            "observation.hand_pose": pose_from_matrix(pose_hand).astype(np.float32),
            "observation.wrench": data.sensordata[:6].astype(np.float32),
            "observation.environment_state": box.astype(np.float32),
            "task": self._task,
        }

    def _report(self, force_n: float, penetration_m: float) -> GraspFacts:
        data = self.data
        rows = data.qpos[self._brick_qpos[:, None] + np.arange(7)]
        velocity = np.zeros(6)
        mujoco.mj_objectVelocity(self.model, data, mujoco.mjtObj.mjOBJ_SITE, self._hand, velocity, 0)
        fingers = self._finger_qpos
        return GraspFacts(
            names=layout.NAMES,
            target=self._target,
            time_s=self._steps / CONTROL_HZ,
            positions=rows[:, :3],
            orientations=rows[:, 3:],
            velocities=data.qvel[self._brick_qvel[:, None] + np.arange(3)],
            pad_contacts=find_pad_contacts(self._roles, data, len(layout.NAMES)),
            hand_pose=pose_from_matrix(self._chain.compute_pose(data.qpos[:6])),
            hand_velocity=velocity[3:],
            wrist_position=data.xpos[self._flange].copy(),
            joint_positions=data.qpos[:6].copy(),
            opening_m=float(data.qpos[fingers].sum()),
            opening_speed=float(data.qvel[fingers].sum()),
            max_opening_m=ur5e.MAX_OPENING_M,
            robot_collision=find_robot_collision(self._roles, data),
            max_contact_force_n=force_n,
            max_penetration_m=penetration_m,
        )


def _make_action_space() -> gymnasium.spaces.Box:
    low = np.array([*ur5e.POSITION_LIMITS_RAD[:, 0], 0.0], dtype=np.float32)
    high = np.array([*ur5e.POSITION_LIMITS_RAD[:, 1], ur5e.MAX_OPENING_M], dtype=np.float32)
    return gymnasium.spaces.Box(low, high, dtype=np.float32)


def _make_observation_space(features: Features) -> gymnasium.spaces.Dict:
    spaces: dict[str, gymnasium.spaces.Space[Any]] = {}
    for feature in features.values():
        if feature.is_text:
            spaces[feature.name] = gymnasium.spaces.Text(
                100, charset=string.ascii_letters + string.digits + string.punctuation + " "
            )
        elif feature.is_image:
            spaces[feature.name] = gymnasium.spaces.Box(0, 255, feature.shape, np.uint8)
        else:
            spaces[feature.name] = gymnasium.spaces.Box(-np.inf, np.inf, feature.shape, np.float32)
    return gymnasium.spaces.Dict(spaces)
