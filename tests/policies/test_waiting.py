"""The synchronous way: nothing moves while a plan is made, and each plan is played from its beginning."""

import numpy as np
import pytest

from millwright.core.clock import TickClock
from millwright.core.errors import OptionError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.policies.answers import LateAnswers
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.playing import Playing
from millwright.policies.waiting import Waiting
from tests.policies.test_async_chunk_player import RATE_HZ, Following, play
from tests.policies.test_chunk_player import Counting


def make_player(planner, ticks, execute=2):
    return Waiting(LateAnswers(planner, (ticks / RATE_HZ, ticks / RATE_HZ)), TickClock(RATE_HZ), execute)


def test_without_latency_it_plays_as_the_chunk_player_without_blending():
    assert play(make_player(Counting(), 0), 20) == play(ChunkPlayer(Counting(), 2, 0), 20)


def test_it_stands_until_the_plan_is_there_and_plays_it_from_its_beginning():
    planner = Following()
    played = play(make_player(planner, 3), 12)
    assert planner.asked == [0, 5, 10]
    assert played == [-1, -1, -1, 0, 100, 100, 100, 100, 500, 600, 600, 600]


def test_motions_are_none_while_it_stands():
    class Moving(Planner):
        inputs, action, rate_hz = Features(), Feature("hand_motion", (7,)), RATE_HZ

        def plan(self, observations, memories):
            return [Chunk(np.ones((4, 7), np.float32), RATE_HZ)], list(memories)

    player = make_player(Moving(), 2)
    moved = [bool(player.act({"tick": tick}).any()) for tick in range(8)]
    assert moved == [False, False, True, True, False, False, True, True]


def test_it_is_one_way_to_play_and_needs_a_latency():
    made = Playing(latency_s=(0.1, 0.2), waits=True)
    assert isinstance(made.make_policy(Following(), "p"), Waiting)
    assert made.describe()["waits"] is True
    for wrong in ({"waits": True}, {"waits": True, "stale": True, "latency_s": (0.1, 0.1)}):
        with pytest.raises(OptionError, match="wait"):
            Playing(**wrong)


def test_an_episode_begins_anew():
    player = make_player(Following(), 1)
    assert play(player, 3) == [-1, 0, 100]
    player.reset(1)
    assert player.plan is None
    np.testing.assert_array_equal(play(player, 3), [-1, 0, 100])
