"""Chunks are played k of n, blended where they meet, and forgotten on reset."""

import math

import numpy as np
import pytest

from millwright.core.clock import TickClock
from millwright.core.errors import ActionError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.policies.answers import LateAnswers
from millwright.policies.async_chunk_player import AsyncChunkPlayer
from millwright.policies.chunk_player import ChunkPlayer, blend_hand, blend_motion
from millwright.policies.playing import Playing


class Counting(Planner):
    """Its n-th chunk counts up from 100 n; its memory is how often it was asked by this robot."""

    inputs = Features()
    rate_hz = 10.0

    def __init__(self, length=6, lifetime_s=math.inf, dof=1, name="action"):
        self.length, self.lifetime_s = length, lifetime_s
        self.action = Feature(name, (dof,))
        self.asked = []

    def plan(self, observations, memories):
        self.asked += [
            (observation["tick"], memory) for observation, memory in zip(observations, memories, strict=True)
        ]
        count = memories[0]["count"] if memories[0] else 0
        actions = np.float32(100 * count) + np.arange(self.length, dtype=np.float32)[:, None]
        return [Chunk(actions, self.rate_hz, expires_at_s=self.lifetime_s)], [{"count": count + 1}]


def play(player, ticks, start=0):
    return [player.act({"tick": start + tick})[0].item() for tick in range(ticks)]


def test_the_first_k_actions_of_each_chunk_are_played():
    player = ChunkPlayer(planner := Counting(), execute=3, blend=0)
    player.reset(0)
    assert play(player, 8) == [0, 1, 2, 100, 101, 102, 200, 201]
    assert [tick for tick, _ in planner.asked] == [0, 3, 6]


def test_time_goes_on_while_no_plan_comes():
    class Silent(Counting):
        def plan(self, observations, memories):
            if observations[0]["tick"] < 4:
                raise ActionError("no plan")
            return super().plan(observations, memories)

    player = ChunkPlayer(Silent())
    for _ in range(4):
        with pytest.raises(ActionError, match="no plan"):
            player.act({"tick": 0})
    player.act({"tick": 4})
    assert player.plan.observed_at_s == pytest.approx(0.4)


def test_a_chunk_shorter_than_k_is_played_whole():
    assert play(ChunkPlayer(Counting(length=2), execute=5), 4) == [0, 1, 100, 101]


def test_the_planner_gets_its_memory_back_until_reset():
    player = ChunkPlayer(planner := Counting(), execute=2)
    player.reset(0)
    play(player, 4)
    player.reset(1)
    assert player.plan is None
    assert play(player, 2) == [0, 1]
    assert [memory for _, memory in planner.asked] == [None, {"count": 1}, None]


def test_the_seam_is_blended_over_the_rest_of_the_old_chunk():
    player = ChunkPlayer(Counting(), execute=3, blend=3)
    player.reset(0)
    played = play(player, 6)
    old, new = np.array([3, 4, 5]), np.array([100, 101, 102])
    weight = np.array([0.25, 0.5, 0.75])
    np.testing.assert_allclose(played[3:], (1 - weight) * old + weight * new)


def test_a_blend_longer_than_what_is_left_ends_with_what_is_left():
    player = ChunkPlayer(Counting(length=4), execute=3, blend=9)
    np.testing.assert_allclose(play(player, 5)[3:], [(3 + 100) / 2, 101])


def test_steps_at_the_seam_are_smaller_with_blending():
    jumps = {blend: np.abs(np.diff(play(ChunkPlayer(Counting(), 3, blend), 12))).max() for blend in (0, 2)}
    assert jumps[2] < 0.35 * jumps[0]


def test_the_plan_is_the_chunk_from_the_last_action_on():
    player = ChunkPlayer(Counting(), execute=3, blend=2)
    player.reset(0)
    play(player, 2)
    np.testing.assert_array_equal(player.plan.actions[:, 0], [1, 2, 3, 4, 5])
    played = play(player, 2)
    assert player.plan.actions[0, 0] == played[-1]
    assert player.plan.observed_at_s == pytest.approx(0.3)
    assert len(player.plan) == 6


def test_an_expired_chunk_is_an_error_that_says_what_to_do():
    player = ChunkPlayer(Counting(lifetime_s=0.15), execute=4)
    player.reset(0)
    assert play(player, 2) == [0, 1]
    with pytest.raises(
        ActionError, match=r"observed at 0\.000 s expired at 0\.150 s, now is 0\.200 s.*plan more often"
    ):
        player.act({"tick": 2})


def test_a_lifetime_counts_from_the_observation():
    assert len(play(ChunkPlayer(Counting(lifetime_s=0.15), execute=2), 20)) == 20


def test_empty_chunks_and_wrong_shapes_are_errors():
    with pytest.raises(ActionError, match="empty chunk"):
        ChunkPlayer(Counting(length=0)).act({"tick": 0})
    with pytest.raises(ActionError, match=r"declares actions of shape \(3,\), its chunk has \(1,\)"):
        ChunkPlayer(Counting(dof=3)).act({"tick": 0})


def test_players_play_as_usual_unless_they_are_told_otherwise():
    player, later = ChunkPlayer(Counting()), AsyncChunkPlayer(LateAnswers(Counting(), (0.0, 0.0)), TickClock(10.0))
    asked = Playing().make_policy(Counting(), "mine")
    assert len({(one.execute, one.blend) for one in (player, later, asked)}) == 1
    slow = Playing(execute=1, blend=0)
    late = Playing(latency_s=(0.1, 0.2), stale=True)
    assert late.within(slow) == Playing(1, 0, (0.1, 0.2), True)
    assert Playing(execute=asked.execute, blend=asked.blend).within(slow) == Playing(asked.execute, asked.blend)


def test_playing_nothing_of_a_chunk_is_refused():
    with pytest.raises(ValueError, match="execute must be at least 1"):
        ChunkPlayer(Counting(), execute=0)


def hand(x, yaw, opening, sign=1.0):
    half = yaw / 2
    return np.array([[x, 0, 0, 0, sign * math.cos(half), sign * math.sin(half), 0, opening]], np.float32)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_hands_are_blended_the_short_way_round_with_unit_quaternions(sign):
    half = np.array([[0.5]], np.float32)
    blended = blend_hand(hand(0, 0.2, 0.04), hand(1, 0.6, 0.0, sign), half)
    np.testing.assert_allclose(blended, hand(0.5, 0.4, 0.02), atol=1e-6)


def test_hand_targets_are_blended_as_hands():
    class Turning(Counting):
        def plan(self, observations, memories):
            count = memories[0] or 0
            return [Chunk(np.repeat(hand(count, 0, 0, (-1) ** count), 6, 0), 10.0)], [count + 1]

    player = ChunkPlayer(Turning(dof=8, name="hand_target"), execute=2, blend=2)
    player.reset(0)
    actions = np.stack([player.act({}) for _ in range(20)])
    np.testing.assert_allclose(np.linalg.norm(actions[:, 3:7], axis=1), 1, atol=1e-6)


def test_a_blended_gripper_is_open_or_closed_and_nothing_between():
    old, new = np.zeros((3, 7), np.float32), np.ones((3, 7), np.float32)
    old[:, 6] = -1
    blended = blend_motion(old, new, np.array([[0.25], [0.5], [0.75]], np.float32))
    assert blended[:, 6].tolist() == [-1, 1, 1]
    assert blended[:, 0].tolist() == [0.25, 0.5, 0.75]
