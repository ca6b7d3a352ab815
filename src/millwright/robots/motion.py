"""From a joint target a tick to a stream of setpoints that joints can follow, and how hard that stream drives them."""

from __future__ import annotations

import numpy as np

from millwright.geometry.poses import Floats


class JointMotion:
    """Moves setpoints towards targets, no faster than joints may move and speed up.

    Over a tick velocities change towards those that would reach the target at the tick's end, as far as the limit of
    acceleration lets them. All joints but the last change in proportion, so that the hand stays on its way; the last
    one, which only turns the tool, is not waited for. Targets come every tick, so none is planned to be stopped at:
    whoever gives them has to slow down in time, or the arm goes beyond.

    Args:
        period_s: from one setpoint to the next.
        speed_limit: rad/s, of every joint.
        acceleration_limit: rad/s^2, of every joint.
    """

    def __init__(self, period_s: float, speed_limit: float, acceleration_limit: float) -> None:
        self._period_s, self._speed_limit, self._acceleration_limit = period_s, speed_limit, acceleration_limit
        self.stop()

    def stop(self) -> None:
        """Forget what was moving."""
        self._velocity: Floats | float = 0.0

    def follow(self, start: Floats, target: Floats, count: int) -> Floats:
        """The next `count` setpoints (count, dof), rad, from the last one, `start` (dof,), towards `target` (dof,)."""
        velocity = np.clip((target - start) / (count * self._period_s), -self._speed_limit, self._speed_limit)
        change = velocity - self._velocity
        needed = np.abs(change) / (self._acceleration_limit * self._period_s)  # setpoints until the velocity is reached
        needed[:-1] = needed[:-1].max()
        shares = np.minimum(np.arange(1, count + 1)[:, None] / np.maximum(needed, 1e-9), 1.0)
        velocities = self._velocity + shares * change
        self._velocity = velocities[-1]
        setpoints: Floats = start + np.cumsum(velocities, axis=0) * self._period_s
        return setpoints


class Peaks:
    """Greatest speed (rad/s) and acceleration (rad/s^2) of any joint in a stream of setpoints, by their differences."""

    def __init__(self, period_s: float, start: Floats) -> None:
        self._period_s = period_s
        self._last = np.stack([start, start])
        self._worst = (0.0, 0.0)

    def see(self, setpoints: Floats) -> None:
        """The next setpoints, (n, dof) rad."""
        stream = np.concatenate([self._last, setpoints])
        velocities = np.diff(stream, axis=0) / self._period_s
        speed, acceleration = self._worst
        self._worst = (
            max(speed, float(np.abs(velocities[1:]).max())),
            max(acceleration, float(np.abs(np.diff(velocities, axis=0)).max()) / self._period_s),
        )
        self._last = stream[-2:]

    def take(self) -> tuple[float, float]:
        """Speed and acceleration, the worst since the last call."""
        worst, self._worst = self._worst, (0.0, 0.0)
        return worst
