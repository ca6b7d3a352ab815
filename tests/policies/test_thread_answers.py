"""A tick waits for a plan as long as it was told to, whatever becomes of the planner."""

import threading

import numpy as np
import pytest

from millwright.core.clock import TickClock
from millwright.core.errors import OptionError, RemoteError
from millwright.policies.async_chunk_player import AsyncChunkPlayer
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.playing import Playing
from millwright.policies.thread_answers import ThreadAnswers
from tests.policies.test_async_chunk_player import RATE_HZ, Following, play
from tests.policies.test_chunk_player import Counting


class Stalling(Following):
    """Plans when its gate is open; raises what it is told to."""

    def __init__(self, length=16):
        super().__init__(length)
        self.gate, self.entered, self.error = threading.Event(), threading.Event(), None
        self.gate.set()

    def plan(self, observations, memories):
        self.entered.set()
        assert self.gate.wait(30)
        if self.error is not None:
            raise self.error
        return super().plan(observations, memories)


def make_player(planner, wait_s=20.0, execute=2):
    return AsyncChunkPlayer(ThreadAnswers(planner, wait_s), TickClock(RATE_HZ), execute, 1)


def act(player, tick):
    return player.act({"tick": tick, "observation.state": np.array([-1.0], np.float32)})[0].item()


def test_answers_within_a_tick_are_played_as_if_they_came_at_once():
    threaded, plain = make_player(Counting()), ChunkPlayer(Counting(), 2, 1)
    assert play(threaded, 20) == play(plain, 20)
    assert threaded.metrics() == {"unanswered_ticks": 0.0}


def test_a_planner_that_stalls_keeps_no_tick_waiting_and_its_plan_is_played_from_where_it_would_be_by_then():
    planner = Stalling()
    player = make_player(planner)
    assert [act(player, tick) for tick in (0, 1)] == [0, 100]
    player._answers._wait_s = 0.01
    planner.gate.clear()
    assert [act(player, tick) for tick in (2, 3, 4)] == [200, 300, 400]  # of the chunk that it has
    assert player.metrics() == {"unanswered_ticks": 3.0}
    player._answers._wait_s = 20.0
    planner.gate.set()
    assert act(player, 5) == 500
    assert planner.asked == [0, 2, 5]


def test_before_the_first_plan_the_robot_stays():
    planner = Stalling()
    planner.gate.clear()
    player = make_player(planner, 0.01)
    assert [act(player, tick) for tick in range(3)] == [-1, -1, -1]
    assert player.plan is None
    planner.gate.set()


def test_an_error_is_told_at_the_tick_that_hears_of_it_and_the_next_tick_asks_again():
    planner = Stalling()
    player = make_player(planner)
    assert [act(player, tick) for tick in (0, 1)] == [0, 100]
    planner.error = RemoteError("gone")
    for tick in (2, 3):
        with pytest.raises(RemoteError, match="gone"):
            act(player, tick)
    planner.error = None
    assert act(player, 4) == 400


def test_an_episode_that_begins_while_a_call_is_under_way_gets_none_of_its_answer():
    planner = Stalling()
    player = make_player(planner, 0.01)
    planner.gate.clear()
    act(player, 7)
    assert planner.entered.wait(10)
    player.reset(1)
    player._answers._wait_s = 20.0
    threading.Timer(0.05, planner.gate.set).start()
    assert [act(player, tick) for tick in (0, 1)] == [0, 100]
    assert planner.asked == [7, 0]


def test_what_was_observed_is_kept_while_the_planner_is_slow_to_read_it():
    seen = []

    class Reading(Stalling):
        def plan(self, observations, memories):
            answer = super().plan(observations, memories)
            seen.append(observations[0]["observation.state"].item())
            return answer

    planner = Reading()
    planner.gate.clear()
    player = make_player(planner, 0.01)
    state = np.array([-1.0], np.float32)
    player.act({"tick": 0, "observation.state": state})
    state[:] = 5
    planner.gate.set()
    player._answers._wait_s = 20.0
    act(player, 1)
    assert seen[0] == -1


def test_who_waits_so_long_plays_in_a_thread_and_waiting_for_ever_is_refused():
    player = Playing().make_policy(Following(), "p", wait_s=0.1)
    assert isinstance(player, AsyncChunkPlayer)
    assert "unanswered_ticks" in player.metrics()
    player.close()
    assert isinstance(Playing().make_policy(Following(), "p"), ChunkPlayer)
    with pytest.raises(OptionError, match="wait_s"):
        ThreadAnswers(Following(), float("inf"))
