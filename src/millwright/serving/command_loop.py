"""CommandLoop: a process of its own that commands an arm, whatever becomes of the one that plans.

A thread would not do: it waits for the interpreter's lock while a network thinks or garbage is collected beside it, and
it dies with its process. Here a dead, stopped or busy planner is nothing but a silence.
"""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import signal
import struct
import time
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType

import numpy as np
from numpy.typing import ArrayLike

from millwright.core.errors import ActionError, ServiceError
from millwright.geometry.poses import Floats
from millwright.robots.limits import Envelope
from millwright.serving.watchdog import REASONS, Beat, Watchdog

RESET = b"r"
"""A message to the loop; every other one is a setpoint: doubles."""
_REPORT = struct.Struct("<bBdd")
"""From the loop: index in REASONS, or one of the following; the arm's joints; when it was noticed, and when the first
command after it had been sent, s of the monotonic clock."""
BEGUN, REFUSED = -1, -2
STARTING_S = 30.0
MESSAGES, LONGEST = 8, 4096
"""Read in a period at most, and bytes of each: the arm is commanded however much is said."""


class Arm(ABC):
    """What the loop commands: made in its process, called by nobody else."""

    @abstractmethod
    def read(self) -> tuple[Floats, Floats | None]:
        """Joints (n,) rad, and the wrench (6,) N and N m if there is a sensor."""

    @abstractmethod
    def send(self, joints: Floats) -> None:
        """Command the joints (n,) rad, for now."""


@dataclass(frozen=True)
class Halted:
    """What halted the arm; s of `time.monotonic`."""

    why: str
    noticed_s: float
    commanded_s: float
    """When the first command on the way to rest had been sent."""


class CommandLoop:
    """The policy's side: setpoints out, halts in. Closed, or left behind, the loop brings the arm to rest.

    Args:
        make_arm, make_envelope: picklable; called in the loop's process.
        beat: how often.

    Raises:
        ServiceError: the loop did not begin: the arm stands outside of its limits, or cannot be made.
    """

    def __init__(
        self, make_arm: Callable[[], Arm], make_envelope: Callable[[], Envelope], beat: Beat | None = None
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(make_arm, make_envelope, beat or Beat(), theirs), name="command-loop"
        )
        # inherited by the process from its first instruction on: whoever interrupts the planner closes the pipe by that
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        atexit.register(self.close)  # else the interpreter would wait for a loop that waits for it
        self._halted: Halted | None = None
        self._dof: int = 0
        self._await_begin()

    def send(self, setpoint: ArrayLike) -> None:
        """The newest setpoint (n,) rad; also the heartbeat.

        Raises:
            ActionError: it is of another shape; nothing was sent.
            ServiceError: the loop has ended.
        """
        joints = np.asarray(setpoint, np.float64)
        if joints.shape != (self._dof,):
            raise ActionError(f"a setpoint is {(self._dof,)}, an angle for each joint; got {joints.shape}")
        self._put(joints.tobytes())

    @property
    def dof(self) -> int:
        """Joints of the arm."""
        return self._dof

    @property
    def halted(self) -> Halted | None:
        """What halted the arm; None while nothing did."""
        while self._pipe.poll():
            self._take()
        return self._halted

    def reset(self) -> None:
        """Bring the arm to rest, if it moves, and begin again where it stands.

        Raises:
            ServiceError: it stands outside of its limits, or the loop has ended.
        """
        self._put(RESET)
        self._await_begin()

    def close(self) -> None:
        """Bring the arm to rest and end the process."""
        atexit.unregister(self.close)
        self._pipe.close()
        self._process.join()

    def __enter__(self) -> CommandLoop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, message: bytes) -> None:
        try:
            self._pipe.send_bytes(message)
        except OSError as error:
            raise ServiceError("the command loop has ended; start another one") from error

    def _await_begin(self) -> None:
        index = 0
        while index >= 0 and self._pipe.poll(STARTING_S):
            index = self._take()
        if index != BEGUN:
            self.close()
            raise ServiceError("the command loop does not begin: the arm stands outside of its limits, or is not there")
        self._halted = None

    def _take(self) -> int:
        """Read one report and give its first number."""
        try:
            index, self._dof, noticed_s, commanded_s = _REPORT.unpack(self._pipe.recv_bytes())
        except (EOFError, OSError) as error:
            raise ServiceError("the command loop has ended; its process says why") from error
        if index >= 0:
            self._halted = Halted(REASONS[index], noticed_s, commanded_s)
        return int(index)


def _serve(make_arm: Callable[[], Arm], make_envelope: Callable[[], Envelope], beat: Beat, pipe: Connection) -> None:
    arm, watchdog = make_arm(), Watchdog(make_envelope(), beat)
    gc.collect()
    gc.disable()  # nothing here makes cycles, and a collection takes longer than a period
    run_commands(arm, watchdog, pipe)


def run_commands(
    arm: Arm,
    watchdog: Watchdog,
    pipe: Connection,
    now: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Command `arm` once a period until the other end of `pipe` is closed and the arm is at rest.

    A period that begins late is not made up for: commands are a period's way apart, however late they come.
    """
    period_s = 1.0 / watchdog.beat.command_hz
    inbox = _Inbox(pipe)
    due_s, told, beginning, begun = now(), True, True, False
    while inbox.is_open or not watchdog.is_at_rest:
        wait(max(0.0, due_s - now()))
        due_s = max(due_s + period_s, now())
        messages = inbox.take(now())
        for message in messages:
            if message != RESET:
                watchdog.hear(np.array(array("d", message[: len(message) // 8 * 8])), now())
        if inbox.full_for_s > watchdog.beat.heartbeat_s:
            watchdog.halt("flood", now())
        if RESET in messages or not inbox.is_open:
            watchdog.halt("asked", now())
            beginning = inbox.is_open
        if beginning and watchdog.is_at_rest:
            told = beginning = False
            begun = _begin(arm, watchdog, pipe, now)
        if not begun:
            continue  # nobody knows where to command the arm to
        _, wrench = arm.read()
        if wrench is not None:
            watchdog.feel(wrench, now())
        arm.send(watchdog.command(now()))
        if watchdog.halted is not None and not told:
            told = True
            _tell(pipe, REASONS.index(watchdog.halted.why), watchdog.dof, watchdog.halted.at_s, now())


def _begin(arm: Arm, watchdog: Watchdog, pipe: Connection, now: Callable[[], float]) -> bool:
    """Whether the arm stands where it may."""
    try:
        watchdog.begin(arm.read()[0])
    except ActionError:
        _tell(pipe, REFUSED, watchdog.dof, now(), now())
        return False
    _tell(pipe, BEGUN, watchdog.dof, now(), now())
    return True


class _Inbox:
    """What is said to the loop, a few messages a period."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.is_open = True
        """Whether anybody is left to send more."""
        self.full_for_s = 0.0
        """For so long more has been there in every period than was read."""
        self._full_since_s: float | None = None

    def take(self, now_s: float) -> list[bytes]:
        """The oldest `MESSAGES` that were not read yet. One that is too long is the last one, and is empty."""
        messages: list[bytes] = []
        is_full = False
        try:
            while self.is_open and self._pipe.poll() and not (is_full := len(messages) == MESSAGES):
                messages.append(self._pipe.recv_bytes(LONGEST))
        except (EOFError, OSError):
            self.is_open = False
            if not self._pipe.readable:  # so it is after one that is too long: where the next begins, nobody knows
                messages.append(b"")
        if not is_full:
            self._full_since_s = None
        elif self._full_since_s is None:
            self._full_since_s = now_s
        self.full_for_s = 0.0 if self._full_since_s is None else now_s - self._full_since_s
        return messages


def _tell(pipe: Connection, index: int, dof: int, noticed_s: float, commanded_s: float) -> None:
    try:
        pipe.send_bytes(_REPORT.pack(index, dof, noticed_s, commanded_s))
    except OSError:
        return  # nobody is left to hear it; the loop ends when the arm is at rest
