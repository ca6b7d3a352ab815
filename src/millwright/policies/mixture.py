"""Mixture: an expert and a learner drive by turns, drawn anew at every tick."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Event, Policy, Privileged


class Mixture(Privileged):
    """With chance `beta` a tick is the expert's, else the learner's (Ross et al. 2011, section 3).

    Both are asked at every tick, so that neither loses track. Privileged, since an expert has its hand in it.

    Args:
        expert: may see the truth.
        learner: sees observations alone.
        beta: the expert's share of the ticks, 0 to 1.
    """

    def __init__(self, expert: Policy, learner: Policy, beta: float) -> None:
        if not 0 <= beta <= 1:
            raise ValueError(f"beta must lie in 0..1, got {beta}")
        self._expert = expert
        self._learner = learner
        self._beta = beta
        self.name = f"{learner.name}-mixed"
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._expert.reset(seed)
        self._learner.reset(seed)
        self._rng = np.random.default_rng([seed, 2])
        self._driver: Policy = self._learner

    def see(self, facts: Any) -> None:
        if isinstance(self._expert, Privileged):
            self._expert.see(facts)

    def act(self, observation: Observation) -> Action:
        actions = {policy: policy.act(observation) for policy in (self._expert, self._learner)}
        self._driver = self._expert if self._rng.random() < self._beta else self._learner
        self._learner.tell_done(actions[self._driver])
        return actions[self._driver]

    def tell_done(self, action: Action) -> None:
        self._learner.tell_done(action)

    @property
    def plan(self) -> Chunk | None:
        """What the one who drives intends."""
        return self._driver.plan

    @property
    def events(self) -> tuple[Event, ...]:
        return self._learner.events

    def metrics(self) -> Mapping[str, float]:
        return self._learner.metrics()

    def close(self) -> None:
        self._expert.close()
        self._learner.close()
