"""Fallback: hold, and then let another policy drive, while the one that should does not answer or is not sure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from millwright.core.clock import Clock
from millwright.core.errors import ActionError, ExpiredPlanError, MillwrightError, OptionError
from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.core.policy import Action, Event, Policy, Privileged
from millwright.policies.holding import hold_state

log = logging.getLogger(__name__)
DRIVES, HOLDS, FALLS_BACK = "came back", "held", "fell back"
NO_ANSWER, LATE, REFUSED, NOT_SURE = REASONS = ("no answer", "late", "refused", "not sure")
"""Why somebody else than the policy is to drive."""
ANSWERED = "answered"
"""Why it is to drive again."""


@dataclass(frozen=True)
class Patience:
    """When somebody else is to drive, and when no longer.

    Args:
        deadline_s: a plan from longer ago is no answer in time.
        min_confidence: below that a plan is not played, where it tells its confidence.
        hold_s: the arm holds for so long before the fallback drives.
        retry_s: while the fallback drives, the policy is asked again so often.
        answers: in a row, that give the arm back to it.

    Raises:
        OptionError: a value out of its range.
    """

    deadline_s: float = 0.5
    min_confidence: float = 0.0
    hold_s: float = 0.5
    retry_s: float = 0.5
    answers: int = 2

    def __post_init__(self) -> None:
        if not (self.deadline_s > 0 and self.hold_s >= 0 and self.retry_s >= 0 and self.answers >= 1):
            raise OptionError(f"a deadline is above 0, hold and retry at least 0, answers at least 1; got {self}")
        if not 0 <= self.min_confidence <= 1:
            raise OptionError(f"a confidence lies in 0 to 1; got min_confidence={self.min_confidence}")


class Fallback(Policy):
    """Plays `policy` while its plans come in time and it is sure of them; else holds, then plays `fallback`.

    A policy that raises a `MillwrightError` has not answered: a remote call ends with one when its own deadline is
    over. Any other error is a fault of the program and is passed on. Both see the same observations and nothing else.
    The fallback begins anew whenever its turn comes, and so does the policy when it is asked again meanwhile. Every
    switch is an event with its tick and reason.

    Args:
        policy: who should drive; shows its plans, with their time since `reset`.
        fallback: who drives meanwhile: a bundle on this machine, or a rule.
        clock: tells the time since `reset`.
        patience: when to switch.
        hold: does nothing, from its reset on. None: the last action again, for actions that say where to be; before
            there was one, the state as observed.

    Raises:
        OptionError: one of them is privileged.
    """

    def __init__(
        self,
        policy: Policy,
        fallback: Policy,
        clock: Clock,
        patience: Patience | None = None,
        hold: Policy | None = None,
    ) -> None:
        for one in (policy, fallback):
            if isinstance(one, Privileged):
                raise OptionError(f"{one.name} sees the truth; whoever falls back or is fallen back on sees none of it")
        self._policy, self._fallback, self._clock, self._hold = policy, fallback, clock, hold
        self._patience = patience or Patience()
        self.name = policy.name
        self._expects_confidence = self._patience.min_confidence > 0
        self.reset(0)

    def reset(self, seed: int) -> None:
        self._seed = seed
        self._turns = _Turns(self._policy, seed), _Turns(self._fallback, seed)
        self._clock.restart()
        self.doing = DRIVES
        self._since_s = self._begun_s = 0.0
        self._again_s: float | None = None
        self._good = 0
        self._tick = -1
        self._last: Action | None = None
        self._events: list[Event] = []
        self._ticks = {HOLDS: 0, FALLS_BACK: 0}

    def act(self, observation: Observation) -> Action:
        self._tick += 1
        now_s = self._clock.tick()
        answer, why = self._ask(observation, now_s) if self._is_asked(now_s) else (None, "")
        self._decide(answer is not None, why, now_s)
        if self.doing == FALLS_BACK:
            action = self._fallback.act(observation)
        elif answer is not None and self.doing == DRIVES:
            action = answer
        else:
            action = self._stay(observation)
        if self.doing != DRIVES:
            self._ticks[self.doing] += 1
            self._policy.tell_done(action)
        self._last = action
        return action

    def tell_done(self, action: Action) -> None:
        self._last = action
        for one in (self._policy, self._fallback):
            one.tell_done(action)

    @property
    def plan(self) -> Chunk | None:
        """Of whoever drives, in time since `reset`; None while the arm holds."""
        if self.doing == HOLDS:
            return None
        driver, begun_s = self._policy, self._begun_s
        if self.doing == FALLS_BACK:
            driver, begun_s = self._fallback, self._since_s
        plan = driver.plan
        if plan is None:
            return None
        return replace(plan, observed_at_s=plan.observed_at_s + begun_s, expires_at_s=plan.expires_at_s + begun_s)

    @property
    def events(self) -> tuple[Event, ...]:
        """Its own and those of the two, in ticks of the episode."""
        every = (*(event for turns in self._turns for event in turns.events), *self._events)
        return tuple(sorted(every, key=lambda event: event.tick))

    def metrics(self) -> Mapping[str, float]:
        """How often the fallback's turn came, ticks for which it drove and the arm was held, and what the two count."""
        fell = sum(event.what == FALLS_BACK for event in self._events)
        ticks = {"hold_ticks": self._ticks[HOLDS], "fallback_ticks": self._ticks[FALLS_BACK]}
        theirs = _add(*(turns.counts for turns in self._turns))
        return {**theirs, "fallbacks": float(fell), **{name: float(count) for name, count in ticks.items()}}

    def close(self) -> None:
        self._policy.close()
        self._fallback.close()

    # ---------------------------------------------------------------- who drives

    def _stay(self, observation: Observation) -> Action:
        if self._hold is not None:
            return self._hold.act(observation)
        return hold_state(observation) if self._last is None else self._last

    def _is_asked(self, now_s: float) -> bool:
        """The policy is, at every tick; while the fallback drives, now and then until it fails again."""
        if self._again_s is not None:
            if now_s < self._again_s - 1e-9:
                return False
            self._turns[0].begin_anew(self._seed, self._tick)
            self._begun_s, self._again_s = now_s, None
        return True

    def _ask(self, observation: Observation, now_s: float) -> tuple[Action | None, str]:
        """What the policy wants, or why that is not to be played."""
        try:
            action = self._policy.act(observation)
        except ExpiredPlanError:
            return None, LATE
        except ActionError:
            return None, REFUSED
        except MillwrightError:
            return None, NO_ANSWER
        plan = self._policy.plan
        observed_s = self._begun_s + (0.0 if plan is None else plan.observed_at_s)
        if now_s - observed_s > self._patience.deadline_s + 1e-9:
            return None, LATE
        if plan is None:
            # at the beginning of an episode the arm may wait for it; who drives meanwhile goes on until it is there
            return (action if self.doing == DRIVES else None), ""
        if plan.confidence is None:
            self._tell_of_no_confidence()
        elif not plan.confidence >= self._patience.min_confidence:
            return None, NOT_SURE
        return action, ""

    def _tell_of_no_confidence(self) -> None:
        """Once: who asked for some would rely on it."""
        if self._expects_confidence:
            self._expects_confidence = False
            log.warning("%s does not tell how sure it is: min_confidence changes nothing", self._policy.name)

    def _decide(self, answered: bool, why: str, now_s: float) -> None:
        self._good = self._good + 1 if answered else 0
        needed = self._patience.answers if self.doing == FALLS_BACK else 1
        if self.doing != DRIVES and self._good >= needed:
            self._switch(DRIVES, ANSWERED, now_s)
        elif self.doing == DRIVES and not answered:
            self._why = why
            self._switch(HOLDS, why, now_s)
            if self._hold is not None:
                self._hold.reset(self._seed)
        if self.doing == HOLDS and now_s - self._since_s >= self._patience.hold_s - 1e-9:
            self._switch(FALLS_BACK, self._why, now_s)
            self._turns[1].begin_anew(self._seed, self._tick)
        if self.doing == FALLS_BACK and why:
            self._again_s = now_s + self._patience.retry_s

    def _switch(self, doing: str, why: str, now_s: float) -> None:
        self.doing, self._since_s = doing, now_s
        self._events.append(Event(self._tick, doing, why))


class _Turns:
    """What a policy does and counts in an episode in which it begins anew now and then."""

    def __init__(self, policy: Policy, seed: int) -> None:
        self._policy = policy
        self._past: tuple[Event, ...] = ()
        self._counted: dict[str, float] = {}
        self._begun = 0
        policy.reset(seed)

    def begin_anew(self, seed: int, tick: int) -> None:
        self._past, self._counted = self.events, self.counts
        self._begun = tick
        self._policy.reset(seed)

    @property
    def events(self) -> tuple[Event, ...]:
        """In ticks of the episode."""
        return *self._past, *(replace(event, tick=event.tick + self._begun) for event in self._policy.events)

    @property
    def counts(self) -> dict[str, float]:
        return _add(self._counted, self._policy.metrics())


def _add(*counts: Mapping[str, float]) -> dict[str, float]:
    names = dict.fromkeys(name for one in counts for name in one)
    return {name: sum(one.get(name, 0.0) for one in counts) for name in names}
