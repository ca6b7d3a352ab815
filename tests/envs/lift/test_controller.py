"""The controller gives the arm the torques that robosuite's own does."""

from __future__ import annotations

import mujoco
import numpy as np

from millwright.envs.lift.cell import load_table
from millwright.envs.lift.controller import OperationalSpace
from millwright.envs.lift.objects import CUBE


def test_torques_and_finger_commands_are_robosuites():
    table = load_table().LiftTable(CUBE)
    table.reset_arm(np.random.default_rng(3))
    model, data = table.mj_model, table.mj_data
    ours = OperationalSpace(model, data, model.site("gripper0_right_grip_site").id)
    rng, gaps = np.random.default_rng(0), []
    for _ in range(12):
        action = rng.uniform(-1.2, 1.2, 7)
        for substep in range(25):
            mujoco.mj_step1(model, data)
            table._pre_action(action, substep == 0)
            theirs = data.ctrl.copy()
            if substep == 0:
                ours.aim(action)
            ours.control()
            gaps.append(np.abs(data.ctrl - theirs))
            mujoco.mj_step2(model, data)
    assert np.max(gaps) < 2e-3  # robosuite turns matrices in 32 bits
    assert np.abs(theirs).max() > 10
