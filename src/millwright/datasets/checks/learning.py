"""What spoils learning in the actions: too still, too far, too sudden, or a copy of the state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from millwright.datasets import layout
from millwright.datasets.checks.check import Check
from millwright.datasets.checks.reference import References
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Columns, Entry, Folder
from millwright.datasets.moments import Moments

ACTION, EXECUTED, STATE = "action", "executed_action", "observation.state"
_STILL = 1e-5
"""Deviation below which an action does not vary, in its unit, relative to its mean where that is above 1."""
_RESTING = 0.05
"""Deviation of a state that rests, relative to the median dimension's."""
_CLIPPED = 0.1
"""Share of a range that an action may lie outside: the environment clips it, and little is lost."""
_JUMP = 5.0
"""A step so many times larger than the largest of the median episode is a jump ..."""
_HABIT = 0.05
"""... unless more than this share of the episodes has one."""


class Variance(Check):
    """Every dimension of the action varies, but for joints that are not used: those rest in the state too."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        sizes = {name: folder.find_size(name) for name in (ACTION, STATE) if name in folder.features}
        self._moments = {name: Moments(size) for name, size in sizes.items()}

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        for name, moments in self._moments.items():
            if name in columns:
                moments.update(columns[name])
        action = columns.get(ACTION)
        if action is not None and len(action) >= self._folder.fps and (np.ptp(action, axis=0) <= _STILL).all():
            cause = f"the action is the same in all {len(action)} frames"
            yield Finding("MW502", cause, entry.position, 0, entry.data.path(layout.DATA))

    def finish(self) -> Iterator[Finding]:
        action = self._moments.get(ACTION)
        if action is None or action.count < self._folder.fps:
            return
        still = action.std <= _STILL * np.maximum(1.0, np.abs(action.mean))
        for at in np.flatnonzero(still & ~self._find_resting()):
            told = f"action[{self._folder.find_names(ACTION)[at]}] is {action.mean[at]:.6g} in all frames"
            yield Finding("MW501", f"{told} (deviation {action.std[at]:.2g}), and the state moves there")

    def _find_resting(self) -> NDArray[np.bool_]:
        """(dof,) whether the state rests where the action does; none where they cannot be compared."""
        action, state = self._moments[ACTION], self._moments.get(STATE)
        if state is None or state.mean.shape != action.mean.shape:
            return np.zeros(action.mean.shape, bool)
        resting: NDArray[np.bool_] = state.std <= _RESTING * np.median(state.std)
        return resting


class Range(Check):
    """Actions lie where the environment takes them."""

    def __init__(self, folder: Folder, references: References) -> None:
        self._folder = folder
        self._references = references

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        reference = self._references.get(entry)
        if reference is None or reference.action_low is None or reference.action_high is None or ACTION not in columns:
            return
        low, high, action = reference.action_low, reference.action_high, columns[ACTION]
        if len(low) != action.shape[1]:
            return
        slack = _CLIPPED * np.where(np.isfinite(high - low), high - low, 0)
        outside = (action < low - slack) | (action > high + slack)
        if outside.any():
            frame, at = np.argwhere(outside)[0].tolist()
            told = f"{action[frame, at]:.6g}, the environment takes {low[at]:.6g} to {high[at]:.6g}"
            cause = f"action[{self._folder.find_names(ACTION)[at]}] is {told} ({outside.any(1).sum()} frames)"
            yield Finding("MW503", cause, entry.position, frame, entry.data.path(layout.DATA))


class Jumps(Check):
    """No command leaps away from the one before, measured by how far the others go in a tick.

    Where somebody else drove, an action is advice and may change its mind; there only what leaps away and back counts.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        told = EXECUTED in folder.features
        self._measures = {EXECUTED: _measure_steps, ACTION: _measure_spikes} if told else {ACTION: _measure_steps}
        self._seen: dict[str, list[_Largest]] = {name: [] for name in self._measures}

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        for name, measure in self._measures.items():
            if name in columns and len(columns[name]) > 2:
                values = columns[name].astype(np.float64)
                leaps = measure(values)
                steps = _measure_steps(values).max(0)
                self._seen[name].append(_Largest(entry, leaps.max(0), leaps.argmax(0) + 1, steps))
        return iter(())

    def finish(self) -> Iterator[Finding]:
        for name, seen in self._seen.items():
            if len(seen) >= 3:
                yield from self._compare(name, seen)

    def _compare(self, name: str, seen: list[_Largest]) -> Iterator[Finding]:
        leaps = np.stack([one.leaps for one in seen])  # (episodes, dof)
        usual = np.median([one.steps for one in seen], axis=0)
        jumps = (leaps > _JUMP * usual) & (leaps > 1e-3 * (1 + usual))
        jumps &= jumps.sum(0) <= max(1, _HABIT * len(seen))
        for number in np.flatnonzero(jumps.any(1)):
            at, one = int(jumps[number].argmax()), seen[number]
            told = f"{name}[{self._folder.find_names(name)[at]}] leaps by {leaps[number, at]:.4g}"
            cause = f"{told}; the median episode's largest step is {usual[at]:.4g}"
            file = one.entry.data.path(layout.DATA)
            yield Finding("MW504", cause, one.entry.position, int(one.frames[at]), file)


class _Largest(NamedTuple):
    """The largest leap of an episode in each dimension, (dof,) each."""

    entry: Entry
    leaps: NDArray[np.float64]
    frames: NDArray[np.int64]
    steps: NDArray[np.float64]
    """The largest change in a tick, be it a leap or not."""


def _measure_steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(num_frames - 1, dof) how far each frame is from the one before."""
    return np.abs(np.diff(values, axis=0))


def _measure_spikes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(num_frames - 2, dof) how far each frame stands out from both its neighbours on the same side."""
    steps = np.diff(values, axis=0)
    back = np.minimum(np.abs(steps[:-1]), np.abs(steps[1:]))
    return np.where(steps[:-1] * steps[1:] < 0, back, 0.0)


class Copies(Check):
    """The action is what was commanded, not the state of the same tick logged again: that teaches to stand still."""

    def __init__(self, folder: Folder) -> None:
        self._same = self._frames = 0
        self._moved = False

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        action, state = columns.get(ACTION), columns.get(STATE)
        if action is not None and state is not None and action.shape == state.shape:
            self._same += int(np.isclose(action, state, rtol=1e-6, atol=1e-9).all(1).sum())
            self._frames += len(action)
            self._moved |= bool(np.ptp(state, axis=0).max() > _STILL)
        return iter(())

    def finish(self) -> Iterator[Finding]:
        if self._moved and self._same >= 0.9 * self._frames:
            yield Finding("MW505", f"{ACTION} equals {STATE} of the same tick in {self._same} of {self._frames} frames")


def make_checks(folder: Folder, references: References) -> list[Check]:
    """All of this file."""
    return [Variance(folder), Range(folder, references), Jumps(folder), Copies(folder)]
