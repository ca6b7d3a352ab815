"""Judge: decides from facts, and from nothing else, whether the task was done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Verdict:
    """A decision with what it rests on. `failure` is one of the judge's classes, None on success."""

    success: bool
    failure: str | None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.success == (self.failure is not None):
            raise ValueError(f"a verdict has a failure class exactly when it is no success: {self}")


class Judge(ABC):
    """Sees the facts of every tick, in order; may be asked for its verdict at any time."""

    failures: ClassVar[tuple[str, ...]]
    """Failure classes, the first that applies wins."""

    @abstractmethod
    def reset(self) -> None:
        """Forget the last episode."""

    @abstractmethod
    def see(self, facts: Any) -> None:
        """Take in the facts of one tick; the first after `reset` are those of the start."""

    @property
    @abstractmethod
    def decided(self) -> bool:
        """Nothing that can still happen would change the verdict."""

    @abstractmethod
    def verdict(self) -> Verdict:
        """The verdict if the episode ended now."""

    def metrics(self) -> Mapping[str, float]:
        """Numbers about the episode so far that are worth a mean over many (metres, seconds, ...)."""
        return {}


def judge_facts(judge: Judge, rows: Iterable[Any]) -> Verdict:
    """What `judge` says of an episode, from the facts of its ticks: of one that was played, or recorded."""
    judge.reset()
    for facts in rows:
        judge.see(facts)
    return judge.verdict()
