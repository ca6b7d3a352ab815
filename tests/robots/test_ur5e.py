"""The UR5e's kinematics: MuJoCo, mink and our own chain agree."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.envs.brick_table.scene import make_model
from millwright.geometry.poses import matrix_from_pose, pose_from_matrix, quaternion_of_hand, rotation_vector
from millwright.robots import ur5e
from millwright.robots.inverse_kinematics import UnreachableError, solve_posture
from millwright.robots.servo import HandServo

CHAIN = ur5e.make_chain()
MODEL = make_model()
joints = st.lists(st.floats(-3, 3), min_size=6, max_size=6).map(np.array)


@given(joints)
@settings(max_examples=20)
def test_chain_is_where_mujoco_says(joints):
    data = mujoco.MjData(MODEL)
    data.qpos[:6] = joints
    mujoco.mj_kinematics(MODEL, data)
    pose = CHAIN.compute_pose(joints)
    assert np.allclose(pose[:3, 3], data.site("hand").xpos, atol=1e-9)
    assert np.allclose(pose[:3, :3], data.site("hand").xmat.reshape(3, 3), atol=1e-9)


@given(joints)
def test_jacobian_is_the_derivative_of_the_pose(joints):
    pose, jacobian = CHAIN.compute_jacobian(joints)
    for column, step in enumerate(1e-6 * np.eye(6)):
        moved = CHAIN.compute_pose(joints + step)
        turned = rotation_vector(moved[:3, :3] @ pose[:3, :3].T)
        numeric = np.concatenate([moved[:3, 3] - pose[:3, 3], turned]) / 1e-6
        assert np.allclose(jacobian[:, column], numeric, atol=1e-4)


@given(st.floats(0.38, 0.66), st.floats(-0.24, 0.24), st.floats(0.01, 0.3), st.floats(-3.1, 0.0))
@settings(max_examples=30)
def test_servo_follows_a_hand_that_moves_three_centimetres(x, y, z, yaw):
    start = np.concatenate([[x, y, z], quaternion_of_hand(yaw)])
    joints = CHAIN.step_towards(ur5e.SEED_JOINTS, matrix_from_pose(start), iterations=30)
    goal = np.concatenate([[x + 0.02, y - 0.02, z + 0.01], quaternion_of_hand(yaw + 0.1), [0.03]])
    action = HandServo().follow(joints, goal)
    reached = pose_from_matrix(CHAIN.compute_pose(action[:6]))
    assert np.abs(reached[:3] - goal[:3]).max() < 1e-4
    assert action[6] == pytest.approx(0.03)


def test_mink_finds_the_posture_that_the_chain_steps_to():
    target = matrix_from_pose([0.5, 0.1, 0.2, *quaternion_of_hand(-1.2)])
    start = np.zeros(MODEL.nq)
    start[:6] = ur5e.SEED_JOINTS
    solved = solve_posture(MODEL, "hand", target, start)
    assert np.allclose(CHAIN.compute_pose(solved[:6]), target, atol=2e-3)


def test_pose_out_of_reach_is_refused_with_the_distance():
    target = matrix_from_pose([3.0, 0, 0.2, *quaternion_of_hand(0)])
    with pytest.raises(UnreachableError, match="mm away"):
        solve_posture(
            MODEL, "hand", target, np.concatenate([ur5e.SEED_JOINTS, np.zeros(MODEL.nq - 6)]), max_iterations=20
        )
