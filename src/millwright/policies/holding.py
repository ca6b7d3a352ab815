"""Holding: the action that keeps a robot where it is, while there is no plan to play."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from millwright.core.errors import ActionError
from millwright.core.features import Feature, Observation
from millwright.core.policy import Action

STATE = "observation.state"
Hold = Callable[[Observation, Action | None], Action]
"""(what is seen, the last action if there was one) -> the action that keeps the robot where it is."""


def is_place(action: Feature) -> bool:
    """Whether actions say where to be, so that one may be gone to more slowly: poses of the hand, or joints."""
    return action.name == "hand_target" or action.frame == "joints"


def hold_state(observation: Observation) -> Action:
    """For actions that are the state to be in."""
    return np.array(observation[STATE], np.float32)


def choose_hold(action: Feature) -> Hold:
    """How to stay by actions of this feature.

    Where they say where to be, that is the last one, or at first what is seen: the hand's pose and opening, or the
    state. Others are nothing: no motion of the hand and the gripper as it is, no pedal. Whose frame is not told are
    taken for states where they have a state's shape.
    """

    def hold(observation: Observation, last: Action | None) -> Action:
        is_state = action.name != "hand_motion" and np.shape(observation.get(STATE, ())) == action.shape
        if not (is_place(action) or is_state):
            return np.zeros(action.shape, np.float32)
        if last is not None:
            return last
        state = hold_state(observation)
        if action.name == "hand_target":
            return np.concatenate((observation["observation.hand_pose"], state[-1:]), dtype=np.float32)
        if not is_state:
            raise ActionError(f"actions are {action.shape}, the state is {state.shape}: it does not say where to stay")
        return state

    return hold
