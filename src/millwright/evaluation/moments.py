"""Key moments of an episode: the start, just before the first touch, what decided it, the end; a drive's failure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from millwright.core.episode import Episode
from millwright.core.facts import DrivingFacts, GraspFacts
from millwright.evaluation.driving import AROUND, find_event


@dataclass(frozen=True)
class Moment:
    """A step worth a look, and why."""

    label: str
    index: int


def find_moments(episode: Episode) -> tuple[Moment, ...]:
    """The key moments in the order of time, at least the start and the end; those that coincide share a label.

    Of a drive they are the ticks around what its failure began with.
    """
    if isinstance(episode.steps[0].facts, DrivingFacts):
        return _surround_event(episode)
    touched, deciding = find_first_touch(episode), find_deciding_moment(episode)
    found = [Moment("start", 0)]
    if touched is not None:
        found.append(Moment("before the first touch", max(0, touched - 1)))
    if deciding is not None:
        found.append(deciding)
    found.append(Moment("end", len(episode) - 1))
    labels: dict[int, list[str]] = {}
    for moment in found:
        labels.setdefault(moment.index, []).append(moment.label)
    return tuple(Moment(" and ".join(labels[index]), index) for index in sorted(labels))


def _surround_event(episode: Episode) -> tuple[Moment, ...]:
    label, event = find_event([step.facts for step in episode.steps], episode.verdict.failure or "")
    ticks = range(max(0, event - AROUND), min(len(episode), event + AROUND + 1))
    return tuple(Moment(label if tick == event else f"{tick - event:+d} ticks", tick) for tick in ticks)


def find_first_touch(episode: Episode) -> int | None:
    """The first step at which a pad touches an object, or the robot pushes against something; None without any."""
    return next((step.index for step in episode.steps if _touches(step.facts)), None)


def find_deciding_moment(episode: Episode) -> Moment | None:
    """The step that decided how the episode ended; None if nothing tells.

    It is the step at which an event was noted that the class stands for, or which ended the episode. Where there was
    none, it is the step at which the target, once carried, was lost, or else the one at which it was nearest.
    """
    steps, last = episode.steps, len(episode) - 1
    named = next(index for index in range(last + 1) if _name_alike(episode, index))
    noted = named > 0 and _count_words(episode, named) > _count_words(episode, named - 1)
    if noted or named == last:
        return Moment("what decided it", named)
    carried = [index for index in range(last + 1) if steps[index].verdict.evidence.get("carried")]
    if carried and carried[-1] < last:
        return Moment("the target is lost", carried[-1] + 1)
    distances = [step.verdict.evidence.get("distance_m") for step in steps]
    if None in distances:
        return None
    return Moment("nearest to the target", int(np.argmin(np.array(distances, np.float64))))


def _name_alike(episode: Episode, index: int) -> bool:
    """From this step on, the verdict was always the last one's."""
    final = episode.steps[-1].verdict.failure
    return all(step.verdict.failure == final for step in episode.steps[index:])


def _count_words(episode: Episode, index: int) -> int:
    """How many events the judge had noted in words by this step."""
    return sum(isinstance(value, str) for value in episode.steps[index].verdict.evidence.values())


def _touches(facts: object) -> bool:
    if not isinstance(facts, GraspFacts):
        return False
    return bool(facts.pad_contacts.any() or facts.robot_collision or facts.max_contact_force_n > 0)
