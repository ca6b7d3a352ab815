"""Twelve coloured bricks in front of a UR5e: somebody points at one, the arm picks it."""

from millwright.envs.brick_table.env import BrickTableEnv
from millwright.envs.brick_table.options import BrickTableOptions
from millwright.envs.brick_table.viewer import BrickTableViewer

__all__ = ["BrickTableEnv", "BrickTableOptions", "BrickTableViewer"]
