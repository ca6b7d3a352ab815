"""The arm holds, another policy drives, and the first one comes back: on simulated time, every switch told."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.clock import TickClock
from millwright.core.errors import ActionError, ExpiredPlanError, OptionError, ServiceError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.core.policy import Event, Policy, Privileged
from millwright.policies.chunk_player import ChunkPlayer
from millwright.serving.fallback import Fallback, Patience
from millwright.serving.limiter import Limiter
from tests.serving.arms import ENVELOPE, observe

HZ = 10.0
PATIENCE = Patience(deadline_s=0.3, min_confidence=0.6, hold_s=0.3, retry_s=0.4, answers=2)
"""Three ticks, three ticks, four ticks."""
NO_PLAN = "no plan"


class Answering(Policy):
    """Says the tick of the episode; at ticks of `troubles` it raises, shows an old plan, an unsure one or none instead.

    Its plans' times are its own, from its reset on, as those of players are.
    """

    name = "answering"

    def __init__(self, troubles=None):
        self.troubles, self.asked = troubles or {}, []

    def reset(self, seed):
        self.own, self._plan = -1, None

    def act(self, observation):
        tick = int(observation["tick"])
        self.own += 1
        self.asked.append(tick)
        trouble = self.troubles.get(tick, (0.0, 0.9))
        if isinstance(trouble, Exception):
            raise trouble
        if trouble is NO_PLAN:
            self._plan = None
        else:
            age_s, confidence = trouble
            observed_s = self.own / HZ - age_s
            self._plan = Chunk(np.zeros((1, 3), np.float32), HZ, confidence, observed_s, observed_s + 1.0)
        return np.array([tick, 0, 0], np.float32)

    @property
    def plan(self):
        return self._plan


class Rule(Policy):
    """Says -1, -2, ... from its reset on."""

    name = "rule"

    def reset(self, seed):
        self.said = 0

    def act(self, observation):
        self.said += 1
        return np.array([-self.said, 0, 0], np.float32)

    @property
    def plan(self):
        return Chunk(np.zeros((1, 3), np.float32), HZ, observed_at_s=0.0, expires_at_s=0.5)


def drive(policy, ticks):
    policy.reset(3)
    return [float(policy.act({**observe(), "tick": tick})[0]) for tick in range(ticks)]


def tell(policy):
    return [(event.tick, event.what, event.why) for event in policy.events]


def test_while_answers_come_nothing_is_changed():
    policy = Fallback(Answering(), Rule(), TickClock(HZ), PATIENCE)
    assert drive(policy, 10) == list(range(10))
    assert policy.events == ()
    assert set(policy.metrics().values()) == {0.0}


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (ServiceError("gone"), "no answer"),
        (ExpiredPlanError("old"), "late"),
        (ActionError("nan"), "refused"),
        ((0.35, 0.9), "late"),
        ((0.0, 0.59), "not sure"),
        ((0.0, float("nan")), "not sure"),
    ],
)
def test_it_holds_then_falls_back_then_comes_back(trouble, why):
    answering = Answering(dict.fromkeys(range(5, 13), trouble))
    policy = Fallback(answering, Rule(), TickClock(HZ), PATIENCE)
    said = drive(policy, 20)
    assert said[:5] == [0, 1, 2, 3, 4]
    assert said[5:8] == [4, 4, 4]
    assert said[8:16] == [-1, -2, -3, -4, -5, -6, -7, -8]  # asked at 8, 12, 16: the second good answer is 17's
    assert said[17:] == [17, 18, 19]
    assert tell(policy) == [(5, "held", why), (8, "fell back", why), (17, "came back", "answered")]
    assert policy.metrics() == {"fallbacks": 1.0, "hold_ticks": 3.0, "fallback_ticks": 9.0}


def test_who_does_not_answer_is_not_asked_at_every_tick_of_the_fallback():
    answering = Answering(dict.fromkeys(range(5, 100), ServiceError("gone")))
    drive(Fallback(answering, Rule(), TickClock(HZ), PATIENCE), 30)
    assert [tick for tick in answering.asked if tick > 8] == [12, 16, 20, 24, 28]


def test_a_plan_that_is_still_being_made_neither_gives_the_arm_back_nor_takes_it_away():
    gone, pending = ServiceError("gone"), NO_PLAN
    policy = Fallback(
        Answering({4: gone, 5: gone, 6: gone, 7: gone, 11: pending, 12: pending}), Rule(), TickClock(HZ), PATIENCE
    )
    said = drive(policy, 16)
    assert tell(policy) == [(4, "held", "no answer"), (7, "fell back", "no answer"), (14, "came back", "answered")]
    assert said[7:14] == [-1, -2, -3, -4, -5, -6, -7]


def test_a_player_of_a_planner_that_was_gone_for_long_comes_back():
    class Gone(Planner):
        inputs, action, rate_hz, calls = Features(), Feature("action", (3,)), HZ, 0

        def plan(self, observations, memories):
            self.calls += 1
            if 3 <= observations[0]["tick"] < 40:
                raise ServiceError("gone")
            return [Chunk(np.full((2, 3), observations[0]["tick"], np.float32), HZ, expires_at_s=0.3)], [None]

    limiter = Limiter(Fallback(ChunkPlayer(Gone(), 1, 0), Rule(), TickClock(HZ), PATIENCE), ENVELOPE, HZ)
    drive(limiter, 60)
    assert [event.what for event in limiter.events if event.why in ("no answer", "answered")] == [
        "held", "fell back", "came back",
    ]  # fmt: skip
    assert limiter.stopped is None
    assert not [event for event in limiter.events if event.why == "stale" and event.tick > 42]


def test_a_short_silence_is_only_held():
    policy = Fallback(Answering({5: ServiceError("gone"), 6: ServiceError("gone")}), Rule(), TickClock(HZ), PATIENCE)
    assert drive(policy, 10) == [0, 1, 2, 3, 4, 4, 4, 7, 8, 9]
    assert tell(policy) == [(5, "held", "no answer"), (7, "came back", "answered")]


def test_the_fallback_begins_anew_at_its_next_turn():
    silent = dict.fromkeys([*range(2, 6), *range(12, 30)], ServiceError("gone"))
    said = drive(Fallback(Answering(silent), Rule(), TickClock(HZ), PATIENCE), 18)
    assert said.count(-1.0) == 2


def test_what_the_two_do_and_count_is_told_in_ticks_of_the_episode_whenever_they_began():
    class Telling(Rule):
        @property
        def events(self):
            return (Event(1, "told", "by the rule"),) if self.said > 1 else ()

        def metrics(self):
            return {"said": float(self.said)}

    silent = dict.fromkeys([*range(2, 6), *range(12, 30)], ServiceError("gone"))
    policy = Fallback(Answering(silent), Telling(), TickClock(HZ), PATIENCE)
    said = drive(policy, 18)
    began = [tick for tick, number in enumerate(said) if number == -1.0]
    assert [event.tick for event in policy.events if event.what == "told"] == [tick + 1 for tick in began]
    assert policy.metrics()["said"] == sum(number < 0 for number in said)
    assert list(policy.events) == sorted(policy.events, key=lambda event: event.tick)


def test_an_error_that_is_a_fault_of_the_program_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        drive(Fallback(Answering({1: ZeroDivisionError()}), Rule(), TickClock(HZ), PATIENCE), 3)


def test_without_anything_said_before_the_observed_state_is_held():
    policy = Fallback(Answering({0: ServiceError("gone")}), Rule(), TickClock(HZ), PATIENCE)
    policy.reset(0)
    assert np.allclose(policy.act({**observe((0.4, 0.5)), "tick": 0}), [0.4, 0.5, 0.02])


def test_whoever_does_nothing_holds_from_each_silence_on():
    answering = Answering({tick: ServiceError("gone") for tick in (3, 4, 7)})
    policy = Fallback(answering, Rule(), TickClock(HZ), PATIENCE, hold=Rule())
    assert drive(policy, 9) == [0, 1, 2, -1, -2, 5, 6, -1, 8]


def test_a_limiter_around_it_takes_the_plans_of_the_fallback_for_as_young_as_they_are():
    answering = Answering(dict.fromkeys(range(1, 100), ServiceError("gone")))
    limiter = Limiter(Fallback(answering, Rule(), TickClock(HZ), PATIENCE), ENVELOPE, HZ)
    drive(limiter, 9)
    assert limiter.stopped is None
    stale = [event.tick for event in limiter.events if event.why == "stale"]
    assert stale == []
    assert limiter.metrics()["fallbacks"] == 1
    drive(limiter, 14)
    assert [event.tick for event in limiter.events if event.why == "stale"] == [10, 11, 12, 13]


@pytest.mark.parametrize(("min_confidence", "told"), [(0.6, 1), (0.0, 0)])
def test_who_relies_on_a_confidence_that_is_not_told_is_warned_once(min_confidence, told, caplog):
    silent = Answering(dict.fromkeys(range(6), (0.0, None)))
    patience = Patience(min_confidence=min_confidence)
    assert drive(Fallback(silent, Rule(), TickClock(HZ), patience), 6) == [0, 1, 2, 3, 4, 5]
    assert caplog.text.count("answering does not tell how sure it is: min_confidence changes nothing") == told


@pytest.mark.parametrize("first", [True, False])
def test_who_sees_the_truth_is_neither_fallen_back_on_nor_from(first):
    class Seer(Rule, Privileged):
        def see(self, facts): ...

    pair = (Seer(), Rule()) if first else (Rule(), Seer())
    with pytest.raises(OptionError, match="sees the truth"):
        Fallback(*pair, TickClock(HZ))


@pytest.mark.parametrize(
    "wrong", [{"deadline_s": 0}, {"hold_s": -1}, {"retry_s": -1}, {"answers": 0}, {"min_confidence": 1.5}]
)
def test_patience_out_of_its_range_is_refused(wrong):
    with pytest.raises(OptionError, match="got"):
        Patience(**wrong)
