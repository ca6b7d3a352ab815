"""Gymnasium's CarRacing as a task: one lap, seen by a camera above the car, with the instruments read from its bar."""

from millwright.envs.car_racing.env import CarRacingEnv
from millwright.envs.car_racing.options import CarRacingOptions

__all__ = ["CarRacingEnv", "CarRacingOptions"]
