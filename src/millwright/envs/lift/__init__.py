"""Lifting what an instruction names: robosuite's Lift, and the same table with several objects."""

from millwright.envs.lift.env import LiftEnv
from millwright.envs.lift.options import LiftChoiceOptions, LiftOptions

__all__ = ["LiftChoiceOptions", "LiftEnv", "LiftOptions"]
