"""Task: an environment with its judge, experts, cheats and what else belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from millwright.core.episode import Episode
from millwright.core.judging import Judge
from millwright.core.policy import Policy
from millwright.policies.playing import Playing
from millwright.robots.limits import Envelope

GAMERS_OF_ONE = ("hover", "push", "press-and-drag", "fling", "drop", "low-lift", "catch")
GRASP_GAMERS = (*GAMERS_OF_ONE, "scoop", "rake", "second-guess")
"""Cheats at lifting, where one object is there and where several are."""

USUAL = Playing()
"""How chunks are played where nothing else is asked for."""

MakePolicy = Callable[[float], Policy]
"""Ticks a second -> a policy for them."""


@dataclass(frozen=True)
class Task:
    """An environment with what belongs to it. Everything is made late, so that a look at the table is cheap."""

    about: str
    env: Callable[..., Any]
    judge: Callable[[], Judge]
    control_hz: float = 15
    """Unless an option changes it."""
    experts: Mapping[str, MakePolicy] = field(default_factory=dict)
    baselines: Mapping[str, MakePolicy] = field(default_factory=dict)
    rules: Mapping[str, MakePolicy] = field(default_factory=dict)
    """Written by hand like the baselines, but to do the task, from observations alone."""
    labeller: str = "expert"
    perturbed: str = "expert-perturbed"
    properties: Callable[[Any, Episode], Mapping[str, str | float]] | None = None
    """What an episode's start was like, by name (see `Episode.properties`), asked while the environment holds it."""
    gamers: Mapping[str, MakePolicy] = field(default_factory=dict)
    """Cheats that see the truth; the judge must give them nothing."""
    starts: tuple[str, ...] = ()
    """Adversarial starts, for `reset(options={"start": NAME})`, from which no cheat and no baseline may succeed."""
    counter_examples: Mapping[str, Callable[[], Judge]] = field(default_factory=dict)
    """Flawed judges: some cheat or start has to fool each."""
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options that make scenes of another kind, by name: there too the judge must give cheats nothing."""
    playing: Playing = USUAL
    """How chunks are played in it unless somebody asks for another way."""
    by_words: bool = False
    """What is to be done is said in words, to be typed; else it is pointed at."""
    small_pictures: Mapping[str, Any] = field(default_factory=dict)
    """Options that make episodes cheaper and change nothing for those who do not look."""
    lacks: Callable[[Sequence[Mapping[str, Any]]], tuple[str, ...]] | None = None
    """Options of recordings -> what none of them shows, in words, for the cards of policies that learned from them."""
    limits: Mapping[str, Callable[[], Envelope]] = field(default_factory=dict)
    """What an arm in this cell may be asked for, by name, for a limiter around those who see observations alone."""

    driven: bool = False
    """A car is driven, by people too: nothing is asked for."""
    stated: Mapping[str, str] = field(default_factory=dict)
    """What results have to say of the environment besides its versions."""

    @property
    def policies(self) -> Mapping[str, MakePolicy]:
        """All that are made here, rather than loaded from a bundle."""
        return {**self.experts, **self.rules, **self.baselines, **self.gamers}


def sustained_lift() -> Judge:
    """The judge of everything that is to be lifted."""
    from millwright.judges import SustainedLift

    return SustainedLift()


def height_alone() -> Judge:
    """A flawed one, its counter-example."""
    from millwright.judges import HeightAlone

    return HeightAlone()
