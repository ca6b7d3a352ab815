"""DAgger: the expert labels the states that the policy itself visits (Ross, Gordon and Bagnell 2011).

Demonstrations show only where the expert goes, so a policy that errs finds itself where it was never told what to do.
Each round lets the policy drive, adds what the expert would have done there to all that was recorded before, and
trains on everything (their algorithm 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from millwright.core.errors import OptionError


@dataclass(frozen=True)
class Round:
    """Episodes to record, all seeds of their own, and the training on everything recorded up to them."""

    number: int
    """0: the demonstrations."""
    seeds: range
    beta: float
    """Chance that the expert drives a tick, and not the policy of the round before."""


class Learner(Protocol):
    """What `learn` needs: where episodes go, and how a policy is trained on them. Each part can be taken up again."""

    def find_policy(self, step: Round) -> Path | None:
        """The policy that the training of this round left behind, if it was finished."""
        ...

    def record(self, step: Round, policy: Path | None) -> None:
        """Add the round's episodes: the policy of the round before drives (beta: the expert), the expert labels."""
        ...

    def train(self, step: Round, policy: Path | None) -> Path:
        """Train on everything recorded so far; `policy` is that of the round before, to start from if one likes."""
        ...


def make_rounds(first: int, demonstrations: int, rounds: int, episodes: int, beta: float = 0.0) -> tuple[Round, ...]:
    """Round 0 with the demonstrations, then `rounds` rounds of `episodes`; seeds follow each other from `first` on.

    The expert's share in round i is beta^i (section 3 of the paper): it alone demonstrates, and with the paper's usual
    choice 0 it only labels from then on.

    Raises:
        OptionError: nothing to record, or a chance that is none.
    """
    if demonstrations < 1 or rounds < 0 or (rounds and episodes < 1):
        raise OptionError(
            "DAgger needs at least 1 demonstration and 1 episode a round, "
            f"got {demonstrations}, and {rounds} rounds of {episodes}"
        )
    if not 0 <= beta <= 1:
        raise OptionError(f"beta is the expert's share of the ticks, 0 to 1; got {beta}")
    starts = [first, *(first + demonstrations + number * episodes for number in range(rounds + 1))]
    return tuple(Round(i, range(starts[i], starts[i + 1]), beta**i) for i in range(rounds + 1))


def learn(rounds: Sequence[Round], learner: Learner) -> Path:
    """Record and train round after round; the policy of the last one. Rounds that left a policy are not done again."""
    policy: Path | None = None
    for step in rounds:
        found = learner.find_policy(step)
        if found is None:
            learner.record(step, policy)
            found = learner.train(step, policy)
        policy = found
    if policy is None:
        raise OptionError("no rounds: give at least the one of the demonstrations")
    return policy
