"""Who drives by sight: the road is traced in pictures, and the rules see nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.catalog import make_env, make_judge, make_policy
from millwright.core.clock import TickClock
from millwright.core.loop import play
from millwright.core.planner import Planner
from millwright.policies.answers import LateAnswers
from millwright.policies.async_chunk_player import AsyncChunkPlayer
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.driving import NoisyDriver, RandomDriver
from millwright.policies.road import RoadTracer, find_road, find_zoom, smooth
from millwright.policies.world_memory import CONTROLS
from millwright.robots.race_car import DrivingStyle, find_speed, follow
from tests.policies.driving import make_driving_bundle, make_view

SEED, ZOOM = 8000, 16.2


def paint_road(columns):
    """A picture of 64 pixels square: grass, and road in `columns` of a row."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:] = (102, 204, 102)
    for row in range(64):
        first, last = columns(row)
        picture[row, max(first, 0) : max(last, 0)] = 102
    return picture


def test_a_straight_road_is_traced_through_its_middle():
    line = RoadTracer((64, 64)).trace(find_road(paint_road(lambda row: (28, 42))), ZOOM)
    metres_a_column = 1000 / 64 / ZOOM
    assert len(line) > 12
    assert np.allclose(np.diff(line[:, 0]), 2.5, atol=0.3)
    assert np.allclose(line[:, 1], -3 * metres_a_column, atol=0.5)  # columns 28 to 41 lie right of the middle


def test_a_bend_is_followed_to_its_side_and_seen_in_the_speed():
    straight = RoadTracer((64, 64)).trace(find_road(paint_road(lambda row: (25, 39))), ZOOM)
    bent = RoadTracer((64, 64)).trace(
        find_road(paint_road(lambda row: (25 - (54 - row) ** 2 // 40, 39 - (54 - row) ** 2 // 40))), ZOOM
    )
    assert bent[8, 1] > straight[8, 1] + 5
    style = DrivingStyle()
    speeds = [find_speed(line, np.arange(len(line)) * 2.5, style) for line in (straight, bent)]
    assert speeds[0] == style.top_speed
    assert speeds[1] < 50


def test_where_there_is_no_road_no_line_is_made_up():
    assert len(RoadTracer((64, 64)).trace(find_road(paint_road(lambda row: (0, 0))), ZOOM)) == 0


def test_smoothing_keeps_ends_and_straight_lines():
    line = np.column_stack([np.arange(8.0), 2 * np.arange(8.0)])
    assert np.allclose(smooth(line), line)
    assert len(smooth(line[:2])) == 2


def test_zoom_is_gymnasiums():
    assert find_zoom(0.0) == pytest.approx(0.6)
    assert find_zoom(0.5) == pytest.approx(8.4)
    assert find_zoom(3.0) == pytest.approx(16.2)


@pytest.mark.parametrize(("aside", "steering"), [(4.0, -1), (-4.0, 1)])
def test_the_wheels_are_turned_to_the_line(aside, steering):
    line = np.column_stack([np.arange(0, 30, 2.5), np.full(12, aside)])
    action = follow(line, 10.0, DrivingStyle())
    assert np.sign(action[0]) == steering
    assert action[1] > 0


def test_a_hairpin_ahead_is_braked_for():
    angle = np.linspace(0, np.pi, 12)
    hairpin = np.column_stack([10 + 8 * np.sin(angle), 8 - 8 * np.cos(angle)])
    line = np.vstack([[[0, 0], [2.5, 0], [5, 0], [7.5, 0]], hairpin])
    assert follow(line, 70.0, DrivingStyle())[2] > 0
    assert follow(line, 5.0, DrivingStyle())[1] > 0


def test_the_rule_stays_on_the_road_and_the_documents_leaves_it():
    judges = {}
    for name in ("rule", "rule-document"):
        env, judges[name] = make_env("car-racing", max_steps=400), make_judge("car-racing")
        *_, _ = play(env, make_policy("car-racing", name, control_hz=12.5), judges[name], SEED)
    ours, theirs = judges["rule"].metrics(), judges["rule-document"].metrics()
    assert ours["off_road_share"] == 0
    assert ours["return"] > 250
    assert theirs["return"] < ours["return"] / 2


def test_a_random_driver_is_smooth_moves_and_is_the_same_for_a_seed():
    observation = {"observation.state": np.zeros(7, np.float32)}
    drives = []
    for _ in range(2):
        policy = RandomDriver(12.5)
        policy.reset(3)
        drives.append(np.array([policy.act(observation) for _ in range(400)]))
    assert np.array_equal(*drives)
    steering, throttle, brake = drives[0].T
    assert np.corrcoef(steering[1:], steering[:-1])[0, 1] > 0.6
    assert 0.15 < throttle.mean() < 0.4
    assert brake.mean() < 0.05
    observation["observation.state"][0] = 60
    assert policy.act(observation)[1] == 0


def test_an_unsteady_hand_strays_from_what_the_rule_wants_and_only_so_far():
    rule, unsteady = (make_policy("car-racing", name, control_hz=12.5) for name in ("rule", "rule-perturbed"))
    assert unsteady.name == "rule-perturbed"
    observation, _ = make_env("car-racing").reset(seed=SEED)
    gaps = []
    for seed in range(40):
        for policy in (rule, unsteady):
            policy.reset(seed)
        gaps.append(unsteady.act(observation)[0] - rule.act(observation)[0])
    assert 0.05 < np.std(gaps) < 0.3


@pytest.mark.parametrize("late", [None, 0, 2])
def test_a_driver_with_a_memory_remembers_what_the_unsteady_hand_did(late):
    planner, kept, asked = make_driving_bundle().planner(), [], []

    class Listening(Planner):
        inputs, action, rate_hz = planner.inputs, planner.action, planner.rate_hz

        def read_kept(self, memory, name):
            return planner.read_kept(memory, name)

        def put_kept(self, memory, name, value):
            return planner.put_kept(memory, name, value)

        def plan(self, observations, memories):
            asked.append(tick)
            kept.append(None if memories[0] is None else planner.read_kept(memories[0], CONTROLS)[-3:])
            return planner.plan(observations, memories)

    def make_player():
        if late is None:
            return ChunkPlayer(Listening(), execute=1, blend=0)
        latency_s = late / planner.rate_hz
        answers = LateAnswers(Listening(), (latency_s, latency_s))
        return AsyncChunkPlayer(answers, TickClock(planner.rate_hz), execute=1, blend=0)

    driver, done = NoisyDriver(make_player(), control_hz=planner.rate_hz), []
    driver.reset(0)
    for tick in range(8):
        done.append(driver.act(make_view(tick)))
    assert len(asked) >= 4
    for at, told in zip(asked[1:], kept[1:], strict=True):
        assert np.array_equal(told, done[at - 1])
