"""How robosuite's table is drawn: cheaply for policies, with all its meshes for people."""

from __future__ import annotations

import mujoco

from millwright.envs.mujoco.rendering import Look

GROUP_FULL, GROUP_CHEAP, GROUP_BOTH = 1, 3, 4
CHEAP, FULL = Look((GROUP_CHEAP, GROUP_BOTH)), Look((GROUP_FULL, GROUP_BOTH))
DEAR = ("robot0_", "fixed_mount0_", "gripper0_right_hand", "table_leg")
"""What robosuite draws with these names is left to the full look: no policy sees the table's legs, and the rest has
simpler shapes, those that collide."""
STAND_INS = {"robot0_": 0.9, "gripper0_right_hand": 0.6, "fixed_mount0_": 0.2}
"""What stands in for that in the cheap look, and how grey it is."""
HIDDEN = "robot0_link1_collision"
"""No camera sees it, and it has more faces than all others together."""


CLOSE_DEG = 36.0
"""Of agentview where several objects lie, for which robosuite's 45 degrees show more floor than table: as much as they
reach, and no more."""


def look_closer(model: mujoco.MjModel) -> None:
    """Show what lies on the table as large as it can be, with a floor of one colour."""
    model.camera("agentview").fovy = CLOSE_DEG
    model.geom("floor").matid = -1


def dress(model: mujoco.MjModel) -> None:
    """Sort the geoms into what both looks draw, and what one alone does."""
    for geom in range(model.ngeom):
        name = model.geom(geom).name
        grey = next((grey for start, grey in STAND_INS.items() if name.startswith(start)), None)
        if model.geom_group[geom] == GROUP_FULL:
            if not name.startswith(DEAR):
                model.geom_group[geom] = GROUP_BOTH
        elif grey is not None and name != HIDDEN:
            model.geom_group[geom], model.geom_rgba[geom] = GROUP_CHEAP, (grey, grey, grey, 1.0)
    model.mat_reflectance[:] = 0
