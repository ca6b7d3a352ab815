"""Bricks cannot be picked by going where the click points: fingers that come down on one are stopped by it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from millwright.core.loop import run_episode
from millwright.envs.brick_table import BrickTableEnv
from millwright.envs.brick_table.cell import HOME_YAW
from millwright.envs.brick_table.options import CONTROL_HZ
from millwright.envs.mujoco.rendering import LensRenderer
from millwright.experts.brick_picker import BrickPicker
from millwright.geometry.poses import wrap_angle, yaw_from_quaternion
from millwright.judges import SustainedLift


class BlindPicker(BrickPicker):
    """Grasps where the click points, with the fingers across bricks that lie as on an unjittered grid."""

    def __init__(self, env: BrickTableEnv) -> None:
        super().__init__(CONTROL_HZ)
        self._env = env

    def find_goal(self, facts):
        yaw = yaw_from_quaternion(facts.hand_pose[3:])
        prompt = self._env._prompt
        return super().find_goal(facts)._replace(x=prompt.x, y=prompt.y, yaw=yaw + wrap_angle(HOME_YAW - yaw, math.pi))


@pytest.fixture(scope="module")
def episodes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LensRenderer, "render", lambda *_: np.zeros((32, 32, 3), np.uint8))  # nobody looks
        env = BrickTableEnv(image_size=32)
        blind = BlindPicker(env)
        episodes = [run_episode(env, blind, SustainedLift(), seed) for seed in range(7000, 7060)]
        env.close()
    return episodes


def test_who_does_not_look_hardly_ever_picks(episodes):
    assert sum(episode.verdict.success for episode in episodes) <= 6


def test_a_brick_does_not_give_way_under_a_fingertip(episodes):
    pressed = [episode for episode in episodes if episode.verdict.evidence["max_contact_force_n"] > 40]
    assert len(pressed) > 40
    assert all(episode.verdict.failure == "collision" for episode in pressed)
    sunk = [max(step.facts.max_penetration_m for step in episode.steps) for episode in pressed]
    assert np.quantile(sunk, 0.9) < 0.0015
