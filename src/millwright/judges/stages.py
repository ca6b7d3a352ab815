"""Stages of a lift: how far an episode came on the way to one, told from facts alone, whatever a judge says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from millwright.core.episode import Stage
from millwright.core.facts import GraspFacts
from millwright.core.judging import Judge
from millwright.judges.lift import LiftLimits, SustainedLift, compute_distance, find_rest, is_carried, is_lifted
from millwright.judges.place import PlacedInTray


@dataclass(frozen=True)
class StageLimits:
    """Thresholds of the stages; SI units. Those of lifting and holding are the task's own."""

    lift: LiftLimits = field(default_factory=LiftLimits)
    approach_m: float = 0.07
    """From the fingertips to the target's centre: 5 cm above it, give or take 2 cm, as in the Lift VLA's report."""
    closing_m: float = 0.002
    """By which the fingers have to come closer together than they were while near; moving hands shake them by 1 mm."""


def find_limits(judge: Judge) -> StageLimits | None:
    """Limits of the stages in the task of this judge; None where nothing is to be lifted."""
    if isinstance(judge, SustainedLift):
        return StageLimits(judge.limits)
    return StageLimits(judge.limits.lift) if isinstance(judge, PlacedInTray) else None


def find_stages(rows: Sequence[GraspFacts], limits: StageLimits) -> tuple[Stage, ...]:
    """The stages of `describe_stages`, each with the time (s, of the facts) at which it was first reached.

    A stage counts only from when the one before it was reached, so whoever has reached one has reached all before it.

    Args:
        rows: the facts of an episode, tick by tick from its start.
    """
    lifted = _are_lifted(rows, limits.lift)
    shown = {
        "approaches": [compute_distance(facts) <= limits.approach_m for facts in rows],
        "closes": _are_closing(rows, limits),
        "contact": [bool(facts.pad_contacts[facts.target].sum() >= limits.lift.pads) for facts in rows],
        "lifts": lifted,
        "holds": _are_held(rows, lifted, limits.lift.hold_s),
    }
    stages: list[Stage] = []
    index = 0
    for name, about in describe_stages(limits).items():
        index = next((later for later in range(index, len(rows)) if shown[name][later]), len(rows))
        stages.append(Stage(name, about, round(rows[index].time_s, 4) if index < len(rows) else None))
    return tuple(stages)


def describe_stages(limits: StageLimits) -> Mapping[str, str]:
    """What each stage asks for, in words, in the order in which they have to come."""
    lift, centimetres = limits.lift, 100 * limits.lift.height_m
    return {
        "approaches": f"the fingertips came within {100 * limits.approach_m:g} cm of the object",
        "closes": f"the fingers closed while within {100 * lift.carried_distance_m:g} cm of the object",
        "contact": "the object touched both pads",
        "lifts": f"the object was {centimetres:g} cm above where it lay, gripped and moving with the hand",
        "holds": f"the object was held up so for {lift.hold_s:g} s on end",
    }


def _are_closing(rows: Sequence[GraspFacts], limits: StageLimits) -> list[bool]:
    """Near the target, with the fingers closer together than they were while they were near."""
    distances = [compute_distance(facts) for facts in rows]
    openings = [
        min(facts.opening_m, facts.max_opening_m) if distance <= limits.approach_m else 0.0
        for facts, distance in zip(rows, distances, strict=True)
    ]
    return [
        distance <= limits.lift.carried_distance_m and facts.opening_m <= widest - limits.closing_m
        for facts, distance, widest in zip(rows, distances, accumulate(openings, max), strict=True)
    ]


def _are_lifted(rows: Sequence[GraspFacts], limits: LiftLimits) -> list[bool]:
    """Carried at the height that the task asks for."""
    lifted: list[bool] = []
    before, lay_at_m = None, None
    for facts in rows:
        lay_at_m = find_rest(facts, before, lay_at_m, limits)
        lifted.append(is_lifted(facts, rows[0], lay_at_m, limits) and is_carried(facts, limits))
        before = facts
    return lifted


def _are_held(rows: Sequence[GraspFacts], lifted: Sequence[bool], hold_s: float) -> list[bool]:
    """Lifted for this long on end."""
    held: list[bool] = []
    since: float | None = None
    for facts, up in zip(rows, lifted, strict=True):
        since = (facts.time_s if since is None else since) if up else None
        held.append(since is not None and facts.time_s - since >= hold_s - 1e-9)
    return held
