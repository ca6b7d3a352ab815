"""Judging a recording again, from the facts it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from millwright.core.errors import DatasetError
from millwright.core.facts import restore_facts
from millwright.core.judging import Judge, Verdict, judge_facts
from millwright.datasets.dataset import Dataset

MakeFacts = Callable[[dict[str, NDArray[Any]], tuple[str, ...]], Any]


def load_facts(dataset: Dataset, index: int, make_facts: MakeFacts = restore_facts) -> list[Any]:
    """The facts of every tick of an episode, as the judge saw them.

    Args:
        index: number of the episode.
        make_facts: one tick's `facts.*` arrays and the objects' names -> facts.

    Raises:
        DatasetError: no such episode, or it holds no facts.
    """
    row = dataset.find_row(index)
    columns = dataset.episode(index, "facts.")
    if not columns:
        raise DatasetError(f"{dataset.root} holds no facts.* columns: it cannot be judged again")
    return [
        make_facts({name: column[tick] for name, column in columns.items()}, row.objects) for tick in range(row.length)
    ]


def judge_again(dataset: Dataset, index: int, judge: Judge, make_facts: MakeFacts = restore_facts) -> Verdict:
    """What `judge` says of a recorded episode. Arguments and errors as for `load_facts`."""
    return judge_facts(judge, load_facts(dataset, index, make_facts))
