"""RemotePlanner: a planner whose planning is done by a server, the same to whoever plays its chunks."""

from __future__ import annotations

import os
import queue
import re
import threading
import time
import uuid
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import grpc

from millwright.core.errors import AwayError, FeatureError, OptionError, RemoteError, ServiceError
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.serving import wire
from millwright.serving.access import check_pem, is_sendable
from millwright.serving.protos import policy_pb2 as pb
from millwright.serving.refusal import Code
from millwright.serving.stages import tell_stages

SERVICE = pb.DESCRIPTOR.services_by_name["PolicyService"].full_name
ADDRESS = re.compile(
    r"(grpcs?)://((?:\[[0-9a-fA-F:]+\]|[^\s/:\[\]]+):\d{1,5})(?:/([^\s/?]+))?/?(?:\?pictures=(raw|png|jpeg))?"
)
EXAMPLE = (
    "grpc://127.0.0.1:50051 or grpc://127.0.0.1:50051/brick-pick, grpcs:// with TLS, ?pictures=jpeg (or png) behind it "
    "for pictures that are not to travel raw"
)
TOKEN, CA, CERT, KEY = (f"MILLWRIGHT_{name}" for name in ("TOKEN", "TLS_CA", "TLS_CERT", "TLS_KEY"))
"""Environment variables: a token, and files in PEM. Not arguments: those are seen by everybody on a machine."""
Metadata = tuple[tuple[str, str | bytes], ...]
ANSWER_S = 10.0
"""How long a plan is waited for; robots that cannot stand still so long say less."""
AWAY = (Code.DEADLINE_EXCEEDED, Code.FAILED_PRECONDITION, Code.UNAVAILABLE, grpc.StatusCode.CANCELLED.value[0])
"""What a server says that goes, comes, or has forgotten."""
OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", 16 * 2**20),
]


@dataclass(frozen=True)
class Address:
    """Where a server is, which of its bundles is meant (empty: its first), and how pictures travel there."""

    target: str
    bundle: str
    tls: bool
    pictures: wire.Pictures = "raw"


def parse_address(text: str) -> Address:
    """Read `grpc://HOST:PORT[/BUNDLE][?pictures=raw|png|jpeg]`.

    Raises:
        OptionError: it is something else.
    """
    found = ADDRESS.fullmatch(text)
    if found is None:
        raise OptionError(f"{text} is no address of a server of policies; {EXAMPLE} is meant")
    pictures: Any = found[4] or "raw"
    return Address(found[2], found[3] or "", found[1] == "grpcs", pictures)


class RemotePlanner(Planner):
    """Asks a server for each chunk and waits for it. Picklable by its address: whoever gets it connects anew.

    A token and certificates are read from `MILLWRIGHT_TOKEN`, `MILLWRIGHT_TLS_CA`, `_CERT` and `_KEY`. After an error
    it may be asked again: a stream that broke is opened anew, as long as the same bundle is served there. Its memory of
    a robot is the number of the answer that the server is to go on from. A server that has forgotten what it remembered
    (it was started anew, or heard of many other robots since) refuses to go on: that is an `AwayError`, as whenever
    asking later may help whoever begins its episode anew, and unless whoever plays has something else to do the episode
    ends with it.

    Args:
        address: `grpc://HOST:PORT[/BUNDLE]`; `grpcs://` with TLS; `?pictures=png` or `jpeg` behind it where they are
            not to travel raw.
        answer_s: how long a plan is waited for.
        follow: for a robot in service, whose server may be given another bundle meanwhile: that one's chunks are played
            as long as it sees and answers the same, and where the server has forgotten the robot it is begun anew.
            Else, as an evaluation means one bundle, both are errors.
        digest: of the bundle that is meant; empty: whatever is served there now.

    Raises:
        OptionError: the address cannot be read.
        RemoteError: nobody answers there, or not to us, or another bundle is served.
    """

    def __init__(self, address: str, answer_s: float = ANSWER_S, follow: bool = False, digest: str = "") -> None:
        self.address, self.follow = address, follow
        self._answer_s = answer_s
        self._where = parse_address(address)
        self._metadata = read_token()
        self._channel = open_channel(self._where)
        weakref.finalize(self, self._channel.close)
        described = self._describe(answer_s)
        self.name, self.env = described.bundle, described.env
        self.digest = digest or described.digest
        self._check_digest(described.digest)
        self.inputs = wire.decode_features(described.inputs)
        (self.action,) = wire.decode_features([described.action]).values()
        self.rate_hz = described.rate_hz
        self._remembers = described.remembers
        self._client = uuid.uuid4().hex[:12]
        self._stream: _Stream | None = None
        self._robots = self._sequence = 0

    def __reduce__(self) -> tuple[Any, ...]:
        digest = "" if self.follow else self.digest
        return RemotePlanner, (self.address, self._answer_s, self.follow, digest)

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        """As `Planner.plan`.

        Raises:
            FeatureError: an observation is not what `inputs` declare; nothing was sent.
            RemoteError: a chunk did not come in time, was refused, is not what the server declared, or is another
                bundle's than at the beginning, which is not followed.
        """
        began_s, until_s = time.perf_counter(), time.monotonic() + self._answer_s
        requests = [
            self._make_request(row, observation, memory)
            for row, (observation, memory) in enumerate(zip(observations, memories, strict=True))
        ]
        asked_s = time.perf_counter()
        answers = self._exchange(requests, until_s)
        if self.follow:
            requests, answers = self._begin_anew(requests, answers, until_s)
        answered_s = time.perf_counter()
        chunks = [self._read(answers[request.sequence]) for request in requests]
        ours = asked_s - began_s, answered_s - asked_s, time.perf_counter() - answered_s
        chunks = [replace(chunk, timings=tell_stages(*ours, chunk.timings)) for chunk in chunks]
        left = [{"robot": request.robot, "after": request.sequence} for request in requests]
        remembered = [answers[request.sequence].chunk.remembered for request in requests]
        return chunks, [memory if kept else None for memory, kept in zip(left, remembered, strict=True)]

    def hurry(self, answer_s: float) -> None:
        """Wait no longer than that for a plan from now on; connecting may have taken longer."""
        self._answer_s = answer_s

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def _describe(self, timeout_s: float) -> pb.DescribeResponse:
        call = self._channel.unary_unary(
            f"/{SERVICE}/Describe", pb.DescribeRequest.SerializeToString, pb.DescribeResponse.FromString
        )
        try:
            described: pb.DescribeResponse = call(
                pb.DescribeRequest(bundle=self._where.bundle), timeout=timeout_s, metadata=self._metadata
            )
        except grpc.RpcError as error:
            raise _explain(self.address, error) from error
        return described

    def _make_request(self, row: int, observation: Observation, memory: Memory) -> pb.ActRequest:
        self._sequence += 1
        if memory is not None:
            robot, after = memory["robot"], memory["after"]
        else:
            # who is remembered needs a name of its own; of others it is enough that a batch holds each once
            self._robots += 1
            robot, after = f"{self._client}-{self._robots if self._remembers else row}", 0
        request = pb.ActRequest(
            bundle=self.name, robot=robot, sequence=self._sequence, budget_s=self._answer_s, after=after
        )
        wire.write_observation(request.observation, self.inputs, observation, self._where.pictures)
        return request

    def _begin_anew(
        self, requests: Sequence[pb.ActRequest], answers: dict[int, pb.ActResponse], until_s: float
    ) -> tuple[list[pb.ActRequest], dict[int, pb.ActResponse]]:
        """Ask again for robots that the server has forgotten."""
        anew = []
        for request in requests:
            if answers[request.sequence].refusal.code == Code.FAILED_PRECONDITION:
                self._sequence += 1
                again = pb.ActRequest()
                again.CopyFrom(request)
                again.sequence, again.after = self._sequence, 0
                request = again
            anew.append(request)
        asked = [request for request in anew if request.sequence not in answers]
        return anew, answers | (self._exchange(asked, until_s) if asked else {})

    def _exchange(self, requests: Sequence[pb.ActRequest], until_s: float) -> dict[int, pb.ActResponse]:
        if self._stream is None or self._stream.broken:
            if self._stream is not None:  # whoever answers now may be another server
                self._check_described(self._describe(self._answer_s))
            self._stream = _Stream(self._channel, self._metadata)
        for request in requests:
            self._stream.send(request)
        wanted = {request.sequence for request in requests}
        answers: dict[int, pb.ActResponse] = {}
        while wanted - answers.keys():
            try:
                response = self._stream.receive(until_s - time.monotonic())
            except queue.Empty:
                raise AwayError(f"{self.address} gave no answer within {self._answer_s:g} s") from None
            except grpc.RpcError as error:
                raise _explain(self.address, error) from error
            if response.sequence in wanted:  # else it is late: nobody waits for it any more
                answers[response.sequence] = response
        return answers

    def _read(self, response: pb.ActResponse) -> Chunk:
        if response.WhichOneof("answer") != "chunk":
            code = response.refusal.code
            name = Code(code).name if code in set(Code) else f"code {code}"
            kind = AwayError if code in AWAY else RemoteError
            raise kind(f"{self.address} refused: {name}: {response.refusal.message}")
        if not self.follow:
            self._check_digest(response.chunk.digest)
        self.digest = response.chunk.digest
        self._remembers = self._remembers or response.chunk.remembered
        try:
            return wire.decode_chunk(response.chunk, self.action)
        except FeatureError as error:
            raise RemoteError(f"{self.address} answered with what must not be played: {error}") from error

    def _check_described(self, described: pb.DescribeResponse) -> None:
        """Of whoever answers where somebody else may have answered before."""
        if not self.follow:
            self._check_digest(described.digest)
            return
        (action,) = wire.decode_features([described.action]).values()
        inputs = list(wire.decode_features(described.inputs).values())
        if (inputs, action, described.rate_hz) != (list(self.inputs.values()), self.action, self.rate_hz):
            raise RemoteError(
                f"{self.address} serves a bundle that sees or answers something else than the one at the beginning; "
                "connect anew to play that one"
            )

    def _check_digest(self, digest: str) -> None:
        if digest != self.digest:
            raise RemoteError(
                f"{self.address} serves another bundle as {self.name} than at the beginning: "
                f"{digest[:80] or 'none'}, not {self.digest or 'none'}; connect anew to play that one, or serve that "
                "of the beginning again"
            )


class _Stream:
    """One Act call. Answers are put into a queue, so that waiting for one can end.

    gRPC's own thread puts them there, while it reads the message. A thread of ours asks for the next one meanwhile: to
    be handed each answer by that thread would be one more change of threads in every call.
    """

    def __init__(self, channel: grpc.Channel, metadata: Metadata) -> None:
        self._requests: queue.SimpleQueue[pb.ActRequest | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[pb.ActResponse | grpc.RpcError] = queue.SimpleQueue()
        self._ended = threading.Event()
        read = partial(_read_answer, self._answers)
        act = channel.stream_stream(f"/{SERVICE}/Act", pb.ActRequest.SerializeToString, read)
        call = act(iter(self._requests.get, None), metadata=metadata)
        threading.Thread(
            target=_receive, args=(call, self._answers, self._requests, self._ended), name="answers", daemon=True
        ).start()

    @property
    def broken(self) -> bool:
        """It has ended, perhaps while nobody asked anything: whoever asks next needs another one."""
        return self._ended.is_set()

    def send(self, request: pb.ActRequest) -> None:
        self._requests.put(request)

    def receive(self, timeout_s: float) -> pb.ActResponse:
        """The next answer.

        Raises:
            queue.Empty: there is none yet.
            grpc.RpcError: there will be none.
        """
        answer = self._answers.get(timeout=max(timeout_s, 0.0))
        if isinstance(answer, grpc.RpcError):
            raise answer
        return answer


def _read_answer(answers: queue.SimpleQueue[pb.ActResponse | grpc.RpcError], data: bytes) -> pb.ActResponse:
    answer = pb.ActResponse.FromString(data)
    answers.put(answer)
    return answer


def _receive(
    call: Iterator[pb.ActResponse],
    answers: queue.SimpleQueue[pb.ActResponse | grpc.RpcError],
    requests: queue.SimpleQueue[pb.ActRequest | None],
    ended: threading.Event,
) -> None:
    try:
        for _ in call:
            pass
        end = grpc.RpcError("the server ended the stream")
    except grpc.RpcError as error:
        end = error
    ended.set()  # before anybody is told
    answers.put(end)
    requests.put(None)  # whoever sends them is done too


def read_token() -> Metadata:
    """The token as it travels; nothing where there is none.

    Raises:
        OptionError: no header can hold it.
    """
    token = os.environ.get(TOKEN)
    if token and not is_sendable(token):
        raise OptionError(f"{TOKEN} holds what no token does: signs of ASCII are meant, and no end of a line")
    return (("authorization", f"Bearer {token}"),) if token else ()


def open_channel(where: Address) -> grpc.Channel:
    """A channel to it, which connects when it is first needed.

    Raises:
        OptionError: its port is none, or a file of TLS is missing, cannot be read or is not what it is taken for.
    """
    port = int(where.target.rpartition(":")[2])
    if not 0 < port <= 65535:  # of a larger one gRPC takes what is left of 65536
        raise OptionError(f"{where.target} is no place to connect to: a port is a number from 1 to 65535")
    if not where.tls:
        return grpc.insecure_channel(where.target, OPTIONS)
    ca, key, cert = (Path(name) if (name := os.environ.get(which)) else None for which in (CA, KEY, CERT))
    if (key is None) != (cert is None):
        raise OptionError(f"whoever shows a certificate needs its key too: set both {CERT} and {KEY}, or neither")
    try:
        check_pem(key, cert, ca)
        files = [path.read_bytes() if path else None for path in (ca, key, cert)]
    except ServiceError as error:
        raise OptionError(str(error)) from error
    except OSError as error:
        raise OptionError(f"TLS needs {error.filename}, which cannot be read: {error.strerror}") from error
    return grpc.secure_channel(where.target, grpc.ssl_channel_credentials(*files), OPTIONS)


def _explain(address: str, error: Any) -> RemoteError:
    if not isinstance(error, grpc.Call):
        return AwayError(f"{address}: {error}")
    code, details = error.code(), error.details() or ""
    files = f"; {CA} names the authority of its certificate, {CERT} and {KEY} what we show where it asks for that"
    advice = {
        grpc.StatusCode.UNAVAILABLE: f"; is a server running there (`millwright serve BUNDLE`)? {EXAMPLE}"
        + (files if address.startswith("grpcs") else ""),
        grpc.StatusCode.UNAUTHENTICATED: f"; put a token into {TOKEN}",
    }.get(code, "")
    kind = AwayError if code.value[0] in AWAY else RemoteError
    return kind(f"{address}: {code.name}: {details[:500]}{advice}")
