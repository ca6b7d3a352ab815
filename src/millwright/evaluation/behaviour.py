"""Behaviour: how many episodes came how far towards what the task asks for, and successes that showed none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from millwright.evaluation.failures import list_failures
from millwright.evaluation.statistics import Interval, wilson
from millwright.evaluation.words import percent

Row = Mapping[str, Any]
"""One of the `verdicts` in a result's JSON: `seed`, `success`, `failure` and `stages`, name -> s or None."""


@dataclass(frozen=True)
class StageCount:
    """One stage over an evaluation."""

    name: str
    about: str
    episodes: int
    reached: tuple[int, ...]
    """Seeds of the episodes that reached it."""
    successes: int
    """Of those that reached it."""
    stopped: Mapping[str, tuple[int, ...]]
    """Failure class -> seeds of the failed episodes that reached the stage before, and not this one."""

    @property
    def interval(self) -> Interval:
        """95% Wilson interval of the share of episodes that reached it."""
        return wilson(len(self.reached), self.episodes)

    def to_json(self) -> dict[str, Any]:
        """Counts alone."""
        return {
            "name": self.name,
            "about": self.about,
            "reached": len(self.reached),
            "interval": list(self.interval),
            "successes": self.successes,
            "stopped": {failure: len(seeds) for failure, seeds in self.stopped.items()},
        }


@dataclass(frozen=True)
class Behaviour:
    """All stages, in their order; those who reached one have reached all before it."""

    stages: tuple[StageCount, ...]
    past_all: Mapping[str, tuple[int, ...]]
    """Failure class -> seeds of the failed episodes that reached every stage."""
    unsupported: Mapping[str, tuple[int, ...]]
    """Stage -> seeds of the successes, so the judge says, that did not reach it."""

    def to_json(self) -> dict[str, Any]:
        """As `behaviour` in a result's JSON."""
        return {
            "stages": [stage.to_json() for stage in self.stages],
            "past_all": {failure: len(seeds) for failure, seeds in self.past_all.items()},
            "unsupported": {stage: list(seeds) for stage, seeds in self.unsupported.items()},
        }


def count_stages(rows: Sequence[Row], about: Mapping[str, str]) -> Behaviour:
    """Count the stages of the `verdicts` of a result's JSON; `about` says what each stage asks for, in their order."""
    names = tuple(about)
    stopped = {row["seed"]: find_stop(row, names) for row in rows}
    stages = []
    for place, name in enumerate(names):
        reached = [row for row in rows if stopped[row["seed"]] not in names[: place + 1]]
        here = [row for row in rows if stopped[row["seed"]] == name]
        seeds, successes = tuple(row["seed"] for row in reached), sum(row["success"] for row in reached)
        stages.append(StageCount(name, about[name], len(rows), seeds, successes, list_failures(here)))
    fell_short = [(stopped[row["seed"]], row["seed"]) for row in rows if row["success"]]
    unsupported = {name: tuple(seed for stop, seed in fell_short if stop == name) for name in names}
    return Behaviour(
        tuple(stages),
        list_failures([row for row in rows if stopped[row["seed"]] is None]),
        {name: seeds for name, seeds in unsupported.items() if seeds},
    )


def find_stop(row: Row, names: Sequence[str]) -> str | None:
    """The first of these stages that the episode did not reach; None if it reached them all."""
    return next((name for name in names if row["stages"][name] is None), None)


def tabulate(behaviour: Behaviour) -> list[str]:
    """Lines of a table for a terminal: a stage each, and a warning where successes lack a stage."""
    lines = [f"{'stage':<12} {'reached':<20} {'95% interval':<17} failed before it"]
    for stage in behaviour.stages:
        count, (low, high) = len(stage.reached), stage.interval
        rate = f"{count}/{stage.episodes} = {percent(count / stage.episodes)}"
        interval = f"{percent(low)} to {percent(high)}"
        lines.append(f"{stage.name:<12} {rate:<20} {interval:<17} {say_failures(stage.stopped) or '-'}")
    if behaviour.past_all:
        lines.append(f"failed although they came past all stages: {say_failures(behaviour.past_all)}")
    return lines + [f"careful: {text}" for text in say_unsupported(behaviour)]


def say_failures(failures: Mapping[str, Sequence[int]]) -> str:
    """`2 miss, 1 slip`."""
    return ", ".join(f"{len(seeds)} {failure}" for failure, seeds in failures.items())


def say_unsupported(behaviour: Behaviour) -> list[str]:
    """A sentence for each stage that the judge did not ask of its successes."""
    about = {stage.name: stage.about for stage in behaviour.stages}
    return [
        f"{len(seeds)} called a success by the judge, but it was never seen that {about[stage]}"
        for stage, seeds in behaviour.unsupported.items()
    ]
