"""Expert and learner drive by turns, in the share that was asked for, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.loop import run_episode
from millwright.policies.mixture import Mixture
from tests.toys import Constant, MakePlay, ReachEnv, ReachJudge, Scripted


class Watched(Scripted):
    """An expert that is told the truth at every tick."""

    seen = 0

    def see(self, facts):
        self.seen += 1
        super().see(facts)


def play(beta, seed=3):
    expert = Watched()
    return run_episode(ReachEnv(), Mixture(expert, Constant(0.5, 0.5), beta), ReachJudge(), seed), expert


def test_the_share_of_the_expert_is_beta():
    episode, expert = play(0.3, seed=1)
    theirs = sum(not np.array_equal(step.action, [0.5, 0.5]) for step in episode.steps)
    assert 0.1 < theirs / len(episode) < 0.5
    assert expert.seen == len(episode)


@pytest.mark.parametrize(("beta", "same_as"), [(1.0, MakePlay()), (0.0, MakePlay(Constant, (0.5, 0.5)))])
def test_at_the_ends_one_drives_alone(beta, same_as):
    expected = [step.action for step in same_as()(3).steps]
    np.testing.assert_array_equal([step.action for step in play(beta)[0].steps], expected)


def test_the_same_seed_draws_the_same_turns_and_the_episode_is_privileged():
    first, second = (play(0.5)[0] for _ in range(2))
    np.testing.assert_array_equal([step.action for step in first.steps], [step.action for step in second.steps])
    assert first.provenance["privileged"] is True
    other = play(0.5, seed=4)[0]
    turns = [[np.array_equal(step.action, [0.5, 0.5]) for step in episode.steps[:20]] for episode in (first, other)]
    assert turns[0] != turns[1]


def test_the_plan_is_that_of_who_drives():
    for step in play(0.5)[0].steps:
        assert (step.plan is None) == np.array_equal(step.action, [0.5, 0.5])


def test_shares_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Mixture(Scripted(), Constant(0, 0), 1.5)
