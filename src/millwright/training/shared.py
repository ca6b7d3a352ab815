"""Samples that share pictures: each picture is prepared and kept once, however many labels it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from millwright.processors.pipeline import Pipeline
from millwright.training.data import ArrayData
from millwright.training.prepare import Raw, prepare


def prepare_shared(
    pipeline: Pipeline,
    labels: Raw,
    pictures: Raw,
    number: NDArray[np.int64],
    *,
    target: str,
    keep: Sequence[str],
    chunk: int = 512,
) -> ArrayData:
    """As `prepare`; the processors that read a picture are those whose `image` is one of `pictures`.

    Args:
        labels: all but the pictures, an item for each label.
        pictures: feature -> (pictures, height, width, 3).
        number: (labels,) which picture each label is about.
        pipeline, target, keep, chunk: as for `prepare`.

    Raises:
        FeatureError: as `prepare`.
    """
    eyes = tuple(step for step in pipeline.inputs if getattr(step, "image", None) in pictures)
    rest = Pipeline(tuple(step for step in pipeline.inputs if step not in eyes), pipeline.outputs)
    seen = _see(Pipeline(eyes, ()), pictures, keep, chunk)
    made = prepare(rest, labels, target=target, keep=[name for name in keep if name not in seen], chunk=chunk)
    return ArrayData({**made.arrays, **dict.fromkeys(seen, number)}, {**made.tables, **seen})


def _see(eyes: Pipeline, pictures: Mapping[str, NDArray[Any]], keep: Sequence[str], chunk: int) -> dict[str, Any]:
    """What the eyes make of all pictures, of that what is kept."""
    parts: dict[str, list[NDArray[Any]]] = {}
    for start in range(0, len(next(iter(pictures.values()))), chunk):
        with torch.inference_mode():
            seen = eyes.observe(
                {name: torch.from_numpy(array[start : start + chunk]) for name, array in pictures.items()}
            )
        for name in set(keep) & (set(seen) - set(pictures)):
            parts.setdefault(name, []).append(seen[name].numpy())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}
