"""Lifting as a gymnasium environment that also reports facts: robosuite's Lift, or one of several objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import OptionError, choose
from millwright.core.facts import LiftFacts
from millwright.envs.lift.cell import ORIGIN_M, ArmState, LiftCell
from millwright.envs.lift.instructions import DOCUMENT, HELD_OUT_PAIRS, write_instruction
from millwright.envs.lift.interface import ACTION, CAMERAS, CONTROL_HZ, list_observed, make_action_space
from millwright.envs.lift.looks import CHEAP, FULL
from millwright.envs.lift.objects import CUBE, POOL, Scene, draw_choice, draw_cube, repaint
from millwright.envs.lift.options import LiftChoiceOptions, LiftOptions
from millwright.envs.lift.pictures import Cameras, project
from millwright.envs.lift.starts import STARTS, STARTS_OF_SEVERAL, begin
from millwright.envs.lift.viewer import LiftViewer
from millwright.envs.lift.words import find_meant
from millwright.envs.mujoco.rendering import Image
from millwright.envs.mujoco.starts import Scene as Start
from millwright.envs.spaces import make_observation_space, take_action
from millwright.geometry.poses import Floats

LIFTED_M = 0.1
"""How high above where it lies an object gives a reward."""
MADE_UP = 1
"""Keeps scenes that are made up apart from those that are played with the same seed."""
REPAINTED = 0.5
"""Of made-up scenes of several objects, those with colours that have no name."""
REDRAWN = 50
"""Scenes that are tried under an arm that stands as told, until one leaves room for it."""


class Shown(NamedTuple):
    """What would be observed if this object were meant, and the facts behind it."""

    name: str
    observation: dict[str, Any]
    facts: LiftFacts
    points: Floats
    """(cameras, 2) where in each picture it lies, fractions; outside of 0 to 1 where it is not seen."""


class LiftEnv(gymnasium.Env[dict[str, Any], Any]):
    """Lift what the instruction names. Control at 20 Hz: robosuite's OSC_POSE, position, orientation and gripper.

    With `LiftOptions` it is robosuite's `Lift`: one red cube, and the words, which always fit it, carry nothing. With
    `LiftChoiceOptions` two to four objects lie there and the words decide.

    `reset(options=...)` takes `{"target": NAME}`, one of `object_names`, or draws it; the instruction names it. With
    `{"instruction": TEXT}` the policy is told these words instead, whatever they say. With `{"start": NAME}` the scene
    begins as adversarially as `starts.STARTS` describes, to try judges on.

    Facts are in the table frame: its origin is the middle of the table's top, z points up.

    Args:
        options: what episodes are like.
        render_mode: as for every gymnasium environment.

    Raises:
        MissingExtraError: robosuite is not installed.
    """

    def __init__(self, options: LiftOptions | None = None, render_mode: str | None = "rgb_array") -> None:
        self.options, self.render_mode = options or LiftOptions(), render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": CONTROL_HZ, "control_hz": CONTROL_HZ}
        self._chooses = isinstance(self.options, LiftChoiceOptions)
        self.cell = LiftCell(POOL if self._chooses else CUBE)
        self.features = list_observed(self.options.image_size)
        self.action = ACTION
        self.action_space = make_action_space()
        self.observation_space = make_observation_space(self.features)
        self._scene = draw_cube(np.random.default_rng(0))
        self._wanted, self._steps, self._task = 0, 0, ""

    # ---------------------------------------------------------------- gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A new scene.

        Raises:
            UnknownNameError: no such option, start, or object in this scene.
            OptionError: the instruction is no text.
        """
        wishes = self._check_wishes(options or {})
        super().reset(seed=seed)
        rng = self.np_random
        scene = self._draw_scene(rng)
        numbers = {name: number for number, name in enumerate(scene.names)}
        named = choose("object", wishes["target"], numbers) if "target" in wishes else None
        self.cell.reset(rng, scene.bodies, scene.poses)
        self._set_scene(scene)
        asked = self._list_asked(scene)
        drawn = asked[int(rng.integers(len(asked)))]
        self._wanted = drawn if named is None else named
        self._task = wishes["instruction"] if "instruction" in wishes else self._ask(int(rng.integers(2**31)))
        if "start" in wishes:
            begin(self.cell, self._starts[wishes["start"]], scene.bodies, self._wanted)
        self._steps = 0
        return self._observe(), {"facts": self._report()}

    def _check_wishes(self, options: dict[str, Any]) -> dict[str, Any]:
        """What can be refused before anything changes."""
        for key in options:
            choose("reset option", key, dict.fromkeys(("target", "instruction", "start")))
        if not isinstance(options.get("instruction", ""), str):
            raise OptionError(f"an instruction is a text, got {options['instruction']!r}")
        if "start" in options:
            choose("start", options["start"], self._starts)
        return options

    def step(self, action: NDArray[np.float32]) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Play one tick. The reward is 1 while the target is held 10 cm above where objects lie, else 0.

        Raises:
            ActionError: the action is not finite or has the wrong shape; nothing moved.
        """
        self.cell.move(take_action(action, ACTION))
        self._steps += 1
        facts = self._report()
        held = facts.pad_contacts[facts.target].all()
        high = facts.positions[facts.target, 2] > LIFTED_M + facts.half_sizes[facts.target, 2]
        over = self._steps >= self.options.max_steps
        return self._observe(), float(held and high), False, over, {"facts": facts}

    def render(self) -> Image:
        """The agent's view, RGB, with all meshes."""
        return self._handsome.render(self.cell.data, "agentview")

    def close(self) -> None:
        for name in ("_cameras", "_handsome"):
            cameras = self.__dict__.pop(name, None)
            if cameras is not None:
                cameras.close()

    # ---------------------------------------------------------------- what lies there

    @property
    def object_names(self) -> tuple[str, ...]:
        """What may be asked for in this scene: `red cube` and the like."""
        return self._scene.names

    @property
    def object_colors(self) -> tuple[str, ...]:
        """Of each, as `#rrggbb`."""
        return tuple(_write_colour(paint) for paint in self._scene.paints)

    @property
    def object_rows(self) -> tuple[int, ...]:
        """Of each, its row in the facts, which tell of what is put aside too."""
        return self._scene.bodies

    def find_meant(self, instruction: str) -> str:
        """The name of the one object here that an instruction means.

        Raises:
            PromptError: it means none of them, or several.
        """
        return self.object_names[find_meant(self._scene.items, instruction)]

    def suggest_instructions(self) -> tuple[str, ...]:
        """Something to say: for each object words that mean it, or all that is ever said of the single cube."""
        if not self._chooses:
            return DOCUMENT
        items = self._scene.items
        return tuple(write_instruction(items, number, number) for number in range(len(items)))

    @property
    def target_name(self) -> str:
        """Colour and shape of what is to be lifted."""
        return self._scene.names[self._wanted]

    @property
    def _starts(self) -> Mapping[str, Callable[[Start], Start]]:
        return STARTS_OF_SEVERAL if self._chooses else STARTS

    # ------------------------------------------------- for those who make scenes up

    def imagine(self, arm: ArmState, seed: int) -> Iterator[Shown]:
        """A scene that is drawn anew beneath an arm that stands as told, once for every object that can be named.

        In half of those of several objects most are in colours without a name, which episodes never show.

        Nothing moves: bodies are put where they are to be, and what overlaps with the arm is drawn again. The episode
        that was going on is lost; `reset` begins another.

        Args:
            arm: joints and opening, for example of a recorded tick.
            seed: of the scene and of the words.

        Raises:
            OptionError: the arm leaves no room for a scene.
        """
        rng = np.random.default_rng((seed, MADE_UP))
        for _ in range(REDRAWN):
            scene = self._draw_scene(rng)
            self.cell.show(arm, scene.bodies, scene.poses)
            if not self.cell.is_touched():
                break
        else:
            raise OptionError(f"the arm at {np.round(arm.joints, 3)} touches something in every scene")
        self._set_scene(repaint(scene, rng) if self._chooses and rng.random() < REPAINTED else scene)
        pictures = self._cameras.render_all(self.cell.data)
        self._steps = 0
        for number, name in enumerate(self._scene.names):
            self._wanted = number
            try:
                self._task = self._ask(int(rng.integers(2**31)))
            except OptionError:  # of a colour without a name, and no shape or place tells it from the rest
                continue
            facts = self._report()
            yield Shown(name, self._tell(pictures), facts, self._find_points(facts))

    def point_out(self, facts: LiftFacts) -> Floats:
        """Where in each camera's picture the target of such facts lies: `Shown.points`; loses the episode."""
        arm = ArmState(facts.joint_positions, facts.opening_m)
        self.cell.show(arm, tuple(range(len(facts.names))), np.hstack([facts.positions, facts.orientations]))
        return self._find_points(facts)

    def _find_points(self, facts: LiftFacts) -> Floats:
        point = facts.positions[facts.target] + ORIGIN_M
        points = [project(self.cell.data, camera, point[None])[0] for camera in CAMERAS]
        return np.where(np.isfinite(points), points, -1.0)  # behind a camera

    # ------------------------------------------------- for viewers in other processes

    def scene_state(self) -> Floats:
        """What a `LiftViewer` draws: qpos, and a colour for each body."""
        return np.concatenate([self.cell.data.qpos, np.ravel(self.cell.colours)])

    def viewer_factory(self) -> Callable[[], LiftViewer]:
        return partial(LiftViewer, self.cell.parts)

    # ---------------------------------------------------------------- scene

    def _draw_scene(self, rng: np.random.Generator) -> Scene:
        if isinstance(self.options, LiftChoiceOptions):
            return draw_choice(rng, self.options.pairs == "unseen")
        return draw_cube(rng)

    def _list_asked(self, scene: Scene) -> list[int]:
        """Numbers of the objects that may be drawn as the target."""
        held_out = isinstance(self.options, LiftChoiceOptions) and self.options.pairs == "unseen"
        return [
            number for number, name in enumerate(scene.names) if not held_out or tuple(name.split()) in HELD_OUT_PAIRS
        ]

    def _set_scene(self, scene: Scene) -> None:
        self._scene = scene
        if self._chooses:  # the single cube keeps robosuite's wood
            colours = np.zeros((len(self.cell.parts), 4))
            colours[list(scene.bodies)] = np.column_stack((scene.paints, np.ones(len(scene.bodies))))
            self.cell.colours = colours

    def _ask(self, seed: int) -> str:
        """Words that name the target."""
        if not isinstance(self.options, LiftChoiceOptions):
            return DOCUMENT[seed % len(DOCUMENT)]
        return write_instruction(self._scene.items, self._wanted, seed, self.options.words)

    # ---------------------------------------------------------------- observations and facts

    @cached_property
    def _cameras(self) -> Cameras:
        size = self.options.image_size
        return Cameras(self.cell.model, size, FULL if self.options.full_meshes else CHEAP)

    @cached_property
    def _handsome(self) -> Cameras:
        return Cameras(self.cell.model, 320, FULL)

    def _observe(self) -> dict[str, Any]:
        return self._tell(self._cameras.render_all(self.cell.data))

    def _tell(self, pictures: dict[str, Image]) -> dict[str, Any]:
        arm = self.cell.arm
        return {
            **{f"observation.images.{name}": pictures[name] for name in CAMERAS},
            "observation.state": np.array([*arm.joints, arm.opening_m], dtype=np.float32),
            "observation.hand_pose": self.cell.hand.astype(np.float32),
            "task": self._task,
        }

    def _report(self) -> LiftFacts:
        return self.cell.report(self._scene.bodies[self._wanted], self._steps / CONTROL_HZ)


def _write_colour(colour: Floats) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
