"""Latency: where the time of the newest plan went, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from millwright.core.episode import Step


@dataclass(frozen=True)
class Latency:
    """Of one plan; `plans` counts those there have been, so that whoever looks now and then knows a new one."""

    plans: int = 0
    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage, in the order of time: a server's and the way there, or `plan` alone."""
    observed_at_s: float | None = None

    def follow(self, step: Step) -> Latency:
        """That of the step's plan if it is a new one, else this."""
        plan = step.plan
        if plan is None or (step.index > 0 and plan.observed_at_s == self.observed_at_s):
            return self
        return Latency(self.plans + 1, plan.timings or {"plan": step.timings["policy_s"]}, plan.observed_at_s)
