"""Metered: a policy around a policy that counts what it does and changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from millwright.core.clock import Clock
from millwright.core.errors import MillwrightError
from millwright.core.features import Observation
from millwright.core.policy import Action, Policy, Wrapper
from millwright.serving.fallback import DRIVES
from millwright.serving.limiter import KINDS
from millwright.serving.robot_metrics import DRIVERS, RobotMetrics, name_reason


class Metered(Wrapper):
    """Plays a policy and tells `metrics` what came of each tick. It belongs around limiter and fallback.

    Args:
        policy: who drives; its plans show the time since `reset` at which they were observed.
        clock: tells that time.
        real_hz: ticks a second where the robot does not wait for its policy, so that frames can be dropped. None: time
            stands still while the policy thinks, as in a simulation.
        now: seconds, of real time.

    Raises:
        OptionError: the policy is privileged: those are no robots' policies.
    """

    def __init__(
        self,
        policy: Policy,
        metrics: RobotMetrics,
        clock: Clock,
        real_hz: float | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(policy)
        self._metrics, self._clock, self._real_hz, self._now = metrics, clock, real_hz, now
        self._begin()

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._clock.restart()
        self._begin()

    def act(self, observation: Observation) -> Action:
        since_reset_s, began_s = self._clock.tick(), self._now()
        self._count_drops(began_s)
        try:
            action = self._policy.act(observation)
        except MillwrightError as error:
            self._metrics.errors.labels(type(error).__name__).inc()
            raise
        finally:
            self._metrics.act.observe(self._now() - began_s)
            self._count_events()
        self._metrics.ticks.labels(self._driver).inc()
        self._look_at_plan(since_reset_s)
        return action

    def _begin(self) -> None:
        self._driver = DRIVERS[DRIVES]
        self._events = 0
        self._acted_s: float | None = None
        self._observed_s: float | None = None

    def _count_drops(self, now_s: float) -> None:
        """Observations are there at the control rate, and each tick sees the newest."""
        if self._real_hz is not None and self._acted_s is not None:
            self._metrics.frame_drops.inc(max(0, round((now_s - self._acted_s) * self._real_hz) - 1))
        self._acted_s = now_s

    def _count_events(self) -> None:
        """Of this tick: they are in order, so those before it were counted."""
        events = self._policy.events
        for event in events[self._events :]:
            if KINDS.get(event.why) == event.what:
                self._metrics.interventions.labels(event.what, event.why).inc()
            elif event.what in DRIVERS:
                self._driver = DRIVERS[event.what]
                self._metrics.switches.labels(self._driver, name_reason(event.why)).inc()
        self._events = len(events)

    def _look_at_plan(self, now_s: float) -> None:
        plan = self._policy.plan
        if plan is None:
            return
        self._metrics.age.observe(max(0.0, now_s - plan.observed_at_s))
        if plan.observed_at_s == self._observed_s:
            return
        self._observed_s = plan.observed_at_s
        if plan.confidence is not None:
            self._metrics.confidence.observe(plan.confidence)
        for stage, took_s in plan.timings.items():
            self._metrics.stages.labels(stage).observe(took_s)
