"""Where the expert grasps among other bricks, and how it makes room where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from millwright.core.loop import play
from millwright.envs.brick_table import BrickTableEnv
from millwright.envs.brick_table.options import CONTROL_HZ
from millwright.experts.brick_picker import BrickPicker, PickStyle
from millwright.experts.grasps import BOLD, find_grasp
from millwright.geometry.poses import quaternion_from_yaw, quaternion_of_hand
from millwright.judges import SustainedLift
from millwright.robots.reach import GRASPS_M
from tests.judges.lifts import make_facts

STYLE = PickStyle()
AWAY = np.array([0.5, 0.0, 0.3, *quaternion_of_hand(math.pi / 2)])
PUSH_SEEDS = (7110, 7118, 7122, 7125)


def see(*places, hand=AWAY, opening=0.05):
    """The goal where bricks lie at x, y, z (m), yaw (rad); the first is the target."""
    count = len(places)
    facts = replace(
        make_facts(0, 0.0),
        names=tuple(str(index) for index in range(count)),
        positions=np.array([place[:3] for place in places]),
        orientations=np.array([quaternion_from_yaw(place[3]) for place in places]),
        velocities=np.zeros((count, 3)),
        pad_contacts=np.zeros((count, 2), dtype=bool),
        hand_pose=hand,
        opening_m=opening,
    )
    return BrickPicker(CONTROL_HZ).find_goal(facts)


TARGET, ALONGSIDE, ON_OTHER_SIDE = (0.5, 0.0, 0.012, 0.0), (0.5325, 0.0, 0.012, 0.0), (0.4675, 0.0, 0.012, 0.0)
BEHIND = (0.5, 0.0645, 0.012, 0.0)


def test_a_brick_by_itself_is_grasped_in_its_middle():
    goal = see(TARGET, (0.5, 0.2, 0.012, 0.0))
    assert goal[:4] == pytest.approx((0.5, 0.0, 0.012, math.pi / 2))
    assert goal.push_m == 0
    assert goal.hover == STYLE.hover_height


def test_a_brick_at_an_end_is_in_nobodys_way():
    assert see(TARGET, BEHIND)[:2] == pytest.approx((0.5, 0.0))


def test_beside_half_a_brick_the_other_half_is_grasped():
    goal = see(TARGET, (0.5325, 0.035, 0.012, 0.0))
    assert goal.push_m == 0
    assert goal.x == pytest.approx(0.5)
    assert -0.028 <= goal.y <= -0.015


def test_a_brick_on_others_is_grasped_as_high_as_it_lies():
    goal = see((0.5, 0.0, 0.0363, 0.4), TARGET, ALONGSIDE)
    assert goal.z == pytest.approx(0.0363)
    assert goal.hover > 0.0483 + 0.009
    assert goal.push_m == 0


def test_a_brick_that_is_walled_in_is_pushed_out_lengthwise_from_an_end_that_is_free():
    goal = see(TARGET, ALONGSIDE, BEHIND)
    assert (goal.x, goal.y) == pytest.approx((0.5, -0.053))
    assert 0.02 < goal.push_m < 0.06  # forward: the hand's x axis points along +y
    assert see(TARGET, ALONGSIDE, (0.5, -0.0645, 0.012, 0.0)).push_m < 0


def test_bricks_on_both_sides_do_not_stop_a_push():
    assert see(TARGET, ALONGSIDE, ON_OTHER_SIDE).push_m != 0


def test_a_push_that_has_begun_goes_on_until_the_grasp_is_good():
    behind = {"hand": np.array([0.5, -0.05, 0.014, *quaternion_of_hand(math.pi / 2)]), "opening": 0.0}
    nearly = (0.5325, -0.028, 0.012, 0.0)
    assert see(TARGET, nearly).push_m == 0
    assert see(TARGET, nearly, **behind).push_m > 0
    assert see(TARGET, ALONGSIDE, **behind).push_m > 0


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_of_two_places_as_good_the_hand_takes_the_one_that_it_is_at(side):
    hand = np.array([0.5, 0.03 * side, 0.08, *quaternion_of_hand(math.pi / 2)])
    push = see(TARGET, ALONGSIDE, ON_OTHER_SIDE, hand=hand)
    assert push.push_m != 0
    assert push.y * side > 0.04
    grasp = find_grasp(np.where(np.abs(GRASPS_M) > 0.01, 0.002, 0.0), BOLD, 0.02 * side)
    assert grasp is not None
    assert GRASPS_M[grasp] == pytest.approx(0.012 * side)


@pytest.mark.parametrize("seed", PUSH_SEEDS)
def test_expert_pushes_free_what_it_cannot_grasp_and_then_lifts_it(clutter, seed):
    expert, judge = BrickPicker(CONTROL_HZ), SustainedLift()
    steps = list(play(clutter, expert, judge, seed))
    start = steps[0].facts.positions[steps[0].facts.target]
    shut = [step for step in steps if step.facts.opening_m < STYLE.shut_width and step.facts.hand_pose[2] < 0.03]
    pushed = shut[-1].facts.positions[shut[-1].facts.target]
    assert np.linalg.norm((pushed - start)[:2]) > 0.005
    assert judge.verdict().success
    assert judge.verdict().evidence["max_contact_force_n"] < 25


def test_a_planned_push_carries_the_brick_along(clutter):
    for step in play(clutter, BrickPicker(CONTROL_HZ), SustainedLift(), PUSH_SEEDS[3]):
        facts, plan = step.facts, step.plan.actions
        touching = np.linalg.norm(facts.hand_pose[:2] - facts.positions[facts.target, :2]) < 0.0515
        if touching and facts.opening_m < 0.005 and facts.hand_pose[2] < 0.02:
            way = plan[:, :2] - facts.hand_pose[:2]
            heading = (facts.positions[facts.target, :2] - facts.hand_pose[:2]) / 0.05
            assert (np.diff(way @ heading)[:4] > 0.003).all()
            assert (plan[:, 7] == 0).all()
            break
    else:
        pytest.fail("it never touched the brick that it was to push")


@pytest.fixture(scope="module")
def clutter():
    env = BrickTableEnv(clutter=True, image_size=32)
    yield env
    env.close()
