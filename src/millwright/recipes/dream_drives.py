"""Drives that world models learn from: a track each, given up where nothing comes any more; and who can dream."""

from __future__ import annotations

from typing import Any

import numpy as np

from millwright.catalog import make_judge
from millwright.core.errors import BudgetError, OptionError
from millwright.core.loop import play
from millwright.core.policy import Policy
from millwright.policies.bundle import Bundle
from millwright.policies.driving_pipeline import COST_A_RAW_STEP
from millwright.policies.latent_controller import LatentController
from millwright.processors.pipeline import Pipeline
from millwright.training.drives import SMALLEST_GAIN, Drive, make_drive

OPENING_TICKS = 12
"""In the first second CarRacing's camera comes down: what it shows till then is no road as it is later."""
STARTING_TICKS = 25
"""No drive is given up before that."""


def drive_track(
    env: Any, driver: Policy, track: int, pipeline: Pipeline, idle_ticks: int, labeller: Policy | None = None
) -> Drive | None:
    """One drive, until it ends, finds no tile for more than `idle_ticks` or spends the last step; None of too few.

    Args:
        labeller: the drive says that this one's actions were done.
    """
    seen, done, rewards, idle = [], [], [], 0
    space = env.action_space
    cost = COST_A_RAW_STEP * env.unwrapped.options.repeat
    try:
        for step in play(env, driver, make_judge("car-racing"), track, labeller):
            seen.append(step.observation)
            action = step.action if step.label is None else step.label.action
            done.append(np.clip(action, space.low, space.high))
            rewards.append(step.reward)
            idle = 0 if step.reward + cost > SMALLEST_GAIN else idle + 1
            if idle > idle_ticks and len(seen) > STARTING_TICKS:
                break
    except BudgetError:
        pass  # what was driven so far is as good as any
    if len(seen) < OPENING_TICKS + 3:
        return None
    return make_drive(seen, done[:-1], rewards[:-1], pipeline, cost).skip(OPENING_TICKS)


def need_network(bundle: Bundle) -> LatentController:
    """The bundle's network.

    Raises:
        OptionError: it is of another kind, and dreams nothing.
    """
    network = bundle.network
    if not isinstance(network, LatentController):
        raise OptionError(f"only latent controllers dream; this bundle holds a {type(network).__name__}")
    return network
