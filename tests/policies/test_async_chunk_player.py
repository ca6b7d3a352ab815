"""Chunks that come late are played from where they would be by now, and the robot moves on meanwhile."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.core.clock import TickClock, WallClock
from millwright.core.errors import ActionError, OptionError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.policies.answers import LateAnswers
from millwright.policies.async_chunk_player import AsyncChunkPlayer
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.playing import Playing
from millwright.policies.stale import Stale
from tests.policies.test_chunk_player import Counting

RATE_HZ = 10.0


class Following(Planner):
    """Plans to be at 100 x the tick of each action, whatever tick it observes: all its chunks agree."""

    inputs = Features()
    rate_hz = RATE_HZ
    action = Feature("action", (1,))

    def __init__(self, length=16):
        self.length, self.asked = length, []

    def plan(self, observations, memories):
        self.asked.append(observations[0]["tick"])
        ticks = observations[0]["tick"] + np.arange(self.length, dtype=np.float32)
        return [Chunk(100 * ticks[:, None], self.rate_hz)], list(memories)


def make_player(planner, ticks=(0.0, 0.0), execute=2, blend=0):
    latency_s = (ticks[0] / RATE_HZ, ticks[1] / RATE_HZ)
    player = AsyncChunkPlayer(LateAnswers(planner, latency_s), TickClock(RATE_HZ), execute, blend)
    player.reset(0)
    return player


def play(player, ticks):
    state = np.array([-1.0], np.float32)
    return [player.act({"tick": tick, "observation.state": state})[0].item() for tick in range(ticks)]


@given(
    execute=st.integers(1, 7),
    blend=st.integers(0, 5),
    length=st.integers(0, 8),
    lifetime_s=st.sampled_from([0.1, 0.25, math.inf]),
    dof=st.sampled_from([1, 1, 1, 2]),
)
def test_without_latency_it_plays_exactly_as_the_chunk_player(execute, blend, length, lifetime_s, dof):
    def play_whole(make):
        player, rows = make(Counting(length, lifetime_s, dof)), []
        try:
            for tick in range(20):
                action = player.act({"tick": tick})
                plan = player.plan
                rows.append((action.tolist(), plan.actions.tolist(), plan.observed_at_s, plan.expires_at_s))
        except ActionError as error:
            rows.append(str(error))
        return rows, player.planner.asked

    expected = play_whole(lambda planner: ChunkPlayer(planner, execute, blend))
    assert play_whole(lambda planner: make_player(planner, execute=execute, blend=blend)) == expected


@given(st.integers(1, 5), st.floats(0, 6), st.floats(0, 3), st.integers(0, 99))
def test_what_agrees_is_played_in_time_whatever_the_latency(execute, low, more, seed):
    planner = Following(length=32)
    player = make_player(planner, (low, low + more), execute)
    player.reset(seed)
    played = play(player, 40)
    begun = next(tick for tick, action in enumerate(played) if action >= 0)
    assert math.ceil(low - 1e-6) <= begun <= math.ceil(low + more)
    assert played[:begun] == [-1.0] * begun  # holds the state it was found in
    assert planner.asked[1] == max(begun, execute)
    on_time = planner.asked[1] + math.ceil(low + more)
    np.testing.assert_allclose(played[on_time:], 100 * np.arange(on_time, 40), rtol=1e-6)


def test_until_the_first_plan_comes_it_stays_where_it_was_at_first_and_then_begins_at_the_beginning():
    player = make_player(Following(), (3, 3))
    states = [np.array([value], np.float32) for value in (0.5, 0.7, 0.9, 1.1)]
    actions = [player.act({"tick": tick, "observation.state": state}) for tick, state in enumerate(states)]
    assert [action.item() for action in actions] == [0.5, 0.5, 0.5, 0.0]


def test_hands_stay_by_their_pose_and_opening():
    player = make_player(Counting(dof=8, name="hand_target"), (1, 1))
    pose, state = np.arange(7, dtype=np.float32), np.array([9, 9, 9, 9, 9, 9, 0.05], np.float32)
    action = player.act({"tick": 0, "observation.hand_pose": pose, "observation.state": state})
    np.testing.assert_allclose(action, [*range(7), 0.05])
    assert action.dtype == np.float32


def test_the_next_plan_is_asked_for_as_soon_as_the_last_one_came():
    planner = Following()
    play(make_player(planner, (3, 3), execute=2), 10)
    assert planner.asked == [0, 3, 6, 9]


def test_the_next_plan_is_not_asked_for_before_enough_was_played():
    planner = Following()
    play(make_player(planner, (1, 1), execute=4), 10)
    assert planner.asked == [0, 4, 8]


def test_a_late_chunk_begins_at_the_action_whose_time_it_is_and_is_blended_in_there():
    played = play(make_player(Counting(length=8), (2, 2), execute=3, blend=1), 6)
    # chunk 0 is there at tick 2, and nothing has moved; chunk 1 is asked for at tick 3 and there at tick 5
    assert played == [-1, -1, 0, 1, 2, (3 + 102) / 2]


def test_the_plan_is_none_until_there_is_one_and_then_begins_with_the_last_action():
    player = make_player(Counting(length=8), (2, 2), execute=3)
    play(player, 2)
    assert player.plan is None
    play(player, 1)
    assert player.plan.actions[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert player.plan.observed_at_s == 0.0


def test_a_chunk_that_ends_before_the_next_one_comes_is_held_at_its_last_action():
    assert play(make_player(Following(length=3), (4, 4)), 9) == [-1, -1, -1, -1, 0, 100, 200, 200, 600]


def test_motions_end_with_the_chunk_that_wanted_them():
    class Moving(Following):
        action = Feature("hand_motion", (7,))

        def plan(self, observations, memories):
            return [Chunk(np.ones((3, 7), np.float32), self.rate_hz)], list(memories)

    player = make_player(Moving(), (5, 5))
    moved = [player.act({"tick": tick}).all() for tick in range(11)]
    assert moved == [False] * 5 + [True] * 3 + [False] * 2 + [True]


def test_what_is_done_before_the_first_plan_does_not_move_where_it_stays():
    player, seen = make_player(Following(), (6, 6)), {"observation.state": np.array([0.5], np.float32)}
    for tick in range(6):
        assert player.act({"tick": tick, **seen}).item() == 0.5
        player.tell_done(np.array([0.5 + tick], np.float32))


def test_a_chunk_that_expired_before_the_next_one_came_is_an_error():
    player = make_player(Counting(length=16, lifetime_s=0.35), (2, 2), execute=3)
    assert play(player, 4) == [-1, -1, 0, 1]
    with pytest.raises(ActionError, match=r"observed at 0\.000 s expired at 0\.350 s, now is 0\.400 s"):
        player.act({"tick": 4})


def test_latencies_come_from_the_seed_and_a_reset_forgets_a_call_that_was_under_way():
    planner = Following()
    player, asked = make_player(planner, (0, 5)), []
    for seed in (1, 2, 1):
        planner.asked = []
        player.reset(seed)
        play(player, 23)
        asked.append(planner.asked)
    assert asked[0] == asked[2] != asked[1]


@pytest.mark.parametrize("latency_s", [(-0.1, 0.1), (0.2, 0.1), (0.0, math.inf)])
def test_latencies_that_are_none_are_refused(latency_s):
    with pytest.raises(OptionError, match="0 <= from <= to"):
        Playing(latency_s=latency_s)


def test_plans_cannot_be_stale_without_being_late():
    with pytest.raises(OptionError, match="need a latency"):
        Playing(stale=True)


class Seeing(ChunkPlayer):
    """Plays the tick it sees."""

    def act(self, observation):
        return np.array([observation["tick"]], np.float32)


@pytest.mark.parametrize(
    ("ticks", "seen"), [(0, [0, 1, 2, 3, 4, 5]), (2, [0, 0, 0, 1, 2, 3]), (2.5, [0, 0, 0, 0, 1, 2])]
)
def test_stale_shows_the_world_as_it_was(ticks, seen):
    player = Stale(Seeing(Following()), TickClock(RATE_HZ), (ticks / RATE_HZ, ticks / RATE_HZ))
    for _ in range(2):
        player.reset(0)
        assert play(player, 6) == seen


def test_stale_draws_how_old_anew_for_every_tick():
    player = Stale(Seeing(Following()), TickClock(RATE_HZ), (0.1, 0.4))
    ages = np.arange(10, 60) - play(player, 60)[10:]
    assert set(ages) == {2, 3, 4}  # observed in whole ticks, so never fresher than was drawn


def test_ways_of_playing_make_their_players():
    kinds = {
        Playing(): ChunkPlayer,
        Playing(latency_s=(0.1, 0.2)): AsyncChunkPlayer,
        Playing(latency_s=(0.1, 0.2), stale=True): Stale,
    }
    for playing, kind in kinds.items():
        player = playing.make_policy(Following(), "mine")
        assert type(player) is kind
        assert player.name == "mine"
    assert Playing(execute=3, latency_s=(0.1, 0.2)).describe() == {"execute": 3, "latency_s": (0.1, 0.2)}


def test_real_time_begins_with_the_first_tick_and_goes_on(monkeypatch):
    times = iter([50.0, 50.5, 80.0])
    monkeypatch.setattr("millwright.core.clock.time.monotonic", lambda: next(times))
    clock = WallClock()
    assert [clock.tick(), clock.tick()] == [0.0, 0.5]
    clock.restart()
    assert clock.tick() == 0.0
