"""Desk: where questions in messages meet engines, whatever carried them: the same for gRPC and HTTP."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from millwright.core.errors import FeatureError
from millwright.serving import wire
from millwright.serving.engine import Answer, Asked, Caps, Engine, Served, Waiting
from millwright.serving.metrics import Metrics, time_stage
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.refusal import Code, RefusedError
from millwright.serving.robots import Known

LONGEST_NAME = 128
"""Characters of a robot's name."""


class Prepared(NamedTuple):
    """An observation that was read, who is to plan with it, and when it came (monotonic)."""

    engine: Engine
    asked: Asked
    came_s: float
    waiting: Waiting | None = None
    """Its place in the line, once it was submitted."""


class Desk:
    """Engines by name; the first is meant where a client names none."""

    def __init__(self, engines: Iterable[Engine], caps: Caps, metrics: Metrics) -> None:
        self.caps, self.metrics = caps, metrics
        self._engines = {engine.served.name: engine for engine in engines}
        self._retired: weakref.WeakSet[Engine] = weakref.WeakSet()  # each as long as somebody waits for it
        self._stopped = False
        self._decoders = ThreadPoolExecutor(2, "decode")

    @property
    def message_bytes(self) -> int:
        """The largest message that an honest client sends, and as much again for names and framing."""
        largest = max(wire.count_bytes(engine.served.planner.inputs) for engine in self._engines.values())
        return min(2 * largest + 2**16, self.caps.max_message_bytes)

    @property
    def names(self) -> tuple[str, ...]:
        """Of what is served."""
        return tuple(self._engines)

    def tell_served(self, bundle: str) -> Served:
        """What is served by that name.

        Raises:
            RefusedError: nothing is.
        """
        return self._find(bundle).served

    def replace(self, engine: Engine) -> None:
        """Ask this one from now on, in place of the engine of its name, which ends with those who ask it already.

        Raises:
            RefusedError: the server stops, or serves nothing of that name.
        """
        if self._stopped:
            raise RefusedError(Code.UNAVAILABLE, "the server is stopping")
        self._retired.add(self._find(engine.served.name))
        self._engines[engine.served.name] = engine

    def describe(self, bundle: str) -> pb.DescribeResponse:
        """What a bundle sees and answers.

        Raises:
            RefusedError: no bundle of that name is served.
        """
        engine = self._find(bundle)
        planner = engine.served.planner
        if not engine.golden.chunk_length:
            raise RefusedError(Code.UNAVAILABLE, f"{engine.served.name} is being warmed up")
        return pb.DescribeResponse(
            bundle=engine.served.name, digest=planner.digest, env=engine.served.env, rate_hz=planner.rate_hz,
            inputs=wire.encode_features(planner.inputs.values()), action=wire.encode_features([planner.action])[0],
            chunk_length=engine.golden.chunk_length, remembers=engine.golden.remembers, bundles=list(self._engines),
        )  # fmt: skip

    def reset(self, request: pb.ResetRequest, client: str) -> None:
        """Forget a robot.

        Raises:
            RefusedError: no bundle of that name is served, or the robot has no name.
        """
        self._find(request.bundle).reset(_name_robot(request.robot, client))

    def begin(self, bundle: str, robot: str, client: str) -> None:
        """A robot's episode begins.

        Raises:
            RefusedError: no bundle of that name is served, the robot has no name, or it asks too often.
        """
        self._find(bundle).begin(_name_robot(robot, client), client)

    def find(self, bundle: str, robot: str, client: str) -> Known | None:
        """What is remembered of a robot; None: it was not heard of, or not for long.

        Raises:
            RefusedError: no bundle of that name is served, or the robot has no name.
        """
        return self._find(bundle).find(_name_robot(robot, client))

    def remembers(self, bundle: str) -> bool:
        """Whether a bundle goes on from what it saw before; as long as it is warmed up, nobody knows.

        Raises:
            RefusedError: no bundle of that name is served.
        """
        return self._find(bundle).golden.remembers

    async def prepare(self, request: pb.ActRequest, client: str) -> Prepared | RefusedError:
        """Read an observation. Pictures are decompressed in other threads.

        Args:
            client: who asks; one client's robots are not another's.
        """
        came_s, spent = time.monotonic(), dict[str, float]()
        try:
            engine, robot = self._find(request.bundle), _name_robot(request.robot, client)
        except RefusedError as refusal:
            return self._count(refusal)
        features, values = engine.served.planner.inputs, dict(request.observation)
        try:
            with time_stage("decode", spent):
                if any(value.WhichOneof("kind") in ("png", "jpeg") for value in values.values()):
                    loop = asyncio.get_running_loop()
                    seen = await loop.run_in_executor(self._decoders, wire.decode_observation, features, values)
                else:
                    seen = wire.decode_observation(features, values)
            after = request.after if request.HasField("after") else None
            deadline_s = came_s + self._read_budget(request.budget_s)
            times = deadline_s, _read_time(request)
            asked = Asked(robot, seen, *times, request.sequence, after, client, spent)
            return Prepared(engine, asked, came_s)
        except (FeatureError, RefusedError) as error:
            self._count_stages(engine.served.name, spent)
            refused = error if isinstance(error, RefusedError) else RefusedError(Code.INVALID_ARGUMENT, str(error))
            return self._count(refused)

    def submit(self, prepared: Prepared | RefusedError) -> Prepared | RefusedError:
        """Begin with an observation before anybody waits for its answer; who never will says so with `leave`."""
        if isinstance(prepared, RefusedError):
            return prepared
        try:
            return prepared._replace(waiting=prepared.engine.submit(prepared.asked))
        except RefusedError as refusal:
            self._count_stages(prepared.engine.served.name, prepared.asked.spent)
            return self._count(refusal)

    def leave(self, prepared: Prepared | RefusedError) -> None:
        """Nobody waits for its answer any more."""
        if isinstance(prepared, Prepared) and prepared.waiting is not None:
            prepared.engine.leave(prepared.waiting)

    async def answer(self, request: pb.ActRequest, prepared: Prepared | RefusedError) -> pb.ActResponse:
        """The chunk, or why there is none; of what was not submitted too."""
        response = pb.ActResponse(robot=request.robot, sequence=request.sequence)
        if isinstance(prepared, RefusedError):
            response.refusal.CopyFrom(_tell(prepared))
            return response
        name, spent = prepared.engine.served.name, prepared.asked.spent
        try:
            waiting = prepared.waiting or prepared.engine.submit(prepared.asked)
            answer = await prepared.engine.wait(waiting)
            with time_stage("encode", spent):
                response.chunk.CopyFrom(wire.encode_chunk(answer.chunk, answer.remembered))
            response.chunk.stage_seconds.update(spent)
            spent["total"] = time.monotonic() - prepared.came_s
        except RefusedError as refusal:
            response.refusal.CopyFrom(_tell(self._count(refusal)))
        finally:
            asyncio.get_running_loop().call_soon(self._count_stages, name, spent)  # the answer does not wait for it
        return response

    async def ask(self, prepared: Prepared) -> Answer:
        """The chunk, for those who write it into a message of their own.

        Raises:
            RefusedError: there is none; not counted yet.
        """
        name, spent = prepared.engine.served.name, prepared.asked.spent
        try:
            answer = await prepared.engine.ask(prepared.asked)
            spent["total"] = time.monotonic() - prepared.came_s
            return answer
        finally:
            asyncio.get_running_loop().call_soon(self._count_stages, name, spent)

    async def start(self) -> None:
        """Warm all up, one after the other.

        Raises:
            BundleError: a planner fails its golden check.
        """
        for engine in self._engines.values():
            await engine.start()

    async def stop(self) -> None:
        """Answer who waits, and nobody else."""
        self._stopped = True
        await asyncio.gather(*(engine.stop() for engine in (*self._engines.values(), *self._retired)))
        self._decoders.shutdown(wait=False, cancel_futures=True)

    def _find(self, bundle: str) -> Engine:
        name = bundle or next(iter(self._engines))
        if name not in self._engines:
            raise RefusedError(
                Code.NOT_FOUND, f"no bundle {name[:80]!r} is served here; served bundles: {', '.join(self._engines)}"
            )
        return self._engines[name]

    def _read_budget(self, budget_s: float) -> float:
        if not budget_s >= 0:
            raise RefusedError(Code.INVALID_ARGUMENT, f"budget_s is seconds, 0 or more, got {budget_s}")
        return min(budget_s or self.caps.max_budget_s, self.caps.max_budget_s)

    def _count_stages(self, bundle: str, spent: Mapping[str, float]) -> None:
        """All but the planning: that the engine counts, once for all who were planned for together."""
        self.metrics.observe(bundle, {stage: took_s for stage, took_s in spent.items() if stage != "plan"})

    def _count(self, refusal: RefusedError) -> RefusedError:
        self.metrics.refused.labels(refusal.code.name).inc()
        return refusal


def _name_robot(robot: str, client: str) -> str:
    if not 0 < len(robot) <= LONGEST_NAME:
        raise RefusedError(
            Code.INVALID_ARGUMENT, f"robot is a name of 1 to {LONGEST_NAME} characters, got {len(robot)}"
        )
    return f"{client}/{robot}"


def _read_time(request: pb.ActRequest) -> float:
    observed_at_s = request.observed_at_s
    if abs(observed_at_s) < float("inf"):
        return observed_at_s
    raise RefusedError(Code.INVALID_ARGUMENT, f"observed_at_s is seconds of the robot's clock, got {observed_at_s}")


def _tell(refusal: RefusedError) -> pb.Refusal:
    return pb.Refusal(code=refusal.code, message=str(refusal))
