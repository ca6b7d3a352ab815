"""Inverse kinematics from far away, by `mink`; hot loops use `Chain.step_towards`."""

from __future__ import annotations

import mink
import mujoco
import numpy as np
from numpy.typing import ArrayLike

from millwright.core.errors import MillwrightError
from millwright.geometry.poses import Floats


class UnreachableError(MillwrightError):
    """No posture within the joint limits reaches the pose."""


def solve_posture(
    model: mujoco.MjModel,
    site: str,
    target: Floats,
    start: ArrayLike,
    tolerance_m: float = 1e-4,
    max_iterations: int = 200,
) -> Floats:
    """Joint positions (nq,) at which `site` of `model` has the pose `target` (4, 4), searched from `start` (nq,).

    Raises:
        UnreachableError: the search ended more than `tolerance_m` or 1 mrad away.
    """
    configuration = mink.Configuration(model, np.array(start, dtype=np.float64))
    frame = mink.FrameTask(site, "site", position_cost=1.0, orientation_cost=1.0, lm_damping=1e-6)
    frame.set_target(mink.SE3.from_matrix(target))
    limits = [mink.ConfigurationLimit(model)]
    error = np.full(6, np.inf)
    for _ in range(max_iterations):
        error = frame.compute_error(configuration)
        if np.abs(error[:3]).max() < tolerance_m and np.abs(error[3:]).max() < 1e-3:
            return np.array(configuration.q)
        velocity = mink.solve_ik(configuration, [frame], 0.1, "daqp", limits=limits)
        configuration.integrate_inplace(velocity, 0.1)
    raise UnreachableError(
        f"no posture puts {site!r} at {np.round(target[:3, 3], 3).tolist()} m; "
        f"the nearest found is {1000 * np.abs(error[:3]).max():.1f} mm away"
    )
