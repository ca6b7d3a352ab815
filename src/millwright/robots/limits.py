"""What an arm may be asked for: limits of its joints, a box for its hand, a force at its wrist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from millwright.core.errors import OptionError
from millwright.geometry.poses import Floats

EDGE = 1e-6
"""As much beyond a limit is rounding, rad or m: actions are single precision."""


@dataclass(frozen=True, eq=False)
class MotionLimits:
    """Limits of n joints, rad and s.

    Raises:
        OptionError: shapes that do not belong together, or limits that leave nothing.
    """

    position: Floats  # (n, 2) lowest, highest
    velocity: Floats  # (n,) either way, as are the following
    acceleration: Floats  # (n,)
    jerk: Floats  # (n,)

    def __post_init__(self) -> None:
        rates = (self.velocity, self.acceleration, self.jerk)
        if self.position.shape != (self.dof, 2) or any(rate.shape != (self.dof,) for rate in rates):
            shapes = [array.shape for array in (self.position, *rates)]
            raise OptionError(f"limits of n joints have the shapes (n, 2), (n,), (n,), (n,); got {shapes}")
        finite = all(np.isfinite(array).all() for array in (self.position, *rates))
        if not finite or (self.position[:, 0] >= self.position[:, 1]).any() or any((rate <= 0).any() for rate in rates):
            raise OptionError("limits are finite, the lowest position below the highest, and everything else above 0")

    @property
    def dof(self) -> int:
        return len(self.position)

    def hold(self, joints: Floats) -> bool:
        """Whether a joint position (n,) is finite and within the limits, but for rounding."""
        low, high = self.position.T
        return bool(np.isfinite(joints).all() and (joints >= low - EDGE).all() and (joints <= high + EDGE).all())


@dataclass(frozen=True, eq=False)
class Workspace:
    """A box, base frame, m, in which a point of the hand has to stay."""

    low: Floats  # (3,)
    high: Floats  # (3,)
    find_point: Callable[[Floats], Floats]
    """Forward kinematics: joints (n,) rad -> (3,) m."""

    def holds(self, joints: Floats) -> bool:
        """Whether the hand is in the box when the joints (n,) are there."""
        point = self.find_point(joints)
        return bool((point >= self.low - EDGE).all() and (point <= self.high + EDGE).all())


@dataclass(frozen=True, eq=False)
class Envelope:
    """Everything that an arm in its cell may be asked for."""

    motion: MotionLimits
    gripper: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    """(k, 2) lowest and highest of what follows the joints in an action, an opening (m) for example."""
    workspace: Workspace | None = None
    max_force_n: float = float("inf")
    """Of the observed wrench; more than that stops the arm."""
