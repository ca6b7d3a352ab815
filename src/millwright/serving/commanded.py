"""Commanded: a policy around a limiter whose joints a command loop sends to the arm, in real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from millwright.core.features import Observation
from millwright.core.policy import Action, Event, Policy, Wrapper
from millwright.serving.command_loop import CommandLoop, Halted
from millwright.serving.limiter import STATE
from millwright.serving.limiter import WRENCH as OBSERVED_WRENCH
from millwright.serving.simulated_arm import SimulatedArm

HALTED = "halted"


class Commanded(Wrapper):
    """Plays a policy and sends its joints to a command loop, tick by tick; a halt of the loop is latched until `reset`.

    The loop lives in real time, and so must whoever plays: with a simulated arm a tick ends when it would in reality,
    and its action is where the loop has brought the arm by then. A real robot keeps that pace by itself; its arm is
    moved by the loop alone, and the action says what the loop was told. Once halted, the policy is asked no more, and
    the arm stays where it comes to rest.

    Args:
        policy: gives joint targets (n,), rad, and what follows them, within limits: a `Limiter`.
        start_loop: called once, at the first tick, when it is known where the arm stands.
        rate_hz: ticks a second.
        arm: the simulated one that `start_loop` commands; None for a real one.
        count_halt: told of each halt once, as it is noticed.

    Raises:
        OptionError: the policy is privileged.
    """

    def __init__(
        self,
        policy: Policy,
        start_loop: Callable[[], CommandLoop],
        rate_hz: float,
        arm: SimulatedArm | None = None,
        count_halt: Callable[[Halted], None] = lambda halted: None,
    ) -> None:
        super().__init__(policy)
        self._start_loop, self._period_s, self._arm, self._count_halt = start_loop, 1.0 / rate_hz, arm, count_halt
        self._loop: CommandLoop | None = None
        self._due_s = 0.0
        self._begin()

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._begin()

    def act(self, observation: Observation) -> Action:
        """Where the arm is to be at the end of this tick.

        Raises:
            ServiceError: at the first tick the arm is outside of its limits; or the loop has ended.
        """
        self._tick += 1
        self._due_s = max(self._due_s + self._period_s, time.monotonic())
        loop = self._start(observation) if self._tick == 0 or self._loop is None else self._loop
        self._show(observation)
        self._look(loop)
        if self.halted is None:
            self._asked = np.asarray(self._policy.act(observation), np.float64)
            loop.send(self._asked[: loop.dof])
        if self._arm is not None:
            time.sleep(max(0.0, self._due_s - time.monotonic()))
        self._look(loop)
        joints = self._asked if self.halted is None else np.asarray(observation[STATE], np.float64)
        place = joints[: loop.dof] if self._arm is None else self._arm.sent
        return np.concatenate((place, self._asked[loop.dof :]), dtype=np.float32)

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(sorted((*super().events, *self._events), key=lambda event: event.tick))

    def metrics(self) -> Mapping[str, float]:
        return {**super().metrics(), "halts": float(len(self._events))}

    def close(self) -> None:
        super().close()
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    def _begin(self) -> None:
        self.halted: Halted | None = None
        """What halted the arm; None while nothing did."""
        self._events: list[Event] = []
        self._tick = -1

    def _start(self, observation: Observation) -> CommandLoop:
        """The loop, begun where the arm stands."""
        self._asked = np.asarray(observation[STATE], np.float64)
        self._show(observation)
        if self._loop is None:
            self._loop = self._start_loop()
        else:
            self._loop.reset()
        if self._arm is not None:
            self._arm.stand()
        self._due_s = time.monotonic() + self._period_s
        return self._loop

    def _show(self, observation: Observation) -> None:
        if self._arm is not None:
            self._arm.show(observation[STATE][: self._arm.dof], observation.get(OBSERVED_WRENCH))

    def _look(self, loop: CommandLoop) -> None:
        """Take note of a halt, once."""
        if self.halted is None and (halted := loop.halted) is not None:
            self.halted = halted
            self._events.append(Event(self._tick, HALTED, halted.why))
            self._count_halt(halted)
