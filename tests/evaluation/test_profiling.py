"""A profile times what a planner says it did, with the memory of its own calls."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.errors import OptionError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk, Planner
from millwright.evaluation.profiling import UNTIMED, WHOLE, Profile, Weight, profile, tabulate
from tests.policies.makers import make_bundle, make_observation


class Remembering(Planner):
    """Counts the calls of an episode in its memory."""

    inputs, action, rate_hz = Features(), Feature("action", (1,)), 10

    def __init__(self):
        self.seen = []

    def plan(self, observations, memories):
        (memory,) = memories
        self.seen.append((observations[0]["name"], memory))
        return [Chunk(np.zeros((1, 1), np.float32), 10)], [{"calls": (memory or {"calls": 0})["calls"] + 1}]


def endless(length):
    number = 0
    while True:
        yield [{"name": (number, tick)} for tick in range(length)]
        number += 1


def test_every_episode_begins_without_a_memory_and_the_first_calls_do_not_count():
    planner = Remembering()
    found = profile(planner, endless(8), calls=10)
    assert planner.seen[0] == ((0, 0), None)
    assert planner.seen[7] == ((0, 7), {"calls": 7})
    assert planner.seen[8] == ((1, 0), None)
    assert len(planner.seen) >= UNTIMED + 10
    assert list(found.times_ms) == [WHOLE]
    assert len(found.times_ms[WHOLE]) == 10


def test_stages_of_a_network_add_up_to_no_more_than_the_whole():
    planner = make_bundle().planner()
    watch = planner.watch
    found = profile(planner, iter([[make_observation()] * 40]), calls=5)
    assert list(found.times_ms) == ["preprocess", "encode", "memory", "decide", "postprocess", WHOLE]
    parts = np.array([times for name, times in found.times_ms.items() if name != WHOLE])
    assert (parts.sum(axis=0) <= found.times_ms[WHOLE]).all()
    assert planner.watch is watch


def test_the_99th_percentile_is_held_against_the_budget():
    found = Profile({WHOLE: (1.0,) * 98 + (50.0,) * 2}, Weight(867, 10_000, 1_000_000))
    assert not found.is_within(10)
    assert found.is_within(50)
    text = tabulate(found, 10)
    assert "867 parameters, 0.01 MB on disk, 1 MB of memory" in text
    assert "beyond the budget of 10 ms" in text
    told = found.to_json(60)
    assert (told["within_budget"], told["calls"], told["parameters"]) == (True, 100, 867)
    assert told[f"{WHOLE}_p50"] == 1.0


def test_timing_nothing_is_refused():
    with pytest.raises(OptionError, match="at least one call"):
        profile(Remembering(), endless(3), calls=0)
