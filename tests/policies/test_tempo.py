"""Late plans are played slowly: what is done before the next one can correct it stays little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.core.clock import TickClock
from millwright.core.errors import OptionError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.policies.answers import LateAnswers
from millwright.policies.async_chunk_player import AsyncChunkPlayer
from millwright.policies.chunk_player import blend_linear
from millwright.policies.playing import Playing
from millwright.policies.tempo import MOST_LATE, REMEMBERED, SLOWEST, Tempo, play_from

JOINTS = Feature("action", (1,), frame="joints")
MOTION = Feature("hand_motion", (7,))
RATE_HZ = 10.0


class Going(Planner):
    """Plans to go on from where the arm stands, one a tick."""

    inputs, rate_hz = Features(), RATE_HZ

    def __init__(self, action=JOINTS, length=16):
        self.action, self.length = action, length

    def plan(self, observations, memories):
        steps = 1 + np.arange(self.length, dtype=np.float32)[:, None]
        return [Chunk(observations[0]["observation.state"] + steps, self.rate_hz)], list(memories)


def go(late, ticks=60, action=JOINTS, tempo=None):
    """Where an arm is that goes where it is sent, tick by tick, with plans so many ticks late."""
    latency_s = (late / RATE_HZ, late / RATE_HZ)
    player = AsyncChunkPlayer(LateAnswers(Going(action), latency_s), TickClock(RATE_HZ), blend=0, tempo=tempo)
    player.reset(0)
    place, way = np.zeros(1, np.float32), []
    for _ in range(ticks):
        place = player.act({"observation.state": place})
        way.append(place.item())
    return np.array(way)


@given(st.integers(1, 9), st.floats(0, 12), st.floats(0.1, 1.0))
def test_a_plan_is_gone_along_evenly_to_its_end(length, done, tempo):
    places = 1 + np.arange(length, dtype=np.float32)[:, None]
    played = play_from(np.zeros(1, np.float32), places, done, tempo, blend_linear)[:, 0]
    assert played[-1] == length
    assert played[0] == pytest.approx(min(done + tempo, length), abs=1e-4)
    steps = np.diff(played)
    np.testing.assert_allclose(steps[:-1], tempo, atol=1e-3)
    assert (steps[-1:] < tempo + 1e-3).all()


def test_at_full_tempo_actions_are_what_they_were_to_the_last_bit():
    actions = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)
    for done in range(8):
        assert np.array_equal(
            play_from(actions[0] - 1, actions, float(done), 1.0, blend_linear), actions[min(done, 6) :]
        )


@pytest.mark.parametrize(("late", "tempo"), [(0, 1), (1, 1), (2, 1), (3, 2 / 3), (4, 0.5), (8, 0.25), (50, SLOWEST)])
def test_the_latest_plan_comes_no_more_than_two_of_its_ticks_late(late, tempo):
    chosen = Tempo(None, JOINTS)
    chosen.hear(late)
    assert chosen.value == pytest.approx(tempo)
    assert late * chosen.value <= MOST_LATE or chosen.value == SLOWEST


def test_one_late_plan_counts_for_a_while_and_a_reset_forgets_it():
    chosen = Tempo(None, JOINTS)
    for late in (4, *[1] * (REMEMBERED - 1)):
        chosen.hear(late)
        assert chosen.value == 0.5
    chosen.hear(1)
    assert chosen.value == 1.0
    chosen.hear(4)
    chosen.reset()
    assert chosen.value == 1.0


@pytest.mark.parametrize(("late", "tempo"), [(1, 1.0), (2, 1.0), (4, 0.5), (6, 1 / 3)])
def test_an_arm_goes_as_fast_as_its_plans_are_late(late, tempo):
    way = go(late)
    assert way[: late - 1] == pytest.approx(0)
    assert (way[-1] - way[-21]) / 20 == pytest.approx(tempo, abs=0.02)
    assert np.diff(way).max() < tempo + 0.01


def test_a_tempo_that_is_given_holds_however_late_plans_are():
    for late in (1, 4):
        assert np.diff(go(late, tempo=0.8)[-20:]) == pytest.approx(0.8, abs=0.02)
    assert np.diff(go(4, tempo=1.0)[-20:]) == pytest.approx(1.0)


def test_what_does_not_say_where_to_be_is_played_as_it_is():
    assert Tempo(None, MOTION).value == 1.0
    chosen = Tempo(1.0, MOTION)
    chosen.hear(9)
    assert chosen.value == 1.0
    with pytest.raises(OptionError, match=r"'hand_motion' do not say where to be.*tempo 0.5"):
        Tempo(0.5, MOTION)


@pytest.mark.parametrize("tempo", [0.0, -1.0, 1.1, float("nan")])
def test_a_tempo_that_is_none_is_refused(tempo):
    with pytest.raises(OptionError, match="more than 0 and at most 1"):
        Playing(tempo=tempo)


def test_a_tempo_is_told_where_it_was_given():
    assert Playing(tempo=0.5).describe() == {"tempo": 0.5}
    assert Playing().describe() == {}
