"""Hand-written facts of lifts: object 0 is the target, object 1 another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from millwright.core.facts import GraspFacts

HZ = 15
UP = np.array([0.0, 0.0, 1.0])
BY_BOTH_PADS = np.array([[True, True], [False, False]])
BY_NONE = np.zeros((2, 2), dtype=bool)


def make_facts(tick: int, height: float, **changes) -> GraspFacts:
    """A good grasp of object 0 at `height`; the hand is where the object is."""
    positions = np.array([[0.5, 0.0, 0.012 + height], [0.6, 0.1, 0.012]])
    facts = GraspFacts(
        names=("red", "blue"),
        target=0,
        time_s=tick / HZ,
        positions=positions,
        orientations=np.tile([1.0, 0, 0, 0], (2, 1)),
        velocities=np.zeros((2, 3)),
        pad_contacts=BY_BOTH_PADS,
        hand_pose=np.array([*positions[0], 0, 1, 0, 0]),
        hand_velocity=np.zeros(3),
        wrist_position=positions[0] + 0.19 * UP,
        joint_positions=np.zeros(6),
        opening_m=0.031,
        opening_speed=0.0,
        max_opening_m=0.05,
        robot_collision=False,
        max_contact_force_n=3.0,
        max_penetration_m=0.0005,
    )
    return replace(facts, **changes)


def make_free(tick: int, height: float, speed: float = 0.0, **changes) -> GraspFacts:
    """Object 0 at `height`, rising at `speed` (m/s), the open hand above it."""
    away = {"pad_contacts": BY_NONE, "opening_m": 0.05, "hand_pose": np.array([0.5, 0.0, 0.3, 0, 1, 0, 0])}
    return make_facts(tick, height, velocities=np.array([speed * UP, 0 * UP]), **{**away, **changes})


def make_lift(ticks: int = 12, height: float = 0.12, **changes) -> list[GraspFacts]:
    """The object lies, is grasped, lifted and held up for `ticks`, with `changes` while it is up."""
    lying = [make_free(0, 0.0), make_free(1, 0.0)]
    rising = [make_facts(tick, 0.04 * tick - 0.08) for tick in range(2, 5)]
    return [*lying, *rising, *(make_facts(tick, height, **changes) for tick in range(5, 5 + ticks))]


def move(index: int, delta: tuple[float, float, float]) -> np.ndarray:
    """Positions (2, 3) as in a lift that is up, one object moved."""
    positions = make_facts(0, 0.12).positions.copy()
    positions[index] += delta
    return positions
