"""LimitedMotion: setpoints of joints that never leave their limits, whatever they are sent after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from millwright.core.errors import ActionError, import_extra
from millwright.geometry.poses import Floats
from millwright.robots.limits import MotionLimits

LOOK_S = 0.04
"""So often on a way to rest it is asked whether the arm may be there, or each period, where that is longer."""
SHARES = (0.8, 0.6, 0.4, 0.2, 0.0)
"""Of a velocity that is wanted at a target, where all of it would cost time."""
STILL_S = 1e-4
"""That long before it rests, an arm is at rest but for rounding."""


class State(NamedTuple):
    """Of n joints: rad, rad/s, rad/s^2."""

    position: Floats
    velocity: Floats
    acceleration: Floats


class Course:
    """Targets as they come, one every `period_s`, and how fast to go through the newest."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._steps: list[Floats] = []
        self._last: Floats | None = None

    def go_to(self, target: Floats, start: Floats, going_on: bool) -> Floats:
        """The velocity at `target` (n,), rad/s, of targets that began at `start` (n,).

        Args:
            going_on: as they go on, from the last three of them; else as they came to it, from the last two.
        """
        step = target - (start if self._last is None else self._last)
        self._steps, self._last = [*self._steps, step][-2:], target
        velocity: Floats = (1.5 * step - 0.5 * self._steps[0] if going_on else step) / self._period_s
        return velocity


class LimitedMotion:
    """Follows targets with limited velocity, acceleration and jerk, one setpoint a period.

    A step is taken only if the arm could come to rest from where it leads, within its positions and wherever else it
    has to stay; else it goes on along the way to rest that was found with the step before. So there always is one.
    Ruckig (Berscheid and Kroeger 2021) plans both ways, from one state to another: waypoints, which it would send to
    a server, are never used.

    Args:
        limits: of n joints.
        period_s: from one setpoint to the next.
        allows: whether the arm may be where its joints (n,) would put it.

    Raises:
        MissingExtraError: Ruckig is not installed.
    """

    def __init__(
        self, limits: MotionLimits, period_s: float, allows: Callable[[Floats], bool] = lambda joints: True
    ) -> None:
        self.limits, self.period_s, self._allows = limits, period_s, allows
        self._ruckig = import_extra("ruckig", "serving")
        self._planner = self._ruckig.Ruckig(limits.dof)
        self._going, self._stopping = self._make_input(), self._make_input()
        self._stopping.control_interface = self._ruckig.ControlInterface.Velocity
        self._stopping.synchronization = self._ruckig.Synchronization.No  # every joint as soon as it can
        self._stopping.target_velocity = [0.0] * limits.dof
        self.begin(limits.position.mean(axis=1), check=False)

    def begin(self, joints: Floats, check: bool = True) -> None:
        """The arm stands there, (n,) rad.

        Raises:
            ActionError: outside of the limits, or where it may not be.
        """
        position = np.array(joints, np.float64)
        if check and not self.limits.hold(position):
            low, high = self.limits.position.T
            raise ActionError(f"the arm stands at {position} rad; its limits are {low} to {high}: move it there first")
        if check and not self._allows(position):
            raise ActionError(f"the arm stands at {position} rad, outside of its workspace: move it in there first")
        zero = np.zeros_like(position)
        self.state = State(np.clip(position, *self.limits.position.T), zero, zero)
        self._rest: Any = self._plan_rest(self.state)
        self._resting_s = 0.0
        self._target = self.state.position
        self._ways: list[Any] = []

    def aim(self, target: Floats, velocity: Floats, within_s: float) -> None:
        """Be at `target` (n,) rad with `velocity` (n,) rad/s in `within_s` or as soon as can be; then stop there.

        Where that velocity leads out of where the arm may be, the arm is to stop at `target` at once.
        """
        self._target = target
        self._set_out([self._limit_velocity(velocity, within_s), np.zeros_like(velocity)], within_s)

    def pursue(self, target: Floats, velocity: Floats, within_s: float) -> None:
        """As `aim`, but who cannot be there in that time is there as soon as can be, with a share of that velocity.

        From close behind a target, its whole velocity is had by a run-up only, away from it.
        """
        self.aim(target, velocity, within_s)
        if not self._ways or self._ways[0].duration < within_s + self.period_s:
            return
        most = self._limit_velocity(velocity, within_s)
        slower = (self._plan_going(share * most, within_s) for share in SHARES)
        ways = [self._ways[0], *(way for way in slower if way is not None)]
        self._ways = [min(ways, key=lambda way: float(way.duration)), *self._ways[1:]]

    def step(self) -> str:
        """One period towards the aim.

        Gives what kept the arm from going there: `position`, `workspace`, or nothing: then it did as `brake` does.
        """
        if self._ways and self._gone_s > self._ways[0].duration - self.period_s / 2:
            self._set_out([np.zeros_like(self._target)], self.period_s)
        self._gone_s += self.period_s
        obstacle = "position"
        for way in self._ways:
            state = self._find_state(way, self._gone_s)
            rest = self._plan_rest(state)
            obstacle = "position" if rest is None else self._find_obstacle(state, rest)
            if not obstacle:
                self.state, self._rest, self._resting_s, self._ways = state, rest, 0.0, [way]
                return ""
        self.brake()
        self._set_out([np.zeros_like(self._target)], self.period_s)
        return obstacle

    def brake(self) -> None:
        """One period on the way to rest; at rest, stay there. What was aimed at has to be aimed at anew."""
        # after its end Ruckig goes on with what rounding left of the speed: an arm at rest would creep
        self._resting_s = min(self._resting_s + self.period_s, self._rest.duration)
        self.state = self._find_state(self._rest, self._resting_s)
        self._ways = []

    @property
    def is_at_rest(self) -> bool:
        return float(self._rest.duration) - self._resting_s < STILL_S

    # ---------------------------------------------------------------- planning

    def _set_out(self, velocities: list[Floats], within_s: float) -> None:
        """Find ways to the target from here, the one to be preferred first."""
        ways = (self._plan_going(velocity, within_s) for velocity in velocities)
        self._ways, self._gone_s = [way for way in ways if way is not None], 0.0

    def _limit_velocity(self, velocity: Floats, within_s: float) -> Floats:
        """What of it can be had in that time: a jump of targets is no speed to arrive with."""
        change = self.limits.acceleration * within_s
        reached = np.clip(velocity, self.state.velocity - change, self.state.velocity + change)
        return np.clip(reached, -self.limits.velocity, self.limits.velocity)

    def _plan_going(self, velocity: Floats, within_s: float) -> Any | None:
        self._going.target_position, self._going.target_velocity = self._target.tolist(), velocity.tolist()
        self._going.minimum_duration = within_s
        return self._plan(self._going, self.state)

    def _plan_rest(self, state: State) -> Any | None:
        return self._plan(self._stopping, state)

    def _plan(self, wanted: Any, state: State) -> Any | None:
        """The trajectory; None where Ruckig finds none."""
        wanted.current_position = state.position.tolist()
        wanted.current_velocity = state.velocity.tolist()
        wanted.current_acceleration = state.acceleration.tolist()
        trajectory = self._ruckig.Trajectory(self.limits.dof)
        try:
            result = self._planner.calculate(wanted, trajectory)
        except self._ruckig.RuckigError:
            return None
        return trajectory if result in (self._ruckig.Result.Working, self._ruckig.Result.Finished) else None

    def _find_state(self, trajectory: Any, time_s: float) -> State:
        """The state then, rounding errors taken off: Ruckig refuses to start beyond a limit."""
        position, velocity, acceleration = (np.array(values) for values in trajectory.at_time(time_s))
        fastest, hardest = self.limits.velocity, self.limits.acceleration
        return State(position, np.clip(velocity, -fastest, fastest), np.clip(acceleration, -hardest, hardest))

    def _find_obstacle(self, state: State, rest: Any) -> str:
        """What is in the way of coming to rest from `state`; nothing if it can."""
        extremes = np.array([(bound.min, bound.max) for bound in rest.position_extrema])
        inside = self.limits.hold(state.position) and self.limits.hold(extremes[:, 0])
        if not inside or not self.limits.hold(extremes[:, 1]):
            return "position"
        times_s = np.append(np.arange(0.0, rest.duration, max(self.period_s, LOOK_S)), rest.duration)
        way = (np.array(rest.at_time(time_s)[0]) for time_s in times_s)  # braking takes the arm to these very places
        return "" if all(map(self._allows, way)) else "workspace"

    def _make_input(self) -> Any:
        made = self._ruckig.InputParameter(self.limits.dof)
        made.max_velocity = self.limits.velocity.tolist()
        made.max_acceleration = self.limits.acceleration.tolist()
        made.max_jerk = self.limits.jerk.tolist()
        return made
