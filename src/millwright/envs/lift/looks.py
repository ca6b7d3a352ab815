"""How robosuite's table is drawn: cheaply for policies, with all its meshes for people."""

from __future__ import annotations

import mujoco

from millwright.envs.mujoco.rendering import Look

GROUP_FULL, GROUP_CHEAP, GROUP_BOTH = 1, 3, 4
CHEAP, FULL = Look((GROUP_CHEAP, GROUP_BOTH)), Look((GROUP_FULL, GROUP_BOTH))
LINK_COLOUR, HAND_COLOUR = (0.7, 0.7, 0.7, 1.0), (0.35, 0.35, 0.35, 1.0)


def dress(model: mujoco.MjModel) -> None:
    """Sort the geoms into what both looks draw, and what one alone does: collision meshes instead of handsome ones."""
    for geom in range(model.ngeom):
        name, body = model.geom(geom).name, model.body(model.geom_bodyid[geom]).name
        shown = model.geom_group[geom] == GROUP_FULL
        if shown and not name.startswith(("robot0_", "gripper0_right_hand")):
            model.geom_group[geom] = GROUP_BOTH
        elif body.startswith("robot0_link") and not shown:
            model.geom_group[geom], model.geom_rgba[geom] = GROUP_CHEAP, LINK_COLOUR
        elif name == "gripper0_right_hand_collision":
            model.geom_group[geom], model.geom_rgba[geom] = GROUP_CHEAP, HAND_COLOUR
    model.mat_reflectance[:] = 0
