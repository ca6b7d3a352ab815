"""Watchdog: from a setpoint now and then to a command many times a second, and to rest when anything is wrong.

Not safety-rated: see `docs/limits.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from millwright.core.errors import OptionError
from millwright.geometry.poses import Floats
from millwright.robots.limits import Envelope
from millwright.serving.motion import Course, LimitedMotion

MIN_RATE_HZ = 125.0
"""Arms that are steered from outside want a command at least so often."""
REASONS = ("heartbeat", "not_finite", "limit", "force", "asked", "flood")
"""Why an arm is halted: no setpoint in time; a setpoint or wrench that is none; a setpoint out of limits or reach; a
force above the limit; somebody wanted it; more setpoints than can be read, for longer than the heartbeat."""


@dataclass(frozen=True)
class Beat:
    """How often who is heard and who speaks.

    Args:
        command_hz: of the commands to the arm.
        setpoint_hz: at which setpoints come; each is for so long after.
        heartbeat_s: a silence of setpoints longer than that halts the arm.

    Raises:
        OptionError: commands are too rare, or setpoints are missed before they are due.
    """

    command_hz: float = 250.0
    setpoint_hz: float = 15.0
    heartbeat_s: float = 0.2

    def __post_init__(self) -> None:
        if self.command_hz < MIN_RATE_HZ:
            raise OptionError(f"commands come at least {MIN_RATE_HZ:g} times a second, got {self.command_hz:g}")
        if not 0 < 1 / self.setpoint_hz < self.heartbeat_s:
            period_s = 1 / self.setpoint_hz
            raise OptionError(f"a heartbeat of {self.heartbeat_s:g} s is missed before setpoints every {period_s:g} s")


@dataclass(frozen=True)
class Halt:
    """Why the arm was halted, and when that was noticed, s of the caller's clock."""

    why: str
    at_s: float


class Watchdog:
    """What is decided in the command loop, without the loop: told the time, it waits for nothing and starts nothing.

    Setpoints come from a `Limiter`, which asks for nothing that is refused here; so something out of limits means that
    something is broken, and halts the arm rather than being made to fit. Halting is slowing down within limits, on a
    way that was found with the last command. It is latched until `begin`.

    Args:
        envelope: what the arm may be asked for; the gripper is not commanded here.
        beat: how often.
    """

    def __init__(self, envelope: Envelope, beat: Beat | None = None) -> None:
        self.beat = beat or Beat()
        self._envelope = envelope
        space = envelope.workspace
        period_s = 1.0 / self.beat.command_hz
        self._motion = LimitedMotion(envelope.motion, period_s, *(() if space is None else (space.holds,)))
        self.halted: Halt | None = Halt("asked", 0.0)
        """Why the arm is not to move; as it is made, it is halted until `begin`."""
        self._heard_s: float | None = None

    def begin(self, joints: ArrayLike) -> None:
        """The arm stands still at `joints` (n,) rad; whatever halted it is over. It waits for the first setpoint.

        Raises:
            ActionError: it stands outside of its limits; it stays halted.
        """
        self._motion.begin(np.asarray(joints, np.float64))
        self._course = Course(1.0 / self.beat.setpoint_hz)
        self._newest: tuple[Floats, Floats] | None = None
        self._last = self._motion.state.position
        self._heard_s, self.halted = None, None

    def hear(self, setpoint: ArrayLike, now_s: float) -> None:
        """The newest setpoint (n,) rad, for one period of setpoints from the next command, which plans for it."""
        if self.halted is not None:
            return
        limits, target = self._envelope.motion, np.asarray(setpoint, np.float64)
        if target.shape != (limits.dof,) or not np.isfinite(target).all():
            self.halt("not_finite", now_s)
        elif not self._is_in_reach(target):
            self.halt("limit", now_s)
        else:
            velocity = self._course.go_to(target, self._motion.state.position, going_on=True)
            self._newest = np.clip(target, *limits.position.T), velocity
            self._last, self._heard_s = target, now_s

    def feel(self, wrench: ArrayLike, now_s: float) -> None:
        """The newest wrench (6,), N and N m."""
        force_n = float(np.linalg.norm(np.asarray(wrench, np.float64)[:3]))
        if not np.isfinite(force_n):
            self.halt("not_finite", now_s)
        elif force_n > self._envelope.max_force_n:
            self.halt("force", now_s)

    def command(self, now_s: float) -> Floats:
        """The next command (n,) rad, one period after the last one; called once a period."""
        if self._heard_s is not None and now_s - self._heard_s > self.beat.heartbeat_s:
            self.halt("heartbeat", now_s)
        if self.halted is not None or self._heard_s is None:
            self._motion.brake()
            return self._motion.state.position
        if self._newest is not None:
            self._motion.pursue(*self._newest, 1.0 / self.beat.setpoint_hz)
            self._newest = None
        self._motion.step()
        return self._motion.state.position

    @property
    def dof(self) -> int:
        return self._envelope.motion.dof

    @property
    def is_at_rest(self) -> bool:
        return self._motion.is_at_rest

    def halt(self, why: str, now_s: float) -> None:
        """Come to rest, for one of `REASONS`; the first one stays."""
        self.halted = self.halted or Halt(why, now_s)

    def _is_in_reach(self, target: Floats) -> bool:
        """Whether the arm may be there, and setpoints could have come there in the longest silence that is borne.

        From the setpoint before, not from the arm, which lags behind setpoints that speed up as hard as it may itself.
        """
        limits, space = self._envelope.motion, self._envelope.workspace
        near = (np.abs(target - self._last) <= limits.velocity * self.beat.heartbeat_s).all()
        return bool(near and limits.hold(target) and (space is None or space.holds(target)))
