"""robosuite's Lift, with objects of our own on its table. Importing this needs robosuite."""

from __future__ import annotations

import mujoco
import numpy as np
from robosuite.environments.manipulation.lift import Lift
from robosuite.environments.manipulation.manipulation_env import ManipulationEnv
from robosuite.models.arenas import TableArena
from robosuite.models.objects import BallObject, BoxObject, CylinderObject
from robosuite.models.objects.generated_objects import MujocoGeneratedObject
from robosuite.models.tasks import ManipulationTask
from robosuite.utils.mjcf_utils import CustomMaterial

from millwright.envs.lift.interface import CONTROL_HZ
from millwright.envs.lift.objects import Part

SEED = 0
"""robosuite draws the size of its cube when it loads the model; ours have one size each."""


class LiftTable(Lift):  # type: ignore[misc]  # robosuite has no types
    """The robot, table and physics of robosuite's `Lift`; what lies on the table is given.

    It is reset softly and renders nothing: robosuite's own renderer shows old images after hard resets.

    Args:
        parts: what there is to be lifted. A single cube has the look of robosuite's.
    """

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._parts = parts
        super().__init__(
            robots="Panda",
            has_renderer=False,
            has_offscreen_renderer=False,
            use_camera_obs=False,
            use_object_obs=False,
            control_freq=CONTROL_HZ,
            hard_reset=False,
            ignore_done=True,
            seed=SEED,
        )

    def _load_model(self) -> None:
        ManipulationEnv._load_model(self)
        robot = self.robots[0].robot_model
        robot.set_base_xpos(robot.base_xpos_offset["table"](self.table_full_size[0]))
        arena = TableArena(self.table_full_size, self.table_friction, self.table_offset)
        arena.set_origin([0, 0, 0])
        wood = _make_wood() if len(self._parts) == 1 else None
        objects = [_make_object(part, wood) for part in self._parts]
        self.cube = objects[0]
        self.model = ManipulationTask(arena, [robot], objects)

    def _reset_internal(self) -> None:
        ManipulationEnv._reset_internal(self)

    def reset_arm(self, rng: np.random.Generator) -> None:
        """The arm near its usual posture, with robosuite's noise; objects, controller and time as at the beginning."""
        self.rng = rng
        self.reset()

    def find_body(self, part: Part) -> str:
        """The name of its body in the model."""
        return f"{_name(part)}_main"

    @property
    def mj_model(self) -> mujoco.MjModel:
        return self.sim.model._model

    @property
    def mj_data(self) -> mujoco.MjData:
        return self.sim.data._data


def _name(part: Part) -> str:
    return part.name.replace(" ", "-")


def _make_wood() -> CustomMaterial:
    look = {"texrepeat": "1 1", "specular": "0.4", "shininess": "0.1"}
    return CustomMaterial("WoodRed", "redwood", "redwood_mat", tex_attrib={"type": "cube"}, mat_attrib=look)


def _make_object(part: Part, material: CustomMaterial | None) -> MujocoGeneratedObject:
    """A body that may be made to float, so that it can be put aside."""
    name, size = _name(part), part.half_sizes
    if part.shape == "cube":
        made = BoxObject(name, size=list(size), rgba=[1, 0, 0, 1], material=material, rng=np.random.default_rng(SEED))
    elif part.shape == "ball":
        made = BallObject(name, size=[size[0]], rgba=[1, 0, 0, 1])
    else:
        made = CylinderObject(name, size=[size[0], size[2]], rgba=[1, 0, 0, 1], rng=np.random.default_rng(SEED))
    made.get_obj().set("gravcomp", "1")
    return made
