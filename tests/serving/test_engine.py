"""The newest observation of each robot is planned with, together with others', and nobody pays for anybody else."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np
import pytest

from millwright.core.errors import BundleError
from millwright.core.features import Feature, Features
from millwright.core.planner import Chunk
from millwright.policies.golden import make_observation
from millwright.serving.engine import Answer, Asked, Caps, Engine, Served
from millwright.serving.golden import check_planner
from millwright.serving.metrics import Metrics
from millwright.serving.refusal import Code, RefusedError
from millwright.serving.robots import Robots
from tests.serving.planners import BROKEN, NAN, Echo, observe


@asynccontextmanager
async def run(planner: Echo, **caps: Any) -> AsyncIterator[Engine]:
    with ThreadPoolExecutor(1, "plan") as worker:
        engine = Engine(Served("echo", planner), Caps(**caps), Metrics(), worker)
        await engine.start()
        planner.batches.clear()
        yield engine
        planner.gate.set()
        await engine.stop()


def ask(robot: str = "r", x: float = 1.0, budget_s: float = 20.0, **more: Any) -> Asked:
    return Asked(robot, observe(x), time.monotonic() + budget_s, **more)


def played(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test, on an event loop of its own."""
    return wraps(test)(lambda **fixtures: asyncio.run(test(**fixtures)))


async def outcome(task: Awaitable[Answer]) -> Any:
    """The first number of the chunk, or why there is none."""
    try:
        return float((await task).chunk.actions[0, 0])
    except RefusedError as refusal:
        return refusal.code


async def occupy(engine: Engine, planner: Echo, x: float = 1.0) -> asyncio.Task[Any]:
    """Let the planner be at work for one robot until its gate is opened; what that robot will be told."""
    planner.gate.clear()
    first = asyncio.create_task(outcome(engine.ask(ask("first", x))))
    await settle()
    return first


async def settle() -> None:
    """Until all that may happen without the planner has happened."""
    for _ in range(20):
        await asyncio.sleep(0)


@played
async def test_a_chunk_says_whose_it_is_when_it_was_seen_and_how_long_it_lasts() -> None:
    planner = Echo()
    async with run(planner) as engine:
        answer = await engine.ask(ask(observed_at_s=100.0))
        assert (answer.chunk.digest, answer.chunk.observed_at_s) == ("echo", 100.0)
        assert answer.chunk.expires_at_s == pytest.approx(100.4)  # 4 actions at 10 Hz
        assert not answer.remembered
    assert all(name.startswith("plan") for name in planner.threads)  # never on the event loop


@played
async def test_robots_that_wait_are_planned_for_together_and_each_gets_its_own() -> None:
    planner = Echo()
    async with run(planner, max_batch=3) as engine:
        first = await occupy(engine, planner, -1)
        others = [asyncio.create_task(outcome(engine.ask(ask(str(x), x)))) for x in range(5)]
        await settle()
        planner.gate.set()
        assert [await task for task in (first, *others)] == [-1, 0, 1, 2, 3, 4]
        assert planner.batches == [1, 3, 2]


@played
async def test_while_an_observation_waits_a_newer_one_takes_its_place_and_that_is_counted() -> None:
    planner = Echo()
    async with run(planner) as engine:
        planner.gate.clear()
        tasks = []
        for x in range(4):  # the first is being planned with when the others come
            tasks.append(asyncio.create_task(outcome(engine.ask(ask("r", x, sequence=x)))))
            await settle()
        late = asyncio.create_task(outcome(engine.ask(ask("r", 9, sequence=1))))
        await settle()
        planner.gate.set()
        assert [await task for task in (*tasks, late)] == [0, Code.ABORTED, Code.ABORTED, 3, Code.ABORTED]
        drops = engine._metrics.registry.get_sample_value("millwright_queue_drops_total", {"bundle": "echo"})
        assert drops == 3


@played
async def test_what_waits_longer_than_it_is_of_use_is_refused_and_never_planned_with() -> None:
    planner = Echo()
    async with run(planner) as engine:
        first = await occupy(engine, planner)
        assert await outcome(engine.ask(ask("b", budget_s=0.05))) == Code.DEADLINE_EXCEEDED
        planner.gate.set()
        assert await first == 1
        assert planner.batches == [1]


@played
async def test_a_robot_that_has_gone_is_not_planned_for() -> None:
    planner = Echo()
    async with run(planner) as engine:
        first = await occupy(engine, planner)
        gone = asyncio.create_task(engine.ask(ask("b")))
        await settle()
        gone.cancel()
        planner.gate.set()
        assert await first == 1
        await engine.stop()
        assert planner.batches == [1]


@played
async def test_one_robot_that_cannot_be_planned_for_costs_the_others_nothing() -> None:
    planner = Echo()
    async with run(planner) as engine:
        first = await occupy(engine, planner)
        tasks = [asyncio.create_task(outcome(engine.ask(ask(str(x), x)))) for x in (2, BROKEN, NAN, 3)]
        await settle()
        planner.gate.set()
        assert [await task for task in (first, *tasks)] == [1, 2, Code.INTERNAL, Code.INTERNAL, 3]
        with pytest.raises(RefusedError) as caught:
            await engine.ask(ask("x", BROKEN))
        assert "secret" not in str(caught.value)


@played
async def test_each_robot_has_its_own_memory_and_a_forgotten_one_is_told() -> None:
    async with run(Echo(counts=True)) as engine:
        assert engine.golden.remembers

        async def count(robot: str, **more: Any) -> float:
            return float((await engine.ask(ask(robot, **more))).chunk.actions[0, 1])

        assert [await count("a", sequence=1, after=0), await count("a", sequence=2, after=1)] == [1, 2]
        assert await count("b", sequence=1) == 1
        assert await count("a", sequence=3) == 3  # goes on from whatever there is
        with pytest.raises(RefusedError, match="remembers what answer 3 left, not answer 2") as caught:
            await count("a", sequence=4, after=2)
        assert caught.value.code == Code.FAILED_PRECONDITION
        assert await count("a", sequence=5, after=0) == 1
        engine.reset("a")
        with pytest.raises(RefusedError, match="remembers nothing of this robot"):
            await count("a", sequence=6, after=5)


@played
async def test_an_answer_that_came_too_late_leaves_no_memory() -> None:
    planner = Echo(counts=True)
    async with run(planner) as engine:
        planner.gate.clear()
        with pytest.raises(RefusedError, match="budget"):
            await engine.ask(ask("a", sequence=1, after=0, budget_s=0.05))
        planner.gate.set()
        answer = await engine.ask(ask("a", sequence=2, after=0))
        assert answer.chunk.actions[0, 1] == 1


@played
async def test_what_is_being_planned_or_waits_when_a_robot_begins_anew_leaves_no_memory() -> None:
    planner = Echo(counts=True)
    async with run(planner, max_batch=1) as engine:
        planner.gate.clear()
        tasks = [asyncio.create_task(engine.ask(ask(robot, sequence=7))) for robot in ("planned", "waits", "goes on")]
        await settle()
        for robot in ("planned", "waits"):
            engine.reset(robot)
        planner.gate.set()
        assert [(await task).chunk.actions[0, 1] for task in tasks] == [1, 1, 1]
        again = [await engine.ask(ask(robot, sequence=8)) for robot in ("planned", "waits", "goes on")]
        assert [answer.chunk.actions[0, 1] for answer in again] == [1, 1, 2]


@played
async def test_who_waits_when_it_stops_is_answered_and_nobody_after() -> None:
    planner = Echo()
    async with run(planner) as engine:
        planner.gate.clear()
        tasks = [asyncio.create_task(outcome(engine.ask(ask(str(x), x)))) for x in range(3)]
        await settle()
        stopping = asyncio.create_task(engine.stop())
        await settle()
        assert await outcome(engine.ask(ask("late"))) == Code.UNAVAILABLE
        assert not stopping.done()
        planner.gate.set()
        await stopping
        assert [await task for task in tasks] == [0, 1, 2]


def test_robots_are_bounded_in_number_age_and_rate() -> None:
    clock = [0.0]
    robots = Robots(most=2, age_s=10.0, rate_hz=2.0, now=lambda: clock[0])
    for number, name in enumerate("abc", 1):
        robots.admit(name)
        robots.remember(name, number, {"of": name})
    assert len(robots) == 2
    assert robots.recall("b", 2) == {"of": "b"}
    with pytest.raises(RefusedError, match="nothing of this robot"):
        robots.recall("a", 1)
    robots.admit("c")
    with pytest.raises(RefusedError, match="2 times a second") as caught:
        robots.admit("c")
    assert caught.value.code == Code.RESOURCE_EXHAUSTED
    clock[0] = 0.5
    robots.admit("c")
    clock[0] = 11.0
    robots.admit("d")
    assert len(robots) == 1


def test_a_client_that_makes_up_robots_pushes_out_none_but_its_own() -> None:
    robots = Robots(most=6, age_s=10.0, rate_hz=100.0, now=lambda: 0.0)
    for number, name in enumerate(("arm", "cart"), 1):
        robots.admit(name, "modest")
        robots.remember(name, number, {"of": name})
    for number in range(50):
        robots.admit(f"made up {number}", "greedy")
        robots.remember(f"made up {number}", 1, {})
    assert len(robots) == 6
    assert [robots.recall(name, number) for number, name in enumerate(("arm", "cart"), 1)] == [
        {"of": "arm"}, {"of": "cart"},
    ]  # fmt: skip
    assert robots.recall("made up 49", 1) == {}
    with pytest.raises(RefusedError, match="nothing of this robot"):
        robots.recall("made up 45", 1)
    for number in range(3):  # whoever comes later gets room as well
        robots.admit(f"late {number}", "late")
        robots.remember(f"late {number}", 1, {})
    assert robots.recall("late 2", 1) == {}
    assert robots.recall("cart", 2) == {"of": "cart"}


class Wandering(Echo):
    """Never says the same twice."""

    def plan(self, observations: Any, memories: Any) -> Any:
        chunks, kept = super().plan(observations, memories)
        return [replace(chunk, actions=chunk.actions + len(self.batches)) for chunk in chunks], kept


class Hollow(Echo):
    """Says what is not finite."""

    def plan(self, observations: Any, memories: Any) -> Any:
        return [Chunk(np.full((4, 2), np.inf, np.float32), 10.0)] * len(observations), list(memories)


@pytest.mark.parametrize(("planner", "reason"), [(Wandering(), "two different chunks"), (Hollow(), "not finite")])
def test_a_planner_that_fails_its_golden_check_is_not_served(planner: Echo, reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        check_planner(planner, "echo", 2)


def test_the_golden_observation_is_one_that_could_be() -> None:
    features = Features(
        Feature("observation.images.wrist", (4, 4, 3), "uint8"),
        Feature("observation.images.wrist_depth", (4, 4, 1), unit="m"),
        Feature("observation.hand_pose", (7,), names=("x", "y", "z", "qw", "qx", "qy", "qz")),
        Feature("task", (1,), "string"),
    )
    seen = make_observation(features)
    features.check(seen)
    assert np.linalg.norm(seen["observation.hand_pose"][3:]) == 1


@played
async def test_what_was_submitted_is_planned_with_before_anybody_waits() -> None:
    planner = Echo()
    async with run(planner) as engine:
        planner.entered.clear()
        waiting = engine.submit(ask("r", 3))
        assert await asyncio.to_thread(planner.entered.wait, 10)
        assert await outcome(engine.wait(waiting)) == 3


@played
async def test_who_leaves_before_its_answer_has_shown_nothing(caplog: pytest.LogCaptureFixture) -> None:
    planner = Echo(counts=True)
    async with run(planner) as engine:
        first = await occupy(engine, planner)
        in_line = engine.submit(ask("in line", sequence=1))
        engine.leave(in_line)
        planner.gate.set()
        await first
        assert planner.batches == [1]
        planner.gate.clear()
        under_way, replaced = engine.submit(ask("r", sequence=1)), engine.submit(ask("r", sequence=2))
        newest = engine.submit(ask("r", sequence=3))
        for left in (under_way, replaced, newest):
            engine.leave(left)
        planner.gate.set()
        assert (await engine.ask(ask("r", sequence=4))).chunk.actions[0, 1] == 1
        del under_way, replaced, newest, left
        gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"], "an error that nobody heard of"
