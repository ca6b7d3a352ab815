"""Limits by name, around a policy in the brick table's cell."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.catalog import Player, fall_back, limit_motion, make_policy
from millwright.core.errors import BundleError, OptionError, UnknownNameError
from millwright.robots import ur5e
from tests.serving.arms import compute_rates

SMALL = {"image_size": 32, "max_steps": 20}


def test_an_arm_that_is_sent_about_at_random_keeps_its_limits_and_the_episode_says_how_often_they_were_needed():
    episode = Player("brick-table", SMALL, "random", limits="ur5e")()(7001)
    actions = np.array([step.action for step in episode.steps], np.float64)
    start = episode.steps[0].observation["observation.state"][:6]
    velocity, acceleration, jerk = compute_rates(actions[:, :6], start)
    assert velocity.max() <= ur5e.VELOCITY_LIMIT_RAD_S + 1e-4
    assert acceleration.max() <= ur5e.ACCELERATION_LIMIT_RAD_S2 + 1e-3
    assert jerk.max() <= ur5e.JERK_LIMIT_RAD_S3 + 0.1
    assert episode.provenance["limits"] == "ur5e"
    assert episode.metrics["interventions"] == len({event.tick for event in episode.events}) > 0


def test_limits_that_an_environment_has_not_are_told_by_name():
    with pytest.raises(UnknownNameError, match="ur5e"):
        limit_motion(make_policy("brick-table", "random"), "ur6", "brick-table", 15)


def test_an_environment_without_limits_says_which_have_some():
    with pytest.raises(UnknownNameError, match=r"lift has no limits.*brick-table \(ur5e\)"):
        limit_motion(make_policy("lift", "random"), "ur5e", "lift", 15)


def test_beside_a_fallback_a_server_is_waited_for_no_longer_than_the_patience(monkeypatch):
    class Server:
        env, rate_hz, waits = "elsewhere", 15.0, []

        def hurry(self, answer_s):
            self.waits.append(answer_s)

    monkeypatch.setattr("millwright.catalog.making.connect", lambda address, digest: Server())
    for fallback, waits in (("", []), ("nothing", [0.5])):
        with pytest.raises(BundleError, match="elsewhere"):
            Player("brick-table", SMALL, "grpc://somewhere:1", fallback=fallback).make_cast()
        assert Server.waits == waits


def test_a_bundle_to_fall_back_on_is_told_by_its_digest():
    described = Player("brick-table", SMALL, "random", fallback="brick-pick").describe()
    assert described["fallback"] == "brick-pick"
    assert described["fallback_digest"] == Player("brick-table", SMALL, "brick-pick").describe()["policy_digest"]


def test_experts_can_neither_be_limited_nor_fallen_back_on():
    with pytest.raises(OptionError, match="sees the truth"):
        limit_motion(make_policy("brick-table", "expert"), "ur5e", "brick-table", 15)
    with pytest.raises(OptionError, match="sees the truth"):
        fall_back(make_policy("brick-table", "random"), "expert", "brick-table", 15)


def test_who_is_no_fallback_is_told_who_would_be_and_experts_are_none():
    with pytest.raises(UnknownNameError, match="unknown fallback 'nosuch'") as refused:
        fall_back(make_policy("brick-table", "random"), "nosuch", "brick-table", 15)
    assert "brick-pick" in str(refused.value)
    assert "expert" not in str(refused.value)


def test_a_fallback_is_part_of_what_decides_an_episode_and_of_its_metrics():
    player = Player("brick-table", {**SMALL, "max_steps": 3}, "random", fallback="nothing")
    assert player.describe()["fallback"] == "nothing"
    assert not {"limits", "min_confidence"} & set(player.describe())
    assert player()(7001).metrics["fallbacks"] == 0.0


def test_the_limits_of_the_arm_are_those_of_its_data_sheet():
    limits = ur5e.make_limits()
    assert limits.dof == 6
    assert np.allclose(limits.velocity, np.pi)
    assert np.array_equal(limits.position, ur5e.POSITION_LIMITS_RAD)
