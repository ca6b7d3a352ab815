"""The brick table as a gymnasium environment that also reports facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import NothingLeftError, OptionError, PromptError, choose
from millwright.core.facts import GraspFacts
from millwright.envs.brick_table import clutter, layout, starts
from millwright.envs.brick_table import tray as trays
from millwright.envs.brick_table.cell import BrickCell
from millwright.envs.brick_table.interface import (
    ACTION,
    ANCHOR,
    PLACE,
    list_observed,
    make_action_space,
)
from millwright.envs.brick_table.options import BrickTableOptions
from millwright.envs.brick_table.pointing import Pointing, read_click
from millwright.envs.brick_table.prompts import AnchorPrompt, Click, PromptSource, TrackedPrompt, compute_prompt_box
from millwright.envs.brick_table.scene import WRIST_PINHOLE_DEG, find_overhead
from millwright.envs.brick_table.troubles import Bump, draw_camera_error
from millwright.envs.brick_table.variation import ORDINARY, draw_variation
from millwright.envs.brick_table.viewer import BrickTableViewer
from millwright.envs.mujoco.rendering import Image
from millwright.envs.mujoco.starts import Scene
from millwright.envs.spaces import make_observation_space, take_action
from millwright.geometry.cameras import Camera, Fisheye, Pinhole
from millwright.geometry.poses import Floats, invert_matrix, pose_from_matrix
from millwright.robots import ur5e

FISHEYE_DEG = 155.0


class BrickTableEnv(gymnasium.Env[dict[str, Any], Any]):
    """Pick the brick that was pointed at. Control at 15 Hz: six joint targets (rad) and the opening (m, 0 closed).

    Joint targets are reached by linear interpolation over the tick and never faster than the joints may move.
    `reset(options=...)` takes `{"target": NAME}` or `{"click": {"camera", "u", "v"}}`; without, both are drawn.
    With `{"start": NAME}` the scene begins as adversarially as `starts.STARTS` describes, to try judges on.

    With a tray the task is to put the brick into it, at the place that observations tell. Then
    `{"continue": True}`, alone or with a target or click, leaves scene and arm as they are and points at another
    brick. A continued episode draws on from the random numbers of the one before; its seed changes nothing.

    Args:
        render_mode: as for every gymnasium environment.
        options: as for `BrickTableOptions`.

    Raises:
        OptionError: an option is out of its range, or two cannot be had together.
    """

    object_names = layout.NAMES
    object_colors = tuple(layout.COLORS.values())

    def __init__(self, render_mode: str | None = "rgb_array", **options: Any) -> None:
        self.render_mode = render_mode
        self.options = BrickTableOptions(**options)
        self.metadata = {
            "render_modes": ["rgb_array"],
            "render_fps": self.options.control_hz,
            "control_hz": self.options.control_hz,
        }
        size = self.options.image_size
        kind, fov_deg = (Fisheye, FISHEYE_DEG) if self.options.fisheye else (Pinhole, WRIST_PINHOLE_DEG)
        self.lens: Camera = kind(size, size, fov_deg)
        self.cell = BrickCell(self.lens, self.options.control_hz, self.options.tray)
        self.features = list_observed(self.options)
        self.action = ACTION
        self.action_space = make_action_space()
        self.observation_space = make_observation_space(self.features)
        self._bump: Bump | None = None
        self._prompt: PromptSource = AnchorPrompt(*layout.GRID_CENTER)
        self._next_prompts: Iterator[PromptSource] = iter(())
        cell = self.cell
        overhead = find_overhead(self.options.tray)
        self._pointing = Pointing(
            cell.model, cell.data, self.lens, overhead, cell.roles.object_index, cell.brick_box, self.options.clutter
        )
        self._pickable: Sequence[int] = range(len(layout.NAMES))
        """Bricks from which a target is drawn."""
        self._target, self._steps, self._task = -1, 0, ""
        self._place, self._variation = trays.SLOTS[0], ORDINARY
        self._asked = "put {} into the tray" if self.options.tray else "pick up {}"
        self.clicked: tuple[str, AnchorPrompt] | None = None
        """Camera and place on the table of the click that chose the target; None when it was named."""
        self.bumped_m = 0.0
        """How far the target was knocked away in this episode so far."""

    # ---------------------------------------------------------------- gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A new scene, or the present one with another target.

        Raises:
            PromptError: the click points at no brick, or the brick lies in the tray already.
            NothingLeftError: no brick is left on the table.
            OptionError: `continue` is neither true nor false, or stands beside a start.
            UnknownNameError: no brick, camera or start of that name.
        """
        wishes = dict(options or {})
        start, going_on = wishes.pop("start", None), wishes.pop("continue", False)
        if not isinstance(going_on, bool):
            raise OptionError(f"continue is true or false, got {going_on!r}")
        if going_on and start is not None:
            raise OptionError(f"a start begins another scene: give {start!r} or continue, not both")
        if going_on and (self._target < 0 or not self.options.tray):
            raise PromptError("to continue needs a tray (tray=True) and a scene (one reset without continue)")
        self._next_prompts = iter(())
        super().reset(seed=None if going_on else seed)
        if not going_on:
            self._set_scene()
        self._point(wishes)
        self._place = trays.find_free_slot(self.cell.bricks[:, :3])
        if not going_on or self.options.glow:
            self.cell.paint(self._variation.color(self._variation.bricks, self._target))
        if start is not None:
            self._begin(start)
        self._bump = Bump(self.np_random) if self.options.bump else None
        self._steps, self.bumped_m = 0, 0.0
        return self._observe(), {"facts": self._report()}

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Play one tick.

        The reward is 1 while the target is held 10 cm above the table, or lies in the tray without being held; else 0.

        Raises:
            ActionError: the action is not finite or has the wrong shape; nothing moved.
        """
        self.cell.move(take_action(action, ACTION))
        self._steps += 1
        self._knock()
        self._prompt = next(self._next_prompts, self._prompt)
        facts = self._report()
        over = self._steps >= self.options.max_steps
        return self._observe(), float(self._is_done(facts)), False, over, {"facts": facts}

    def _is_done(self, facts: GraspFacts) -> bool:
        """For the reward; whether the task was done, the judge decides."""
        touched, place = facts.pad_contacts[self._target], facts.positions[self._target]
        if self.options.tray:
            return bool(trays.is_in_tray(place[None])[0] and not touched.any())
        return bool(touched.all() and place[2] > 0.1 + self.cell.half_sizes[self._target, 2])

    def render(self) -> Image:
        """The overhead view, RGB (240, 320, 3)."""
        return self.cell.render_overhead()

    def close(self) -> None:
        self.cell.close()

    # ------------------------------------------------- for viewers in other processes

    def scene_state(self) -> Floats:
        """What a `BrickTableViewer` draws: qpos, and what the bricks are like; not light, table and sensor."""
        return np.concatenate([self.cell.data.qpos, self.cell.bricks_made.to_numbers()])

    def viewer_factory(self) -> Callable[[], BrickTableViewer]:
        return BrickTableViewer.seeing_through(self.lens, self.options.tray)

    # ------------------------------------------------- for those who let prompts wait

    def list_remaining(self) -> tuple[str, ...]:
        """Names of the bricks that are still to be cleared away."""
        return tuple(layout.NAMES[brick] for brick in self._find_remaining())

    def find_target(self, options: Mapping[str, Any]) -> str:
        """The name of the brick that these options of a reset point at as things are; nothing is changed.

        Raises:
            PromptError: at none, or at one that is not on the table any more; a click in a camera that moves.
            UnknownNameError: no such option, brick or camera.
        """
        if not options:
            return "any"
        if "click" in options:
            click = read_click(options["click"])
            if click.camera == "wrist":
                raise PromptError("the wrist camera moves: point in the overhead view while the arm is busy")
            brick = self._pointing.find_brick(click)
        else:
            brick = choose("brick", options["target"], {name: index for index, name in enumerate(layout.NAMES)})
        self._refuse_gone(brick)
        return layout.NAMES[brick]

    # ---------------------------------------------------------------- scene

    def _set_scene(self) -> None:
        """Draw a layout, put the arm at home, and whatever else the options ask for."""
        rng, cell = self.np_random, self.cell
        self._variation = draw_variation(rng, self.options)
        cell.vary(self._variation)
        self._lay_bricks()
        error = draw_camera_error(rng) if self.options.miscalibrated else np.eye(4)
        self._pointing.camera_error = invert_matrix(self._variation.camera_moved) @ error
        if self.options.underway:
            cleared = trays.draw_cleared(rng, cell.bricks)
            if cleared.hand is not None:
                cell.put_arm(cell.find_posture(cleared.hand))
                cell.open_fingers(cleared.opening_m)
            cell.put_bricks(cleared.bricks)

    def _lay_bricks(self) -> None:
        rng, cell = self.np_random, self.cell
        if self.options.clutter:
            self._pickable = clutter.pile_up(rng, cell)
        else:
            cell.reset(rng, layout.lay_flat(layout.draw_layout(rng, self.options.hard), cell.half_sizes[:, 2]))

    def _begin(self, start: str) -> None:
        """Change the scene that was drawn into an adversarial one."""
        cell = self.cell
        hand = pose_from_matrix(cell.pose_hand)
        halves = np.tile(layout.HALF_SIZES, (len(layout.NAMES), 1))
        drawn = Scene(cell.bricks, cell.brick_velocities, ur5e.MAX_OPENING_M, self._target, hand, halves)
        known = {**starts.STARTS, **(starts.TRAY_STARTS if self.options.tray else {})}
        changed = choose("start", str(start), known)(drawn)
        cell.open_fingers(changed.opening_m)
        cell.put_bricks(changed.poses, changed.velocities)

    def _knock(self) -> None:
        """Bump the target once, when it is due."""
        cell = self.cell
        brick, _, half = cell.brick_box(self._target)
        if self._bump is not None and self._bump.is_due(cell.pose_hand[:3, 3], brick, half[2]):
            places = cell.places
            moved = self._bump.move(places, self._target)
            self.bumped_m = float(np.linalg.norm((moved - places[self._target])[:2]))
            cell.put_brick(self._target, *moved)
            self._bump = None

    # ---------------------------------------------------------------- pointing

    def _point(self, options: dict[str, Any]) -> None:
        self.clicked = None
        known: dict[str, Callable[[Any], None]] = {
            "target": self._point_at_name,
            "click": lambda values: self._point_at(read_click(values)),
        }
        for key in options:
            choose("reset option", key, dict.fromkeys((*known, "start", "continue")))
        if len(options) > 1:
            raise PromptError("give a target or a click, not both")
        if not options:
            self._point_somewhere()
        for key, value in options.items():
            known[key](value)
        if self.options.tracked:
            self._prompt = TrackedPrompt(lambda: self.cell.brick_box(self._target))
        elif self.options.restless:
            clicks = [self._draw_click(self._target) for _ in range(self.options.max_steps)]
            self._next_prompts = iter([self._pointing.find_anchor(click) for click in clicks])

    def _point_at_name(self, name: str) -> None:
        brick = choose("brick", name, {brick: index for index, brick in enumerate(layout.NAMES)})
        self._refuse_gone(brick)
        self._target = brick
        self._task = self._asked.format(f"the {name} brick")
        place = AnchorPrompt(*(float(value) for value in self.cell.brick_pose(self._target)[0]))
        self._prompt = place if self.options.clutter else AnchorPrompt(place.x, place.y)

    def _point_somewhere(self) -> None:
        remaining = [brick for brick in self._find_remaining() if brick in self._pickable]
        if not remaining:
            raise NothingLeftError("no brick is left on the table")
        brick = remaining[int(self.np_random.integers(len(remaining)))]
        self._point_at(self._draw_click(brick), meant=brick)

    def _find_remaining(self) -> list[int]:
        """The bricks that are still to be cleared away: neither in the tray nor fallen off the table."""
        positions = self.cell.bricks[:, :3]
        gone = positions[:, 2] < -layout.HALF_SIZES[2]
        if self.options.tray:
            gone |= trays.is_in_tray(positions)
        return [int(brick) for brick in np.flatnonzero(~gone)]

    def _refuse_gone(self, brick: int) -> None:
        """There has to be something left to do with a brick."""
        remaining = self._find_remaining()
        if brick not in remaining:
            left = ", ".join(layout.NAMES[index] for index in remaining) or "none"
            raise PromptError(f"{layout.NAMES[brick]!r} does not lie on the table any more; on the table: {left}")

    def _draw_click(self, brick: int) -> Click:
        return self._pointing.draw_click(self.np_random, brick, self.options.click_noise)

    def _point_at(self, click: Click, meant: int | None = None) -> None:
        """The target is the brick that was `meant`, otherwise the one that was hit."""
        anchor = self._pointing.find_anchor(click)
        brick = self._pointing.find_brick(click) if meant is None else meant
        self._refuse_gone(brick)
        self._target = brick
        self._prompt, self.clicked = anchor, (click.camera, anchor)
        # which one it is, only the judge may know
        self._task = self._asked.format("the brick that was clicked")

    # ---------------------------------------------------------------- observations and facts

    def _observe(self) -> dict[str, Any]:
        cell = self.cell
        believed = cell.pose_camera @ self._pointing.camera_error
        box = compute_prompt_box(self._prompt, self.lens, believed, self._steps / self.options.control_hz)
        told = {
            ANCHOR.name: self._prompt.corners().mean(axis=0)[:2].astype(np.float32),
            PLACE.name: np.array([*self._place, trays.SLOT_YAW], np.float32),
        }
        depth = {"observation.images.wrist_depth": cell.render_wrist_depth()} if self.options.depth else {}
        return {
            "observation.images.wrist": cell.render_wrist(),
            **depth,
            "observation.state": np.array([*cell.joints, cell.opening_m], dtype=np.float32),
            "observation.hand_pose": pose_from_matrix(cell.pose_hand).astype(np.float32),
            "observation.wrench": cell.wrench.astype(np.float32),
            "observation.environment_state": box.astype(np.float32),
            "task": self._task,
            **(told if self.options.tray else {}),
        }

    def _report(self) -> GraspFacts:
        return self.cell.report(self._target, self._steps / self.options.control_hz)
