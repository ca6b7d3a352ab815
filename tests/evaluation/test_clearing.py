"""A table is cleared pick by pick, in one scene, and what many come to is counted once."""

from __future__ import annotations

from itertools import repeat
from types import SimpleNamespace
from typing import ClassVar

import gymnasium
import numpy as np
import pytest

from millwright.core.errors import NothingLeftError, PromptError
from millwright.core.judging import Judge, Verdict
from millwright.core.policy import Policy
from millwright.evaluation.clearing import Pick, ReduceClearing, clear_table, from_json, summarise


class Pile(gymnasium.Env):
    """Three things; whoever says 1 takes the one that was named, or the first that is left."""

    metadata: ClassVar = {"control_hz": 10}
    action_space = gymnasium.spaces.Box(-2, 2, (1,))

    def reset(self, *, seed=None, options=None):
        options = dict(options or {})
        if not options.pop("continue", False):
            self.left = ["a", "b", "c"]
        if not self.left:
            raise NothingLeftError("nothing is left")
        self.target = options.get("target", self.left[0])
        if self.target not in self.left:
            raise PromptError(f"{self.target} is gone")
        return {"x": np.zeros(1)}, {"facts": SimpleNamespace(target=self.target, taken=False)}

    def step(self, action):
        taken = bool(action[0] == 1)
        if taken:
            self.left.remove(self.target)
        return {"x": np.zeros(1)}, 0.0, False, True, {"facts": SimpleNamespace(target=self.target, taken=taken)}


class Said(Judge):
    """What matters here is which target it was."""

    failures = ("timeout",)

    def reset(self):
        self.target = ""

    def see(self, facts):
        self.target = facts.target

    decided = False

    def verdict(self):
        return Verdict(self.target != "b", None if self.target != "b" else "timeout", {"target": self.target})

    def metrics(self):
        return {"cycle_time_s": 2.0} if self.target != "b" else {}


class Taker(Policy):
    name = "taker"

    def reset(self, seed):
        pass

    def act(self, observation):
        return np.ones(1, np.float32)


def targets(queue):
    return [episode.verdict.evidence["target"] for episode in clear_table(Pile(), Taker(), Said(), 7, queue)]


def test_prompts_are_played_in_order_in_one_scene():
    assert targets([{"target": "c"}, {"target": "a"}]) == ["c", "a"]
    episodes = list(clear_table(Pile(), Taker(), Said(), 7, [{}, {}], provenance={"env": "pile"}))
    assert [episode.provenance["pick"] for episode in episodes] == [0, 1]
    assert episodes[0].provenance["env"] == "pile"
    assert episodes[1].seed == 7


def test_drawn_prompts_end_with_the_table():
    assert targets(repeat({}, 12)) == ["a", "b", "c"]


def test_prompt_for_what_is_gone_is_an_error_and_the_picks_before_it_stand():
    episodes = clear_table(Pile(), Taker(), Said(), 7, [{"target": "a"}, {"target": "a"}])
    assert next(episodes).verdict.success
    with pytest.raises(PromptError, match="a is gone"):
        next(episodes)


class Hidden(Pile):
    """Nobody can point at the last one."""

    def reset(self, *, seed=None, options=None):
        if options and getattr(self, "left", None) == ["c"]:
            raise PromptError("c is out of sight")
        return super().reset(seed=seed, options=options)


def test_what_nobody_can_point_at_is_no_empty_table():
    episodes = clear_table(Hidden(), Taker(), Said(), 7, repeat({}, 3))
    assert [next(episodes).verdict.evidence["target"] for _ in range(2)] == ["a", "b"]
    with pytest.raises(PromptError, match="out of sight"):
        next(episodes)


def test_what_nobody_can_point_at_is_a_failed_pick_of_its_table():
    picks = ReduceClearing(lambda: lambda seed: clear_table(Hidden(), Taker(), Said(), seed, repeat({}, 3)))()(7)
    assert [pick.failure for pick in picks] == [None, "timeout", "unprompted"]
    assert picks[-1].evidence == {"prompt": "c is out of sight"}
    summary = summarise({7: [picks[0], picks[2]]}, num_picks=2)
    assert summary["tables"]["cleared"] == 0
    assert summary["duration_s_mean"] == picks[0].duration_s


def test_queue_may_grow_while_it_is_played():
    queue = [{"target": "a"}]
    seen = []
    for episode in clear_table(Pile(), Taker(), Said(), 7, queue):
        seen.append(episode.verdict.evidence["target"])
        if len(queue) < 3:
            queue.append({"target": "bc"[len(queue) - 1]})
    assert seen == ["a", "b", "c"]


def test_reduced_picks_survive_json_and_keep_evidence_of_failures_alone():
    picks = ReduceClearing(lambda: lambda seed: clear_table(Pile(), Taker(), Said(), seed, repeat({}, 3)))()(7)
    assert [(pick.target, pick.success, bool(pick.evidence)) for pick in picks] == [
        ("a", True, False), ("b", False, True), ("c", True, False),
    ]  # fmt: skip
    assert from_json([list(pick) for pick in picks]) == picks


def make_pick(success: bool, **metrics: float) -> Pick:
    return Pick("a", success, None if success else "miss", 3.0, metrics, {})


def test_summary_counts_picks_and_tables_apart():
    good = [make_pick(True, cycle_time_s=3.0, max_joint_speed_rad_s=2.0), make_pick(True, cycle_time_s=4.0)]
    summary = summarise({1: good, 2: [good[0], make_pick(False)], 3: good[:1]}, num_picks=2)
    assert (summary["picks"], summary["successes"], summary["failures"]) == (5, 4, {"miss": 1})
    assert summary["tables"]["cleared"] == 1  # the third was not played to the end
    assert summary["cycle_time_s_mean"] == pytest.approx(3.25)
    assert summary["max_joint_speed_rad_s"] == 2.0
    assert summary["max_joint_acceleration_rad_s2"] is None
    assert summary["wins_by_number"] == [3, 1]
    low, high = summary["interval"]
    assert low < summary["rate"] < high


def test_interval_of_picks_takes_tables_for_clusters():
    good, bad = [make_pick(True)] * 12, [make_pick(False)] * 12
    dependent = summarise({seed: bad if seed < 2 else good for seed in range(50)}, num_picks=12)
    assert dependent["interval"] == pytest.approx(dependent["tables"]["interval"])
    mixed = summarise({seed: [*good[:11], make_pick(seed % 2 == 0)] for seed in range(50)}, num_picks=12)
    assert mixed["interval"][1] - mixed["interval"][0] < 0.05
    assert mixed["clusters"] == "tables"
