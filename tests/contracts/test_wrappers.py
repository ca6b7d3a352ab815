"""What every policy around others promises: what it does not do itself reaches the policy inside, and comes back."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import get_type_hints

import numpy as np
import pytest

import millwright
from millwright.core.clock import Clock, TickClock
from millwright.core.errors import OptionError
from millwright.core.planner import Chunk
from millwright.core.policy import Event, Policy, Privileged, Wrapper
from millwright.policies.answers import Answers, Latency
from millwright.policies.dream_driver import DreamWish
from millwright.robots.limits import Envelope
from tests.policies.driving import make_driving_bundle
from tests.serving.arms import ENVELOPE
from tests.serving.planners import Echo
from tests.toys import Scripted

PLAN = Chunk(np.ones((3, 3), np.float32), 10.0, digest="inside")


class Inside(Policy):
    """Tells something by every way that a policy has."""

    name = "inside"

    def __init__(self):
        self.seeds, self.closed = [], 0

    def reset(self, seed):
        self.seeds.append(seed)

    def act(self, observation):
        return np.zeros(3, np.float32)

    @property
    def plan(self):
        return PLAN

    @property
    def events(self):
        return (Event(0, "did", "so"),)

    def metrics(self):
        return {"counted": 2.0}

    def close(self):
        self.closed += 1


class Told(Answers):
    """Tells what it counted, and whether it was closed."""

    planner, closed = Echo(), 0

    def reset(self, seed): ...

    def ask(self, observation, memory, now_s): ...

    def collect(self, now_s): ...

    def metrics(self):
        return {"counted": 2.0}

    def close(self):
        self.closed += 1


class StillLoop:
    """A command loop that commands nothing."""

    dof, halted = 3, None

    def close(self): ...


def make_metrics():
    from millwright.serving.robot_metrics import RobotMetrics

    return RobotMetrics()


FILMS = {seed: {"observation.images.wrist": np.zeros((1, 2, 2, 3), np.uint8)} for seed in range(2)}
KINDS = {
    Policy: Inside, Privileged: Scripted, Answers: Told, Clock: lambda: TickClock(10.0), Envelope: lambda: ENVELOPE,
    float: lambda: 1.0, int: lambda: 1, Latency: lambda: (0.0, 0.1),
}  # fmt: skip
NAMES = {
    "start_loop": lambda: StillLoop,
    "metrics": make_metrics, "films": lambda: FILMS, "bundle": make_driving_bundle, "wish": lambda: DreamWish,
}  # fmt: skip
"""What constructors ask for, by its type or by its name; a new wrapper that asks for something else wants a row."""


@functools.cache
def find_policies():
    """Every policy of the package that can be made."""
    for module in pkgutil.walk_packages(millwright.__path__, "millwright."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, left = [], [Policy]
    while left:
        left += (kinds := left.pop().__subclasses__())
        found += [kind for kind in kinds if kind.__module__.startswith("millwright.") and not inspect.isabstract(kind)]
    return sorted(set(found), key=lambda kind: kind.__qualname__)


def make_arguments(kind):
    """What the constructor must be given."""
    hints, signature = get_type_hints(kind.__init__), inspect.signature(kind).parameters.values()
    names = [one.name for one in signature if one.default is inspect.Parameter.empty]
    return {name: (NAMES[name] if name in NAMES else KINDS[hints[name]])() for name in names}


def list_around(what):
    return [kind for kind in find_policies() if what in get_type_hints(kind.__init__).values()]


def make_around(kind):
    given = make_arguments(kind)
    return kind(**given), given


@pytest.fixture(params=list_around(Policy), ids=lambda kind: kind.__name__)
def around(request):
    made, given = make_around(request.param)
    return made, next(one for one in given.values() if isinstance(one, Inside))


def test_a_wrapper_bears_the_name_of_the_policy_inside(around):
    made, inside = around
    assert made.name.startswith(inside.name)


def test_an_episode_begins_for_the_policy_inside_too(around):
    made, inside = around
    made.reset(7)
    assert inside.seeds[-1] == 7


def test_plan_events_and_metrics_of_the_policy_inside_are_told(around):
    made, _ = around
    made.reset(7)
    assert made.plan.digest == "inside"
    assert Event(0, "did", "so") in made.events
    assert made.metrics()["counted"] >= 2.0


def test_closing_a_wrapper_closes_every_policy_inside(around):
    made, _ = around
    made.close()
    given = [one for one in vars(made).values() if isinstance(one, Inside)]
    assert given
    assert all(one.closed == 1 for one in given)


@pytest.mark.parametrize("kind", list_around(Policy), ids=lambda kind: kind.__name__)
def test_a_policy_that_sees_the_truth_is_let_in_only_where_facts_are_forwarded(kind):
    if issubclass(kind, Privileged):
        assert "see" in vars(kind)
        return
    given = make_arguments(kind)
    with pytest.raises(OptionError, match="scripted sees the truth"):
        kind(**{name: Scripted() if isinstance(one, Inside) else one for name, one in given.items()})


@pytest.mark.parametrize("kind", list_around(Answers), ids=lambda kind: kind.__name__)
def test_what_plays_answers_tells_what_they_counted_and_closes_them(kind):
    made, given = make_around(kind)
    assert made.metrics()["counted"] == 2.0
    made.close()
    assert given["answers"].closed == 1


def test_the_wrappers_are_found():
    assert {kind.__name__ for kind in list_around(Policy)} >= {"Fallback", "GreyEyes", "Limiter", "Metered", "Mixture"}
    assert all(kind in list_around(Policy) for kind in find_policies() if issubclass(kind, Wrapper))
    assert len(list_around(Answers)) >= 2
