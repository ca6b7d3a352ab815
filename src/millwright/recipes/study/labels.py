"""Labels: what a network learns to do, made from one recording in several ways. Pure functions of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.datasets.windows import Windows
from millwright.robots.servo import HandServo

LENGTH = 16
"""Actions of a chunk."""
PAUSES = {"descend": LENGTH, "close": LENGTH, "lift": 8}
"""Ticks for which a demonstrator that is driven by a clock waits before each, at this length of a chunk."""
DESCENT_M = 0.06
"""Below this height of the hand the expert comes down on a brick."""

Array = NDArray[np.float32]
Indices = NDArray[np.int64]


class Source(NamedTuple):
    """Where the chunk that belongs to a frame comes from."""

    hand: str
    """`plan`: what the expert planned from there; `commanded`: what it told the hand tick by tick; `state`: where the
    hand was tick by tick."""
    fingers: str
    """The same for their opening."""
    later: int = 0
    """Ticks after its frame at which a chunk of states begins."""


LABELS: Mapping[str, Source] = {
    "plan": Source("plan", "plan"),
    "plan-held": Source("plan", "state", 1),
    "commanded": Source("commanded", "commanded"),
    "next-state": Source("state", "state", 1),
    "state": Source("state", "state"),
    "state-gripped": Source("state", "commanded"),
}
"""Names of labels -> where they come from; `state` is the report's action[t] = state[t]."""


class Columns(NamedTuple):
    """A recording's columns, for all of its frames."""

    plan: Array  # (frames, LENGTH, 8) hand targets: xyz m, wxyz, opening m
    pose: Array  # (frames, 7) of the hand
    state: Array  # (frames, 7) joints rad, opening m


class Frames(NamedTuple):
    """Which frames of a recording are learned from, episode after episode; one may come several times."""

    numbers: Indices
    lengths: tuple[int, ...]
    """Of the episodes; they add up to the length of `numbers`."""


def choose_frames(columns: Columns, episodes: list[Indices], pauses: bool) -> Frames:
    """The frames of these episodes, with the frames at which a demonstrator waits as often as it waits."""
    chosen = [insert_pauses(columns, frames) if pauses else frames for frames in episodes]
    return Frames(np.concatenate(chosen), tuple(len(frames) for frames in chosen))


def insert_pauses(columns: Columns, frames: Indices) -> Indices:
    """Repeat the frames before descending, closing and lifting: the scene stands still meanwhile.

    Args:
        frames: of one episode; one in which nothing was grasped is left as it is.
    """
    height, told = columns.pose[frames, 2], columns.plan[frames, 0, 7]
    grasped = np.flatnonzero(told < 1e-3)
    if not len(grasped):
        return frames
    close = int(grasped[0])
    descend = int(np.argmax(height < DESCENT_M))
    rising = np.flatnonzero(height[close:] > height[close] + 0.005)
    repeats = np.ones(len(frames), np.int64)
    repeats[max(descend - 1, 0)] += PAUSES["descend"]
    repeats[max(close - 1, 0)] += PAUSES["close"]
    if len(rising):
        repeats[close + int(rising[0]) - 1] += PAUSES["lift"]
    return np.repeat(frames, repeats)


def make_labels(columns: Columns, frames: Frames, label: str, shut_m: float = 0.0) -> Array:
    """Chunks of hand targets (samples, LENGTH, 8), one for each of `frames`; at an episode's end the last one holds.

    Args:
        label: a row of `LABELS`.
        shut_m: openings are raised to it.
    """
    source = LABELS[label]
    now = Windows(frames.lengths, {"chunk": range(LENGTH)})
    later = Windows(frames.lengths, {"chunk": range(source.later, source.later + LENGTH)})
    during, after = (frames.numbers[windows.indices("chunk")[0]] for windows in (now, later))  # (samples, LENGTH)
    targets = {
        "plan": columns.plan[frames.numbers],
        "commanded": columns.plan[during, 0],
        "state": np.concatenate((columns.pose[after], columns.state[after, 6:]), 2),
    }  # (samples, LENGTH, 8) each
    opening = np.maximum(targets[source.fingers][..., 7:], shut_m)
    made: Array = np.concatenate((targets[source.hand][..., :7], opening), 2).astype(np.float32)
    return made


def solve_joints(labels: Array, state: Array) -> Array:
    """The same chunks as joint targets and opening (samples, LENGTH, 7), each solved from the one before.

    Args:
        labels: (samples, LENGTH, 8) hand targets.
        state: (samples, 7) joints and opening when each chunk begins.
    """
    servo, solved = HandServo(), np.empty((*labels.shape[:2], 7), np.float32)
    for row, (chunk, now) in enumerate(zip(labels, state, strict=True)):
        joints = now[:6]
        for tick, target in enumerate(chunk):
            solved[row, tick] = servo.follow(joints, target)
            joints = solved[row, tick, :6]
    return solved
