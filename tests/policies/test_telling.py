"""Whoever does something else than a policy wanted tells it what was done."""

import numpy as np
import pytest

from millwright.core.clock import TickClock
from millwright.core.errors import ServiceError
from millwright.core.policy import Policy
from millwright.policies.driving import NoisyDriver
from millwright.policies.hand_targets import LOWEST_M, HandTargets
from millwright.policies.mixture import Mixture
from millwright.serving.fallback import Fallback, Patience
from millwright.serving.limiter import Limiter
from tests.serving.arms import ENVELOPE, HZ, Saying, observe

FAR = np.array([1.5, 0.5, 0.02], np.float32)


class Listening(Policy):
    """Wants one thing, raises now and then, and keeps what it is told."""

    name = "listening"

    def __init__(self, wish=FAR, fails_at=()):
        self.wish, self.fails_at, self.told = np.asarray(wish, np.float32), fails_at, []

    def reset(self, seed):
        self.asked = 0

    def act(self, observation):
        self.asked += 1
        if self.asked in self.fails_at:
            raise ServiceError("gone")
        return self.wish

    def tell_done(self, action):
        self.told.append(np.array(action))


def play(policy, ticks=12):
    policy.reset(0)
    done, joints = [], (0.0, 0.0)
    for _ in range(ticks):
        done.append(np.array(policy.act(observe(joints))))
        joints = tuple(done[-1][:2])
    return np.array(done)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: NoisyDriver(inner, HZ),
        lambda inner: Mixture(Saying(np.zeros(3, np.float32)), inner, 0.5),
        lambda inner: Limiter(inner, ENVELOPE, HZ),
        lambda inner: NoisyDriver(Limiter(inner, ENVELOPE, HZ), HZ),
    ],
    ids=["unsteady", "mixed", "limited", "limited, then unsteady"],
)
def test_it_is_told_what_was_done_in_every_tick(wrap):
    inner = Listening()
    done = play(wrap(inner))
    each = len(inner.told) // len(done)  # the last word of a tick is the outermost one's
    assert np.array_equal(inner.told[each - 1 :: each], done)
    assert not (done == FAR).all()


def test_who_does_not_drive_is_told_what_the_fallback_does():
    inner, patience = Listening(fails_at=range(4, 40)), Patience(hold_s=0.2, retry_s=0.1)
    fallback = Fallback(inner, Saying(np.zeros(3, np.float32)), TickClock(HZ), patience)
    done = play(fallback, 20)
    assert np.array_equal(inner.told, done[3:])
    fallback.tell_done(FAR / 2)
    assert np.array_equal(inner.told[-1], FAR / 2)


def test_a_hand_is_told_of_hand_targets_and_never_of_joints():
    deep = np.array([0.4, 0.0, 0.0, 0, 1, 0, 0, 0.05], np.float32)
    inner = Listening(deep)
    hands = HandTargets(inner)
    hands.reset(0)
    joints = hands.act({"observation.state": np.array([0, -1.5, 1.5, -1.5, -1.5, 0, 0.05], np.float32)})
    hands.tell_done(joints)
    (told,) = inner.told
    assert told[2] == np.float32(LOWEST_M)
    assert np.array_equal(np.delete(told, 2), np.delete(deep, 2))
