"""Facts: the truth of one tick, reported by an environment. Only judges and experts receive them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import FeatureError
from millwright.core.features import Feature, Features

Floats = NDArray[np.float64]
OF_OBJECTS = ("positions", "orientations", "velocities", "pad_contacts", "half_sizes", "colours")
"""Facts that have a row for each object."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What all facts share: they are equal when every value is, and survive a dataset."""

    later: ClassVar[tuple[str, ...]] = ()
    """What older recordings lack."""

    def __eq__(self, other: object) -> bool:
        """Every value is the same."""
        return isinstance(other, type(self)) and all(
            np.array_equal(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """`facts.*` arrays for a dataset; names are kept with the features."""
        rows = {f.name: np.atleast_1d(np.asarray(getattr(self, f.name))) for f in fields(self) if f.name != "names"}
        return {f"facts.{name}": value.astype(_disk_dtype(value)) for name, value in rows.items() if value.size}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], names: tuple[str, ...] = ()) -> Self:
        """The inverse of `to_arrays`, to judge a recording again.

        Args:
            names: of the objects, where there are any.

        Raises:
            FeatureError: an array is missing.
        """
        needed = {f"facts.{f.name}" for f in fields(cls) if f.name not in ("names", *cls.later)}
        if missing := needed - set(arrays):
            raise FeatureError(f"what is needed to judge again is missing: {', '.join(sorted(missing))}")
        values: dict[str, Any] = {}
        for f in fields(cls):
            if f.name == "names":
                values["names"] = names
            elif f.name not in cls.later or f"facts.{f.name}" in arrays:
                array = np.asarray(arrays[f"facts.{f.name}"])
                scalar = f.type in ("int", "float", "bool")
                values[f.name] = array.reshape(-1)[0].item() if scalar else array
        return cls(**values)


@dataclass(frozen=True, eq=False)
class GraspFacts(Facts):
    """Objects, hand and contacts of a grasping task; n objects, base frame, SI units."""

    later: ClassVar = ("half_sizes", "colours")

    names: tuple[str, ...]
    target: int
    """Index of the object to be lifted."""
    time_s: float
    positions: Floats  # (n, 3) m, centres
    orientations: Floats  # (n, 4) wxyz
    velocities: Floats  # (n, 3) m/s, linear
    pad_contacts: NDArray[np.bool_]  # (n, 2) touches the left, the right pad
    hand_pose: Floats  # (7,) fingertip midpoint: xyz m, wxyz
    hand_velocity: Floats  # (3,) m/s
    wrist_position: Floats  # (3,) m, flange
    joint_positions: Floats  # (dof,) rad
    opening_m: float
    opening_speed: float  # m/s, negative: closing
    max_opening_m: float
    robot_collision: bool
    """The robot touches the table, itself, or anything with a part that is not a finger."""
    max_contact_force_n: float
    max_penetration_m: float
    half_sizes: Floats = field(default_factory=lambda: np.zeros((0, 3)))  # (n, 3) m, along own axes; (0, 3): not told

    @property
    def target_name(self) -> str:
        return self.names[self.target]

    def features(self) -> Features:
        """Features of `to_arrays`."""
        names = {f"facts.{name}" for name in OF_OBJECTS}
        return Features(
            *(
                Feature(name, value.shape, str(value.dtype), names=self.names if name in names else ())
                for name, value in self.to_arrays().items()
            )
        )


@dataclass(frozen=True, eq=False)
class PlaceFacts(GraspFacts):
    """What is known of a grasping task in which things are put into a tray, too."""

    tray: Floats = field(kw_only=True)  # (2, 3) m: lowest and highest corner of the space within its walls
    joint_speed: float = field(kw_only=True)  # rad/s: the greatest of any joint's setpoints since the last tick
    joint_acceleration: float = field(kw_only=True)  # rad/s^2: likewise


SHAPES = ("cube", "ball", "cylinder")
"""Of objects to be lifted; the axis of a cylinder is its z axis."""


@dataclass(frozen=True, eq=False)
class LiftFacts(GraspFacts):
    """What is known of a grasping task whose objects are not all boxes, too."""

    shapes: NDArray[np.int64] = field(kw_only=True)  # (n,) of SHAPES
    colours: Floats = field(kw_only=True, default_factory=lambda: np.zeros((0, 4)))
    """(n, 4) RGB and opacity, 0 to 1, 0 for what is put aside; (0, 4): not told."""


@dataclass(frozen=True, eq=False)
class DrivingFacts(Facts):
    """A car on its track. In its frame x points ahead and y to the left; in the world's the start is anywhere."""

    time_s: float
    raw_steps: int
    """Steps of the physics since the start; a tick holds an action for several."""
    reward: float
    """The environment's own, of the tick that led here."""
    total_reward: float
    tiles: int
    """Of the road that were visited."""
    num_tiles: int
    idle_ticks: int
    """Ticks since a tile was visited for the first time."""
    position: Floats  # (2,) m, world
    heading_rad: float  # of the world, 0 along x, growing to the left
    velocity: Floats  # (2,) m/s, car
    yaw_rate: float  # rad/s, positive to the left
    steering_rad: float  # of the front wheels, positive to the left
    wheel_speeds: Floats  # (4,) rad/s: front left and right, rear left and right
    wheels_on_road: NDArray[np.bool_]  # (4,)
    action: Floats  # (3,) that led here: steering (positive to the right), throttle, brake; 0 at the start
    line: Floats  # (20, 2) m, car: the middle of the road from the nearest tile on, one point a tile
    lap_finished: bool
    """Every tile was visited, or gymnasium's lap rule said so."""
    left_field: bool
    """The car drove off the edge of the world."""
    out_of_time: bool

    @property
    def speed_m_s(self) -> float:
        return float(np.linalg.norm(self.velocity))

    @property
    def on_road(self) -> bool:
        """A wheel at least touches the road."""
        return bool(self.wheels_on_road.any())

    @property
    def over(self) -> bool:
        """Nothing that is done from here on counts."""
        return self.lap_finished or self.left_field or self.out_of_time

    def features(self) -> Features:
        """Features of `to_arrays`."""
        return Features(*(Feature(name, value.shape, str(value.dtype)) for name, value in self.to_arrays().items()))


def restore_facts(arrays: dict[str, NDArray[Any]], names: tuple[str, ...]) -> Facts:
    """The inverse of `to_arrays`, of whatever kind the facts are.

    Raises:
        FeatureError: an array is missing.
    """
    told: dict[str, type[Facts]] = {
        "facts.num_tiles": DrivingFacts,
        "facts.tray": PlaceFacts,
        "facts.shapes": LiftFacts,
    }
    kind = next((kind for name, kind in told.items() if name in arrays), GraspFacts)
    return kind.from_arrays(arrays, names)


def _disk_dtype(value: NDArray[Any]) -> str:
    return {"b": "bool", "i": "int64", "f": "float64"}[value.dtype.kind]
