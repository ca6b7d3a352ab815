"""Driving: what a track is like, and what is worth a look in a lap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from millwright.core.facts import DrivingFacts
from millwright.geometry.poses import Floats
from millwright.judges.drive import DriveLimits

SHARP_RAD = 0.2
"""A bend that turns by more than this from tile to tile (3.5 m) is sharp."""


def find_track_properties(centre_line: Floats) -> Mapping[str, str | float]:
    """How long a track is and how it bends.

    Args:
        centre_line: (n, 2) m, a closed line, one point a tile.
    """
    steps = np.diff(np.vstack([centre_line, centre_line[:1]]), axis=0)
    headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    bends = np.diff(headings)
    return {
        "num_tiles": float(len(centre_line)),
        "length_m": round(float(np.linalg.norm(steps, axis=1).sum()), 1),
        "sharpest_bend_deg": round(float(np.degrees(np.abs(bends).max())), 1),
        "sharp_tiles": float((np.abs(bends) > SHARP_RAD).sum()),
        "first_bend_deg": round(float(np.degrees(headings[min(15, len(headings) - 1)] - headings[0])), 1),
    }


AROUND = 5
"""Ticks before and after what went wrong that are shown."""


def find_event(rows: Sequence[DrivingFacts], failure: str) -> tuple[str, int]:
    """What an episode's failure began with, and at which tick.

    Args:
        rows: facts of its ticks.
        failure: class of `DrivesLap`; of another class the slowest tick is told.
    """
    finders: Mapping[str, tuple[str, Callable[[Sequence[DrivingFacts]], int | None]]] = {
        "off_track": ("leaves the road", _find_departure),
        "missed_tiles": ("the last tile before the longest way to another", _find_longest_way),
        "stall": ("the last tile before the stall", _find_stall),
        "oscillation": ("swings most", _find_swings),
    }
    label, find = finders.get(failure, ("slowest", _find_slowest))
    index = find(rows)
    return (label, index) if index is not None else ("slowest", _find_slowest(rows))


def _find_departure(rows: Sequence[DrivingFacts]) -> int | None:
    """Of the longest time off the road, the first tick; that at which the world ended, if the car never left before."""
    off = np.array([not facts.on_road for facts in rows], np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], off, [0]])))
    if len(edges):
        return int(edges[2 * int(np.argmax(edges[1::2] - edges[::2]))])
    return next((tick for tick, facts in enumerate(rows) if facts.left_field), None)


def _find_stall(rows: Sequence[DrivingFacts]) -> int | None:
    """The tick of the last new tile before the first two seconds without one."""
    since = 0
    for tick, facts in enumerate(rows):
        if facts.idle_ticks == 0:
            since = tick
        elif facts.time_s - rows[since].time_s >= DriveLimits().stall_s:
            return since
    return None


def _find_longest_way(rows: Sequence[DrivingFacts]) -> int | None:
    """Of all ways from one new tile to another, after the first second, where the longest began."""
    found = [tick for tick, facts in enumerate(rows) if facts.idle_ticks == 0 and facts.time_s > DriveLimits().start_s]
    return found[int(np.argmax(np.diff(found)))] if len(found) > 1 else None


def _find_swings(rows: Sequence[DrivingFacts]) -> int | None:
    """The middle of the ticks, as many as are shown, in which the steering changes its side most often."""
    swing = DriveLimits().swing
    sides = [int(np.sign(facts.action[0])) if abs(facts.action[0]) > swing else 0 for facts in rows]
    side, reversals = 0, np.zeros(len(rows))
    for tick, now in enumerate(sides):
        reversals[tick] = side * now < 0
        side = now or side
    if not reversals.any():
        return None
    window = np.convolve(reversals, np.ones(2 * AROUND + 1), "same")
    return int(np.argmax(window[: len(rows)]))


def _find_slowest(rows: Sequence[DrivingFacts]) -> int:
    """After the first second, in which every car is slow."""
    speeds = [facts.speed_m_s if facts.time_s > DriveLimits().start_s else np.inf for facts in rows]
    return int(np.argmin(speeds))
