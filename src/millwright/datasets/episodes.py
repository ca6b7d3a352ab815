"""load_episode: a recorded episode as it was played, to be looked at again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.core.episode import Episode, Label, Step
from millwright.core.errors import DatasetError
from millwright.core.facts import restore_facts
from millwright.core.judging import Judge
from millwright.datasets.dataset import Dataset
from millwright.datasets.rejudging import MakeFacts, load_facts

OBSERVATION, PLAN = "observation.", "label.plan"


def load_episode(dataset: Dataset, index: int, judge: Judge, make_facts: MakeFacts = restore_facts) -> Episode:
    """An episode of a dataset with everything that was recorded of it.

    What the driver planned is not recorded, only what the labeller planned. The episode's verdict is the recorded one;
    those of its steps are what `judge` says now, from the recorded facts.

    Args:
        index: number of the episode.
        make_facts: one tick's `facts.*` arrays and the objects' names -> facts.

    Raises:
        DatasetError: no such episode, it holds no facts, no seed or no verdict, or its videos are damaged.
    """
    facts = load_facts(dataset, index, make_facts)
    row = dataset.find_row(index)
    if row.verdict is None or row.seed is None:
        raise DatasetError(f"episode {index} of {dataset.root} has no seed or no verdict: not recorded by millwright")
    columns = dataset.episode(index)
    films = {camera: dataset.film(index, camera) for camera in dataset.cameras}
    seen = {name: column for name, column in {**films, **columns}.items() if name.startswith(OBSERVATION)}
    labels = _load_labels(columns)
    judge.reset()
    steps = []
    for tick in range(row.length):
        judge.see(facts[tick])
        steps.append(
            Step(
                index=tick,
                time_s=tick / dataset.fps,
                observation={**{name: column[tick] for name, column in seen.items()}, "task": row.task},
                facts=facts[tick],
                action=columns["executed_action"][tick],
                label=labels[tick],
                reward=float(columns["next.reward"][tick, 0]),
                plan=None,
                verdict=judge.verdict(),
            )
        )
    return Episode(tuple(steps), row.verdict, row.seed, row.task, row.metrics, row.provenance)


def _load_labels(columns: dict[str, NDArray[Any]]) -> list[Label | None]:
    """One a frame; none at all where nobody labelled, so that `action` only repeats what was executed."""
    actions, plans = columns["action"], columns.get(PLAN)
    if plans is None and np.array_equal(actions, columns["executed_action"]):
        return [None] * len(actions)
    return [Label(action, None if plans is None else plans[tick]) for tick, action in enumerate(actions)]
