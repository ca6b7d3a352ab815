"""What gymnasium makes of features, and actions as features declare them."""

from __future__ import annotations

import string
from typing import Any

import gymnasium
import numpy as np

from millwright.core.errors import ActionError
from millwright.core.features import Feature, Features
from millwright.envs.mujoco.rendering import DEPTH_REACH_M
from millwright.geometry.poses import Floats


def make_observation_space(features: Features) -> gymnasium.spaces.Dict:
    """What gymnasium makes of these features."""
    spaces: dict[str, gymnasium.spaces.Space[Any]] = {}
    for feature in features.values():
        if feature.is_text:
            spaces[feature.name] = gymnasium.spaces.Text(
                100, charset=string.ascii_letters + string.digits + string.punctuation + " "
            )
        elif feature.is_image:
            spaces[feature.name] = gymnasium.spaces.Box(0, 255, feature.shape, np.uint8)
        elif feature.is_depth:
            spaces[feature.name] = gymnasium.spaces.Box(0, DEPTH_REACH_M, feature.shape, np.float32)
        else:
            spaces[feature.name] = gymnasium.spaces.Box(-np.inf, np.inf, feature.shape, np.float32)
    return gymnasium.spaces.Dict(spaces)


def take_action(action: Any, feature: Feature) -> Floats:
    """An action as the feature declares it, as numbers of double precision.

    Raises:
        ActionError: it is not finite, has the wrong shape, or is made of something else than numbers.
    """
    try:
        given = np.ma.filled(action, np.nan) if isinstance(action, np.ma.MaskedArray) else np.asarray(action)
        command = given.astype(np.float64) if given.dtype.kind in "fiub" else np.empty(0)
    except (OverflowError, TypeError, ValueError):
        command = np.empty(0)
    if command.shape != feature.shape or not np.isfinite(command).all():
        raise ActionError(f"an action is {feature.shape} finite numbers ({', '.join(feature.names)}); got {action!r}")
    return command
