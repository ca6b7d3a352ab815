"""Measures of an episode, on motions whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from millwright.core.episode import Episode
from millwright.core.judging import Verdict
from millwright.evaluation.measures import compute_mean_jerk, find_new_plans, find_prompt, reduce_episode
from millwright.evaluation.moments import Moment
from tests.toys import Constant, MakePlay, Scripted


@pytest.fixture(scope="module")
def episode() -> Episode:
    return MakePlay(Scripted)()(3)


def moving(episode: Episode, positions: np.ndarray) -> Episode:
    """`episode`'s first steps with other joint positions, (time, dof)."""
    steps = [
        replace(step, observation={**step.observation, "observation.state": row})
        for step, row in zip(episode.steps, positions, strict=False)
    ]
    return replace(episode, steps=tuple(steps))


def test_the_jerk_of_a_cubic_is_its_constant(episode):
    t = np.arange(8) / 15
    cubic = np.stack([2.0 * t**3, np.zeros(8), np.full(8, 0.05)], axis=1)
    assert compute_mean_jerk(moving(episode, cubic)) == pytest.approx((12.0 + 0.0) / 2)


@pytest.mark.parametrize("num_joints", [6, 7])
def test_every_joint_counts_into_the_jerk_and_the_gripper_does_not(episode, num_joints):
    t = np.arange(8) / 15
    state = np.zeros((8, num_joints + 1))
    state[:, num_joints] = t**3
    assert compute_mean_jerk(moving(episode, state)) == pytest.approx(0.0)
    state[:, num_joints - 1] = t**3
    assert compute_mean_jerk(moving(episode, state)) == pytest.approx(6.0 / num_joints)


def test_what_has_one_number_moves_by_it(episode):
    assert compute_mean_jerk(moving(episode, (np.arange(8) / 15)[:, None] ** 3)) == pytest.approx(6.0)


def test_too_few_steps_have_no_jerk(episode):
    short = replace(episode, steps=episode.steps[:3])
    assert compute_mean_jerk(short) is None
    assert "jerk_rad_s3" not in reduce_episode(short).metrics


def test_a_plan_is_new_when_the_policy_holds_another_than_before(episode):
    assert find_new_plans(episode)[:9] == [True, False, False, False] * 2 + [True]
    assert not any(find_new_plans(MakePlay(Constant, (0.0, 0.0), 5)()(0)))


def test_latencies_are_those_of_the_policys_calls_in_milliseconds(episode):
    result = reduce_episode(episode)
    assert result.call_ms == pytest.approx([1e3 * step.timings["policy_s"] for step in episode.steps], abs=1e-4)
    assert result.plan_ms == result.call_ms[::4]
    assert result.metrics["call_latency_ms"] == pytest.approx(np.mean(result.call_ms))


def test_the_distance_is_traced_every_tick(episode):
    result = reduce_episode(episode)
    expected = [np.linalg.norm(step.facts.positions[0] - step.facts.hand_pose[:3]) for step in episode.steps]
    assert result.distances_m == pytest.approx(expected, abs=1e-5)
    assert result.times_s == pytest.approx([step.time_s for step in episode.steps], abs=1e-4)


def test_a_judge_that_measures_no_distance_leaves_no_trace(episode):
    mute = replace(episode, steps=tuple(replace(step, verdict=Verdict(True, None)) for step in episode.steps))
    assert reduce_episode(mute).distances_m == ()


def test_everything_the_judge_measured_is_kept_beside_steps(episode):
    metrics = reduce_episode(episode).metrics
    assert {name: metrics[name] for name in episode.metrics} == dict(episode.metrics)
    assert metrics["steps"] == len(episode)


def test_the_prompt_is_the_first_boxs_centre(episode):
    away = episode.steps[0].facts.positions[0, :2]
    assert find_prompt(episode) == pytest.approx(0.5 + away / 2.0, abs=1e-3)


def test_an_invisible_prompt_is_nowhere(episode):
    hidden = np.array([0.4, 0.4, 0.6, 0.6, 0.0, 0.0], np.float32)
    first = episode.steps[0]
    first = replace(first, observation={**first.observation, "observation.environment_state": hidden})
    assert find_prompt(replace(episode, steps=(first,))) is None


def test_values_that_are_not_finite_are_left_out(episode):
    assert "force" not in reduce_episode(replace(episode, metrics={"force": float("nan")})).metrics


def test_the_task_names_the_judged_target_where_its_words_do_not(episode):
    def judged(task: str, **evidence: str) -> str:
        return reduce_episode(replace(episode, task=task, verdict=Verdict(False, "miss", evidence))).task

    assert judged("pick up the brick that was clicked", target="red") == "pick up the brick that was clicked (red)"
    assert judged("pick up the red brick", target="red") == "pick up the red brick"
    assert judged("reach the mark") == "reach the mark"


def test_properties_are_kept_and_of_failures_the_evidence_as_json_has_it(episode):
    evidence = {"distance_m": np.float32(0.5), "left": np.bool_(True), "force": float("nan"), "hit": None, "at": (1, 2)}
    start = replace(episode, properties={"target": "red", "target_x_m": np.float64(0.25)})
    failed = reduce_episode(replace(start, verdict=Verdict(False, "out", evidence)))
    assert failed.evidence == {"distance_m": 0.5, "left": True, "hit": None, "at": "(1, 2)"}
    assert failed.properties == {"target": "red", "target_x_m": 0.25}
    assert {type(value) for value in failed.evidence.values()} == {float, bool, type(None), str}
    succeeded = reduce_episode(replace(start, verdict=Verdict(True, None, evidence)))
    assert (succeeded.evidence, succeeded.properties) == ({}, failed.properties)


def test_key_moments_are_kept_with_their_times(episode):
    kept = reduce_episode(episode, "f.mp4", "f.jpg", (Moment("start", 0), Moment("end", 2)))
    assert (kept.film, kept.strip) == ("f.mp4", "f.jpg")
    assert kept.moments == (("start", 0.0), ("end", round(episode.steps[2].time_s, 3)))
