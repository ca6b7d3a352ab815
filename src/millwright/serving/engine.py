"""Engine: one planner for many robots. Their newest observations are planned with together, off the event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import BundleError
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.policies.golden import GoldenOutputs
from millwright.policies.world_memory import tell_done
from millwright.serving.golden import Golden, check_planner, is_sound
from millwright.serving.metrics import Metrics
from millwright.serving.refusal import Code, RefusedError
from millwright.serving.robots import Known, Robots

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Served:
    """A planner, what clients call it, the environment it was made for, and what it planned where it was made."""

    name: str
    planner: Planner
    env: str = ""
    outputs: GoldenOutputs | None = None

    def check(self, batch: int) -> Golden:
        """Warm it up for so many robots at once.

        Raises:
            BundleError: it fails its golden check.
        """
        return check_planner(self.planner, self.name, batch, self.outputs)


def check_succession(before: Served, after: Served) -> None:
    """One may take another's place when robots need not be told: they see and answer the same.

    Raises:
        BundleError: they do not; says in what they differ.
    """
    old, new = before.planner, after.planner
    same = {
        "environment": before.env == after.env,
        "inputs": list(old.inputs.values()) == list(new.inputs.values()),
        "action": old.action == new.action,
        "rate": old.rate_hz == new.rate_hz,
    }
    if not all(same.values()):
        differ = ", ".join(name for name, equal in same.items() if not equal)
        raise BundleError(
            f"{after.name} cannot be swapped while robots ask for it: the new one has another {differ}; "
            "serve it by another name"
        )


@dataclass(frozen=True)
class Caps:
    """How much a server takes on."""

    max_batch: int = 32
    """Robots in one call of a planner; 1: each alone, so that nobody's chunk depends, in its last bits, on others'."""
    max_budget_s: float = 10.0
    """The longest that an observation may wait for its chunk."""
    max_robots: int = 1024
    memory_age_s: float = 600.0
    max_rate_hz: float = 500.0
    """Observations a second of one robot."""
    max_streams: int = 256
    stream_idle_s: float = 60.0
    """After so long without an observation a stream is ended."""
    max_connections: int = 512
    handshake_s: float = 5.0
    """After so long a connection that says nothing is closed."""
    max_message_bytes: int = 16 * 2**20
    drain_s: float = 5.0


@dataclass(frozen=True)
class Asked:
    """One observation, checked. `sequence` and `after` as in the protocol, `deadline_s` monotonic, of `client`."""

    robot: str
    observation: Observation
    deadline_s: float
    observed_at_s: float = 0.0
    sequence: int = 0
    after: int | None = None
    client: str = ""
    spent: dict[str, float] = field(default_factory=dict, compare=False)
    """Seconds that each stage took so far; written by whoever does it."""
    done: NDArray[np.float32] | None = None
    """What the robot did since its last observation, where it says so."""


@dataclass(frozen=True)
class Answer:
    """A chunk, and whether the robot is remembered."""

    chunk: Chunk
    remembered: bool


@dataclass(eq=False)
class Waiting:
    """An observation in line, since when (monotonic), and what is remembered of its robot when its turn comes."""

    asked: Asked
    answer: asyncio.Future[Answer]
    since_s: float
    memory: Memory = None
    is_past: bool = False
    """Another episode has begun since: its answer leaves no memory."""


_Planned = tuple[Answer | RefusedError, Memory]


class Engine:
    """Call every method on the event loop that `start` ran on.

    Args:
        worker: of one thread; planners that share it never plan at the same time.
    """

    def __init__(self, served: Served, caps: Caps, metrics: Metrics, worker: Executor) -> None:
        self.served = served
        self.golden = Golden(0, False)
        self._caps, self._metrics, self._worker = caps, metrics, worker
        metrics.expect(served.name)
        self._robots = Robots(caps.max_robots, caps.memory_age_s, caps.max_rate_hz)
        self._waiting: dict[str, Waiting] = {}  # at most one a robot; whoever waits longest comes first
        self._loop: asyncio.AbstractEventLoop | None = None  # that of those who are let in
        self._planning: list[Waiting] = []
        self._busy, self._idle = False, asyncio.Event()

    async def start(self, golden: Golden | None = None) -> None:
        """Warm up, and answer from now on.

        Args:
            golden: of a planner that was warmed up and checked already.

        Raises:
            BundleError: the planner fails its golden check.
        """
        loop = asyncio.get_running_loop()
        if golden is None:
            golden = await loop.run_in_executor(self._worker, self.served.check, self._caps.max_batch)
        self.golden, self._loop = golden, loop

    async def stop(self) -> None:
        """Answer who waits, nobody else, and end."""
        self._loop = None
        while self._busy:
            self._idle.clear()
            await self._idle.wait()

    async def ask(self, asked: Asked) -> Answer:
        """The chunk of an observation. While it waits a newer one of the same robot takes its place.

        Raises:
            RefusedError: it gets none; says why.
        """
        return await self.wait(self.submit(asked))

    def submit(self, asked: Asked) -> Waiting:
        """Begin with an observation at once; `wait` gives its chunk, and whoever does not wait for that leaves.

        Raises:
            RefusedError: it gets no chunk; says why.
        """
        if self._loop is None:
            raise RefusedError(Code.UNAVAILABLE, "the server is starting or stopping")
        self._robots.admit(asked.robot, asked.client)
        waiting = Waiting(asked, self._loop.create_future(), time.monotonic())
        self._enter(waiting)
        self._go_on(self._loop)
        self._metrics.robots.labels(self.served.name).set(len(self._robots))  # while it is being planned with
        return waiting

    async def wait(self, waiting: Waiting) -> Answer:
        """The chunk of an observation that was submitted.

        Raises:
            RefusedError: it gets none; says why.
        """
        try:
            async with asyncio.timeout(waiting.asked.deadline_s - time.monotonic()):
                return await waiting.answer
        except TimeoutError:
            raise RefusedError(
                Code.DEADLINE_EXCEEDED, "the chunk was not there within the observation's budget"
            ) from None
        finally:
            self.leave(waiting)

    def leave(self, waiting: Waiting) -> None:
        """Nobody waits for its chunk any more: it is not planned with, and if it is being planned with it never was."""
        if not waiting.answer.cancel() and not waiting.answer.cancelled():
            waiting.answer.exception()  # or asyncio would say that nobody heard of it
        if self._waiting.get(waiting.asked.robot) is waiting:
            del self._waiting[waiting.asked.robot]

    def reset(self, robot: str) -> None:
        """Forget what is remembered of a robot, and what is being planned for it will leave nothing either."""
        for waiting in (*self._planning, *self._waiting.values()):
            waiting.is_past = waiting.is_past or waiting.asked.robot == robot
        self._robots.forget(robot)

    def begin(self, robot: str, client: str) -> None:
        """A robot is heard, whose episode begins.

        Raises:
            RefusedError: it asks too often.
        """
        self._robots.admit(robot, client)
        self.reset(robot)

    def find(self, robot: str) -> Known | None:
        """What is remembered of a robot; None: it was not heard of, or not for long."""
        return self._robots.find(robot)

    def _enter(self, waiting: Waiting) -> None:
        robot, older = waiting.asked.robot, self._waiting.get(waiting.asked.robot)
        if older is not None:
            self._metrics.drops.labels(self.served.name).inc()
            late = waiting.asked.sequence < older.asked.sequence
            dropped = waiting if late else older
            _refuse(dropped, RefusedError(Code.ABORTED, "a newer observation of this robot took its place"))
            if late:
                return
        self._waiting[robot] = waiting  # a dictionary keeps the older one's place in the line

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Plan for those who wait, unless others are being planned for: then their end is the beginning of this."""
        if self._busy or not (batch := self._take()):
            return
        self._busy, self._planning = True, batch
        started_s = time.monotonic()

        def work() -> None:
            answers = self._plan(batch)
            loop.call_soon_threadsafe(self._deliver, loop, batch, answers, started_s)

        self._worker.submit(work)

    def _deliver(
        self, loop: asyncio.AbstractEventLoop, batch: Sequence[Waiting], answers: Sequence[_Planned], started_s: float
    ) -> None:
        took_s = time.monotonic() - started_s
        self._busy, self._planning = False, []
        for waiting, (answer, memory) in zip(batch, answers, strict=True):
            waiting.asked.spent["plan"] = took_s
            self._settle(waiting, answer, memory)
        self._go_on(loop)
        if not self._busy:
            self._idle.set()
        loop.call_soon(self._count_batch, len(batch), took_s)  # robots do not wait for it

    def _count_batch(self, size: int, took_s: float) -> None:
        self._metrics.batches.labels(self.served.name).observe(size)
        self._metrics.observe(self.served.name, {"plan": took_s})

    def _take(self) -> list[Waiting]:
        """Who is planned for next, with what is remembered of each."""
        batch: list[Waiting] = []
        while self._waiting and len(batch) < self._caps.max_batch:
            waiting = self._waiting.pop(next(iter(self._waiting)))
            if waiting.answer.done():
                continue
            try:
                waiting.memory = self._robots.recall(waiting.asked.robot, waiting.asked.after)
            except RefusedError as refusal:
                _refuse(waiting, refusal)
                continue
            waiting.asked.spent["queue"] = time.monotonic() - waiting.since_s
            batch.append(waiting)
        return batch

    def _settle(self, waiting: Waiting, answer: Answer | RefusedError, memory: Memory) -> None:
        if waiting.answer.done():  # too late, or nobody is there any more: then it never was
            return
        if isinstance(answer, RefusedError):
            waiting.answer.set_exception(answer)
            return
        if not waiting.is_past:
            self._robots.remember(waiting.asked.robot, waiting.asked.sequence, memory)
        waiting.answer.set_result(answer)

    def _plan(self, batch: Sequence[Waiting]) -> list[_Planned]:
        """In the worker's thread. Where planning for all fails, each is planned for alone, so that one pays for one."""
        planner = self.served.planner
        try:
            seen = [waiting.asked.observation for waiting in batch]
            chunks, memories = planner.plan(seen, [self._tell_done(waiting) for waiting in batch])
            return [
                (self._stamp(waiting.asked, chunk, memory), memory)
                for waiting, chunk, memory in zip(batch, chunks, memories, strict=True)
            ]
        except Exception:  # a policy may raise anything: that is its robot's answer, and the others are served on
            if len(batch) > 1:
                return [row for waiting in batch for row in self._plan([waiting])]
            log.exception("%s could not plan for %s", self.served.name, batch[0].asked.robot)
            return [(RefusedError(Code.INTERNAL, "the policy could not plan; the server's log says why"), None)]

    def _tell_done(self, waiting: Waiting) -> Memory:
        done = waiting.asked.done
        return waiting.memory if done is None else tell_done(self.served.planner, waiting.memory, done)

    def _stamp(self, asked: Asked, chunk: Chunk, memory: Memory) -> Answer | RefusedError:
        planner = self.served.planner
        if not is_sound(chunk, planner.action, self.golden.chunk_length):
            log.error("%s gave a chunk for %s that is not sound: %s", self.served.name, asked.robot, chunk.actions)
            return RefusedError(Code.INTERNAL, "the policy gave a chunk that is not finite or not as declared")
        lifetime_s = min(chunk.expires_at_s - chunk.observed_at_s, len(chunk) / chunk.rate_hz)
        at_s = asked.observed_at_s
        stamped = replace(chunk, observed_at_s=at_s, expires_at_s=at_s + lifetime_s, digest=planner.digest)
        return Answer(stamped, memory is not None)


def _refuse(waiting: Waiting, refusal: RefusedError) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(refusal)
