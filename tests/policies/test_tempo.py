"""Late plans are played slowly: what is done before the next one can correct it stays little."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millwright.core.clock import TickClock
from millwright.core.errors import OptionError, ServiceError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.policies.answers import LateAnswers
from millwright.policies.async_chunk_player import AsyncChunkPlayer
from millwright.policies.chunk_player import blend_hand, blend_linear
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


def go(late, ticks=60, action=JOINTS, tempo=None, length=16):
    """Where an arm is that goes where it is sent, tick by tick, with plans so many ticks late."""
    latency_s = (late / RATE_HZ, late / RATE_HZ)
    player = AsyncChunkPlayer(LateAnswers(Going(action, length), latency_s), TickClock(RATE_HZ), blend=0, tempo=tempo)
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


@pytest.mark.parametrize(("late", "tempo"), [(0, 1), (1, 1), (2, 1), (3, 2 / 3), (4, 0.5), (8, 0.25), (90, SLOWEST)])
def test_the_latest_plan_comes_no_more_than_two_of_its_ticks_late(late, tempo):
    chosen = Tempo(None, JOINTS)
    chosen.hear(late)
    assert chosen.share == pytest.approx(tempo)
    assert late * chosen.share <= MOST_LATE or chosen.share == SLOWEST


def test_one_late_plan_counts_for_a_while_and_a_reset_forgets_it():
    chosen = Tempo(None, JOINTS)
    chosen.hear(4)
    for _ in range(REMEMBERED - 1):
        chosen.hear(1)
        assert chosen.share == 0.5
    chosen.hear(1)
    assert chosen.share == 1.0
    chosen.hear(4)
    chosen.reset()
    assert chosen.share == 1.0


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
    assert Tempo(None, MOTION).share == 1.0
    chosen = Tempo(1.0, MOTION)
    chosen.hear(9)
    assert chosen.share == 1.0
    with pytest.raises(OptionError, match=r"'hand_motion' do not say where to be.*tempo 0.5"):
        Tempo(0.5, MOTION)


@pytest.mark.parametrize("tempo", [0.0, -1.0, 1e-9, 1.1, float("nan")])
def test_a_tempo_that_is_none_is_refused(tempo):
    with pytest.raises(OptionError, match=r"a tempo is 0\.05 to 1"):
        Playing(tempo=tempo)


@pytest.mark.parametrize("control", ["stale", "waits"])
def test_a_tempo_of_what_does_not_plan_while_it_plays_is_refused(control):
    with pytest.raises(OptionError, match="a tempo is of what plans while it plays"):
        Playing(latency_s=(0.1, 0.1), tempo=0.5, **{control: True})


def test_a_tempo_where_no_plan_is_late_is_refused():
    with pytest.raises(OptionError, match="none is here"):
        Playing(tempo=0.5).make_policy(Going(), "mine")


@pytest.mark.parametrize("late", [4, 12, 20, 40, 70])
@pytest.mark.parametrize("length", [4, 16])
def test_no_step_jumps_however_late_plans_are(late, length):
    way = go(late, ticks=6 * late, length=length)
    assert np.diff(way).max() < 2 * max(SLOWEST, 2 / late) + 0.01  # once a plan had ended, two at most
    assert way[-1] > 1


def test_a_tempo_that_changes_leaves_no_seam():
    """Plans are one, then six, then one tick late for longer than that is remembered."""
    planner = Going()
    answers = LateAnswers(planner, (0.0, 0.0))
    player = AsyncChunkPlayer(answers, TickClock(RATE_HZ), blend=0)
    player.reset(0)
    place, way = np.zeros(1, np.float32), []
    for tick in range(120):
        late = 6 if 30 <= tick < 50 else 1
        answers._latency_s = (late / RATE_HZ, late / RATE_HZ)
        place = player.act({"observation.state": place})
        way.append(place.item())
    steps = np.diff(way)[2:]
    assert steps.max() < 1 + 1e-5
    assert steps.min() > 1 / 3 - 1e-5
    assert steps[:20] == pytest.approx(1.0, abs=1e-5)
    assert steps[40:48] == pytest.approx(1 / 3, abs=1e-5)
    assert steps[-20:] == pytest.approx(1.0, abs=1e-5)


def test_an_episode_forgets_how_late_plans_were_in_the_one_before():
    answers = LateAnswers(Going(), (0.0, 0.0))
    player = AsyncChunkPlayer(answers, TickClock(RATE_HZ), blend=0)

    def play(late):
        answers._latency_s = (late / RATE_HZ, late / RATE_HZ)
        player.reset(0)
        place, way = np.zeros(1, np.float32), []
        for _ in range(12):
            place = player.act({"observation.state": place})
            way.append(place.item())
        return way

    alone = play(2)
    play(6)
    assert play(2) == alone


def test_an_old_plan_fades_out_in_the_new_ones_own_time():
    class Jumping(Going):
        asked = 0

        def plan(self, observations, memories):
            self.asked += 1
            return [Chunk(np.full((16, 1), 90.0 * self.asked, np.float32), self.rate_hz)], list(memories)

    player = AsyncChunkPlayer(LateAnswers(Jumping(), (0.4, 0.4)), TickClock(RATE_HZ), blend=1)
    player.reset(0)
    seen = {"observation.state": np.array([90.0], np.float32)}
    way = [player.act(seen).item() for _ in range(12)]
    assert way == pytest.approx([90] * 8 + [120, 150, 180, 180])


def test_a_plan_that_failed_was_late_too():
    class Failing(Going):
        def plan(self, observations, memories):
            if len(way) == 20:
                raise ServiceError("gone")
            return super().plan(observations, memories)

    class Slowly(LateAnswers):
        """Fails as late as it would have answered."""

        def ask(self, observation, memory, now_s):
            self.error = None
            try:
                super().ask(observation, memory, now_s)
            except ServiceError as error:
                self.error, self._due_s = error, now_s + 5 / RATE_HZ

        def collect(self, now_s):
            if self.error is not None and now_s >= self._due_s - 1e-9:
                raise self.error
            return None if self.error is not None else super().collect(now_s)

    player = AsyncChunkPlayer(Slowly(Failing(), (0.0, 0.0)), TickClock(RATE_HZ), execute=1, blend=0)
    player.reset(0)
    place, way = np.zeros(1, np.float32), []
    for _ in range(30):
        with suppress(ServiceError):
            place = player.act({"observation.state": place})
        way.append(place.item())
    assert np.diff(way[:20]) == pytest.approx(1.0)
    assert np.diff(way[27:]) == pytest.approx(2 / 5)


def test_between_two_poses_a_hand_turns_the_short_way():
    half = np.sqrt(0.5).astype(np.float32)
    one = np.array([0.1, 0, 0.2, 1, 0, 0, 0, 0.05], np.float32)
    other = np.array([0.3, 0, 0.2, -half, 0, 0, -half, 0.01], np.float32)  # a quarter turn about z, the other sign
    between = play_from(one, other[None], 0.0, 0.5, blend_hand)[0]
    assert np.linalg.norm(between[3:7]) == pytest.approx(1)
    assert abs(between[3]) == pytest.approx(np.cos(np.pi / 8), abs=1e-3)
    assert between[[0, 7]] == pytest.approx([0.2, 0.03])


@pytest.mark.parametrize("wait_s", [None, 0.0])
def test_ways_of_playing_hand_the_tempo_on(wait_s):
    for tempo, most_late, speed in ((0.8, None, 0.8), (None, 1.0, 0.25), (None, None, 0.5)):
        playing = Playing(latency_s=(0.4, 0.4), tempo=tempo, most_late=most_late, blend=0)
        player = playing.make_policy(Going(), "mine", wait_s)
        player.reset(0)
        place, way = np.zeros(1, np.float32), []
        for _ in range(40):
            place = player.act({"observation.state": place})
            way.append(place.item())
        assert np.diff(way[-10:]) == pytest.approx(speed, abs=1e-4)


def test_a_tempo_is_told_where_it_was_given():
    assert Playing(tempo=0.5).describe() == {"tempo": 0.5}
    assert Playing().describe() == {}
