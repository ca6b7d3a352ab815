"""Policy: what the loop drives, one robot and one tick at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.errors import OptionError
from millwright.core.features import Observation
from millwright.core.planner import Chunk

Action = NDArray[np.float32]


@dataclass(frozen=True)
class Event:
    """Something that a policy around a policy did of its own accord: limited, stopped, fell back."""

    tick: int
    what: str
    why: str


class Policy(ABC):
    """Decides one action a tick from observations alone."""

    name: str = "policy"

    @abstractmethod
    def reset(self, seed: int) -> None:
        """Forget the last episode; all randomness of the next one comes from `seed`."""

    @abstractmethod
    def act(self, observation: Observation) -> Action:
        """The action for this tick, as the environment's action feature declares it."""

    def tell_done(self, action: Action) -> None:  # noqa: B027 - most policies remember nothing of what was done
        """What was really done in the tick for which `act` was called last, in the same space as its action.

        Called before the next `act` by whoever may have changed the action, whether or not it was; what remembers what
        it did (a world model, a player of late plans) goes on from there.
        """

    @property
    def plan(self) -> Chunk | None:
        """What this policy intends from the last observation on, if it plans ahead."""
        return None

    @property
    def events(self) -> tuple[Event, ...]:
        """What wrappers did in this episode so far, in order."""
        return ()

    def metrics(self) -> Mapping[str, float]:
        """Numbers about the episode so far that only the policy knows (how often it was limited)."""
        return {}

    def close(self) -> None:  # noqa: B027 - most policies hold nothing
        """Release connections or processes."""


class Privileged(Policy):
    """A policy that may see the truth: experts and cheats. Results say `privileged: true`."""

    @abstractmethod
    def see(self, facts: Any) -> None:
        """Receive the facts behind the next observation; called before each `act`."""


class Wrapper(Policy):
    """A policy around a policy: what it does not do otherwise is left to the policy inside. It never forwards facts.

    One whose actions are of another space than those inside has to answer `tell_done` itself.

    Raises:
        OptionError: the policy is privileged, and would be shown no facts in here.
    """

    def __init__(self, policy: Policy) -> None:
        if isinstance(policy, Privileged):
            what = type(self).__name__
            raise OptionError(f"{policy.name} sees the truth; {what} is for policies that see observations alone")
        self._policy = policy
        self.name = policy.name

    def reset(self, seed: int) -> None:
        self._policy.reset(seed)

    def tell_done(self, action: Action) -> None:
        self._policy.tell_done(action)

    @property
    def plan(self) -> Chunk | None:
        return self._policy.plan

    @property
    def events(self) -> tuple[Event, ...]:
        return self._policy.events

    def metrics(self) -> Mapping[str, float]:
        return self._policy.metrics()

    def close(self) -> None:
        self._policy.close()
