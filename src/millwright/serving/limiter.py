"""Limiter: a policy around a policy that asks an arm for nothing beyond its limits. Not safety-rated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from millwright.core.clock import Clock, TickClock
from millwright.core.errors import ActionError, ExpiredPlanError
from millwright.core.features import Observation
from millwright.core.policy import Action, Event, Policy, Wrapper
from millwright.geometry.poses import Floats
from millwright.robots.limits import Envelope
from millwright.serving.motion import Course, LimitedMotion

LIMITED = ("position", "velocity", "acceleration", "jerk", "workspace", "gripper")
"""Why an action was changed."""
HELD = ("stale",)
"""Why the arm slows down and waits, until a plan comes that is young enough."""
STOPPED = ("force", "not_finite", "refused")
"""Why the arm slows down and stays, until the next `reset`."""
KINDS = {**dict.fromkeys(LIMITED, "limited"), **dict.fromkeys(HELD, "held"), **dict.fromkeys(STOPPED, "stopped")}
SLACK_RAD, SLACK_GRIPPER = 1e-4, 1e-3
"""What an action is changed by at most without being called limited: rad; m of an opening."""
STATE, WRENCH = "observation.state", "observation.wrench"


class Limiter(Wrapper):
    """Plays a policy whose actions are joint targets, and asks for no more than `envelope` allows.

    From tick to tick the joints' setpoints keep to their limits of position, velocity, acceleration and jerk, and can
    always come to rest within positions and workspace. What cannot be had at once is gone after. An observed force
    above the limit, an action or wrench that is not finite, or one that the policy itself refuses stops the arm until
    `reset`; a plan older than its expiry holds it until there is a younger one.

    The arm is taken to stand still, where the first observation finds it, when an episode begins.

    Args:
        policy: gives joint targets (n,), rad, for the end of the tick, and what follows them (a gripper's opening).
        envelope: what may be asked for.
        rate_hz: ticks a second.
        clock: tells plans' age; a tick each `1 / rate_hz` unless another is given.

    Raises:
        OptionError: the policy is privileged: what it is shown would pass by the limiter.
    """

    def __init__(self, policy: Policy, envelope: Envelope, rate_hz: float, clock: Clock | None = None) -> None:
        super().__init__(policy)
        self._envelope, self._period_s = envelope, 1.0 / rate_hz
        self._clock = clock or TickClock(rate_hz)
        space = envelope.workspace
        self._motion = LimitedMotion(envelope.motion, self._period_s, *(() if space is None else (space.holds,)))
        self.reset(0)

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._clock.restart()
        self.stopped: str | None = None
        """Why the arm was stopped; None while it was not."""
        self._events: list[Event] = []
        self._tick = -1
        self._break_off()
        self._setpoints: list[Floats] = []

    def act(self, observation: Observation) -> Action:
        """Setpoints for the end of this tick.

        Raises:
            ActionError: at the first tick the arm is not within its limits, or its gripper's state is no number.
        """
        self._tick += 1
        now_s = self._clock.tick()
        if not self._setpoints:
            self._begin(np.array(observation[STATE], np.float64))
        if self.stopped is None:
            self._feel(observation)
        asked = None if self.stopped is not None else self._ask(observation, now_s)
        if asked is None:
            self._motion.brake()
            self._break_off()
        else:
            self._go(asked[: self._dof])
            self._grip(asked[self._dof :])
        self._setpoints = [*self._setpoints[-2:], self._motion.state.position]
        done: Action = np.concatenate((self._motion.state.position, self._gripper), dtype=np.float32)
        self._policy.tell_done(done)
        return done

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(sorted((*super().events, *self._events), key=lambda event: event.tick))

    def metrics(self) -> Mapping[str, float]:
        """Ticks by what was done in them and why, and in all; zeros too, so that means are over all episodes."""
        counts = Counter(event.why for event in self._events)
        ticks = len({event.tick for event in self._events})
        by_reason = {f"{kind}_{why}": float(counts[why]) for why, kind in KINDS.items()}
        return {**super().metrics(), "interventions": float(ticks), **by_reason}

    # ---------------------------------------------------------------- one tick

    def _break_off(self) -> None:
        """What is asked for next has nothing to do with what was asked for last."""
        self._course, self._lags = Course(self._period_s), False

    @property
    def _dof(self) -> int:
        return self._envelope.motion.dof

    def _begin(self, state: Floats) -> None:
        self._motion.begin(state[: self._dof])
        opening = state[self._dof :][: len(self._envelope.gripper)]
        if not np.isfinite(opening).all():
            raise ActionError(f"the gripper stands at {opening} m, which is no opening; look after its sensor first")
        self._gripper = np.clip(opening, *self._envelope.gripper.T)
        self._setpoints = [state[: self._dof]] * 3

    def _feel(self, observation: Observation) -> None:
        wrench = observation.get(WRENCH)
        if wrench is None:
            return
        force_n = float(np.linalg.norm(np.asarray(wrench, np.float64)[:3]))
        if not np.isfinite(force_n):
            self._note("not_finite")
        elif force_n > self._envelope.max_force_n:
            self._note("force")

    def _ask(self, observation: Observation, now_s: float) -> Floats | None:
        """What the policy wants; None if that must not be played."""
        try:
            asked = _read_numbers(self._policy.act(observation))
        except ExpiredPlanError:
            self._note("stale")
            return None
        except ActionError:
            self._note("refused")
            return None
        plan = self._policy.plan
        if asked.shape != (self._dof + len(self._envelope.gripper),):
            self._note("refused")
        elif not np.isfinite(asked).all():
            self._note("not_finite")
        elif plan is not None and now_s > plan.expires_at_s:
            self._note("stale")
        else:
            return asked
        return None

    def _go(self, asked: Floats) -> None:
        """One period after the joint targets (n,)."""
        target = np.clip(asked, *self._envelope.motion.position.T)
        # an arm that lags behind would swing about targets that its own place brings forth, were they continued
        velocity = self._course.go_to(target, self._motion.state.position, going_on=not self._lags)
        self._motion.aim(target, velocity, self._period_s)
        obstacle = self._motion.step()
        self._lags = bool(np.abs(self._motion.state.position - target).max() > SLACK_RAD)
        if np.abs(asked - target).max() > SLACK_RAD:
            self._note("position")
        elif obstacle:
            self._note(obstacle)
        elif self._lags:
            self._note(self._find_limit(target))

    def _find_limit(self, target: Floats) -> str:
        """The first derivative that would have been too great on the way from setpoint to setpoint to `target`."""
        limits, way = self._envelope.motion, np.stack([*self._setpoints, target])
        velocities = np.diff(way, axis=0) / self._period_s
        accelerations = np.diff(velocities, axis=0) / self._period_s
        if (np.abs(velocities[-1]) > limits.velocity).any():
            return "velocity"
        return "acceleration" if (np.abs(accelerations[-1]) > limits.acceleration).any() else "jerk"

    def _grip(self, asked: NDArray[np.float64]) -> None:
        self._gripper = np.clip(asked, *self._envelope.gripper.T)
        if (np.abs(self._gripper - asked) > SLACK_GRIPPER).any():
            self._note("gripper")

    def _note(self, why: str) -> None:
        kind = KINDS[why]
        if kind == "stopped":
            self.stopped = why
        self._events.append(Event(self._tick, kind, why))


def _read_numbers(action: object) -> Floats:
    """The action as an array.

    Raises:
        ActionError: it holds something else than numbers.
    """
    try:
        return np.array(action, np.float64)
    except (TypeError, ValueError) as error:
        raise ActionError(f"an action is numbers; got {action!r}") from error
