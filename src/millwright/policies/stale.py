"""Stale: a policy that acts on the world as it was. The naive way to live with latency, for comparison."""

from __future__ import annotations

from collections import deque

from millwright.core.clock import Clock
from millwright.core.features import Observation
from millwright.core.policy import Action, Policy, Wrapper
from millwright.policies.answers import Latency, check_latency, make_latency_rng


class Stale(Wrapper):
    """Shows a policy what was observed `latency_s` ago, drawn anew for every tick; at first, what was observed first.

    Around a `ChunkPlayer` this is a robot that takes an answer for up to date when it is as old as the call took.
    """

    def __init__(self, policy: Policy, clock: Clock, latency_s: Latency) -> None:
        super().__init__(policy)
        self._clock = clock
        self._latency_s = check_latency(latency_s)
        self.reset(0)

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self._clock.restart()
        self._rng = make_latency_rng(seed)
        self._seen: deque[tuple[float, Observation]] = deque()

    def act(self, observation: Observation) -> Action:
        now_s = self._clock.tick()
        self._seen.append((now_s, observation))
        while len(self._seen) > 1 and self._seen[1][0] <= now_s - self._latency_s[1] + 1e-9:
            self._seen.popleft()  # older than can be asked for
        wanted_s = now_s - self._rng.uniform(*self._latency_s) + 1e-9
        shown = [seen for time_s, seen in self._seen if time_s <= wanted_s] or [self._seen[0][1]]
        return self._policy.act(shown[-1])
