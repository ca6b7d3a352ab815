"""Tempo: plans that come late are played slowly, so that less is done before the next one can correct it."""

from __future__ import annotations

from collections import deque

import numpy as np

from millwright.core.errors import OptionError
from millwright.core.features import Feature
from millwright.core.policy import Action
from millwright.policies.chunk_player import Actions, Blend
from millwright.policies.holding import is_place

MOST_LATE = 2.0
"""Ticks of a plan's own time. Who was taught to look at every tick, and usually plays two actions of a plan, is still
itself with eyes so far behind."""
SLOWEST, SLOWEST_GIVEN = 0.25, 0.05
REMEMBERED = 8
"""Plans: the latest of them counts."""


class Tempo:
    """How fast a policy's plans are played, as a share of what they mean.

    What a plan corrects was seen when it was asked for, and shows when the next one is. A robot that does half as much
    meanwhile is where it would be with half the latency. So by itself the tempo is what makes the latest of the last
    plans come no more than `most_late` of their own ticks late.

    Args:
        given: the tempo, at most 1; None: as above.
        action: actions that say where to be can be gone to more slowly; others are played as they are.
        most_late: ticks of a plan's own time.

    Raises:
        OptionError: out of range, or actions that have no tempo.
    """

    def __init__(self, given: float | None, action: Feature, most_late: float = MOST_LATE) -> None:
        check_tempo(given)
        self._is_place, self._most_late = is_place(action), most_late
        if given is not None and given < 1 and not self._is_place:
            raise OptionError(
                f"actions of {action.name!r} do not say where to be, so they cannot be played at tempo {given:g}; "
                "leave it out"
            )
        self._given = given
        self.reset()

    def reset(self) -> None:
        self._late: deque[int] = deque(maxlen=REMEMBERED)

    def hear(self, late_ticks: int) -> None:
        """A plan that was asked for came, or failed, so much later."""
        self._late.append(late_ticks)

    @property
    def share(self) -> float:
        if not self._is_place:
            return 1.0
        if self._given is not None:
            return self._given
        latest = max(self._late, default=0)
        return max(SLOWEST, self._most_late / max(latest, self._most_late))


def check_tempo(tempo: float | None) -> None:
    """None is any.

    Raises:
        OptionError: hardly any, or above 1: no robot is made faster than its policy was taught.
    """
    if tempo is not None and not SLOWEST_GIVEN <= tempo <= 1:
        raise OptionError(f"a tempo is {SLOWEST_GIVEN:g} to 1, 0.5 for half as fast; got {tempo:g}")


def play_from(before: Action, actions: Actions, done_ticks: float, tempo: float, mix: Blend) -> Actions:
    """What is left of actions (length, dof) at a tempo, one a tick; at least the last one.

    Args:
        before: where to be was this (dof,), when the actions began.
        done_ticks: for so long they have been played, in their own time.
    """
    last, places = len(actions), np.concatenate((before[None], actions))
    at = np.append(np.arange(done_ticks + tempo, last - 1e-6, tempo), last)
    low = np.floor(at + 1e-6).astype(int)
    weight = np.maximum(at - low, 0.0).astype(np.float32)
    exact: Actions = places[low]
    return mix(exact, places[np.minimum(low + 1, last)], weight[:, None]) if (weight > 1e-6).any() else exact
