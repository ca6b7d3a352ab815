"""Runs what is deterministic once over all data before training, and takes the statistics it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import FeatureError
from millwright.policies.network import FIRST, PAST
from millwright.processors.normalise import Normalise, Unnormalise, compute_statistics
from millwright.processors.pipeline import TARGET, Pipeline
from millwright.processors.processor import Invertible, Processor
from millwright.processors.text import EncodeText
from millwright.training.data import ArrayData

Raw = Mapping[str, NDArray[Any]]
"""Feature name -> (samples, ...) as on disk, in memory or memory-mapped."""
_TEXTS = 256
"""Encoded at a time."""


def prepare(
    pipeline: Pipeline,
    raw: Raw,
    *,
    target: str,
    keep: Sequence[str],
    first: NDArray[np.int64] | None = None,
    chunk: int = 512,
) -> ArrayData:
    """What a network trains on: the pipeline's inputs and the target, made once for all samples.

    Args:
        raw: the observations that the pipeline reads, and the array `target`.
        target: which of `raw` holds the actions to learn (samples, length, dof), `label.plan` for example.
        keep: which of the pipeline's results the network reads; `first.NAME` is `NAME` at the start of the episode,
            `past.NAME` is left to `HistoryData`. Texts are encoded once each, into the data's tables.
        first: (samples,) index of the sample that began each one's episode; needed where something is remembered.
        chunk: samples at a time.

    Raises:
        FeatureError: an array is missing (lists those there), or all are empty.
    """
    remembered = [name for name in keep if name.startswith(FIRST)]
    if remembered and first is None:
        raise FeatureError(f"to prepare {', '.join(remembered)} give `first`, where each sample's episode began")
    num_samples = ArrayData(raw).num_samples
    encoders = pipeline.texts
    made, tables = _encode_texts(encoders, raw)
    beside = {*remembered, *tables, *(name for name in keep if name.startswith(PAST))}
    wanted = (*(name for name in keep if name not in beside), TARGET)
    pipeline = Pipeline(tuple(step for step in pipeline.inputs if step not in encoders), pipeline.outputs)
    read = {encoder.text for encoder in encoders}
    numbers = {name: array for name, array in raw.items() if name not in read}
    for start in range(0, num_samples, chunk):
        batch = {name: torch.from_numpy(np.array(array[start : start + chunk])) for name, array in numbers.items()}
        if target not in batch:
            raise FeatureError(f"no array {target!r} to learn from; arrays: {', '.join(raw)}")
        with torch.inference_mode():
            results = pipeline.aim(pipeline.observe(batch), batch[target])
        _refuse_missing(wanted, results)
        for name in wanted:
            values = results[name].numpy()
            if name not in made:
                made[name] = np.empty((num_samples, *values.shape[1:]), values.dtype)
            made[name][start : start + len(values)] = values
    made.update({name: made[name.removeprefix(FIRST)][first] for name in remembered})
    return ArrayData(made, tables)


def _encode_texts(encoders: Sequence[EncodeText], raw: Raw) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Each distinct text encoded once: which one each sample has, and what they were encoded as."""
    made: dict[str, NDArray[Any]] = {}
    tables: dict[str, NDArray[Any]] = {}
    for encoder in encoders:
        if encoder.text not in raw:
            raise FeatureError(f"no array {encoder.text!r} of texts to encode; arrays: {', '.join(raw)}")
        texts, made[encoder.to] = np.unique(raw[encoder.text].astype(str), return_inverse=True)
        parts = [encoder.encode(texts[start : start + _TEXTS].tolist()) for start in range(0, len(texts), _TEXTS)]
        tables[encoder.to] = torch.cat(parts).numpy()
    return made, tables


def fit_pipeline(
    raw: Raw,
    inputs: Sequence[Processor],
    outputs: Sequence[Invertible],
    *,
    target: str,
    keep: Sequence[str],
    normalise: Sequence[str] = ("proprio",),
    limit: float = 5.0,
    per_step: bool = True,
    plain: Sequence[int] = (),
    first: NDArray[np.int64] | None = None,
    chunk: int = 512,
) -> tuple[Pipeline, ArrayData]:
    """A pipeline with statistics of this data, and the data as that pipeline prepares it.

    Args:
        inputs, outputs: the processors without those that normalise.
        normalise: results to be normalised, per dimension, within +-`limit` deviations; the target always is, per
            step and dimension, without limit.
        per_step: else the target's steps share the statistics of each dimension.
        plain: dimensions of the target that stay as they are, probabilities for example.
        raw, target, keep, first, chunk: as for `prepare`.

    Raises:
        FeatureError: an array is missing, or `normalise` names one that no processor makes.
    """
    _refuse_missing(normalise, dict.fromkeys(keep))
    data = prepare(Pipeline(tuple(inputs), tuple(outputs)), raw, target=target, keep=keep, first=first, chunk=chunk)
    before: list[Processor] = []
    for name in normalise:
        statistics = compute_statistics(torch.from_numpy(data.arrays[name]))
        before.append(Normalise(name, statistics.mean, statistics.std, limit))
    after = _make_unnormalise(torch.from_numpy(data.arrays[TARGET]), per_step, plain)
    batch = {name: torch.from_numpy(array) for name, array in data.arrays.items()}
    for processor in (*before, after.inverse()):
        batch = processor(batch)
    normalised = {name: value.numpy() for name, value in batch.items()}
    return Pipeline((*inputs, *before), (after, *outputs)), ArrayData(normalised, data.tables)


def _make_unnormalise(target: Tensor, per_step: bool, plain: Sequence[int]) -> Unnormalise:
    statistics = compute_statistics(target if per_step else target.flatten(0, 1))
    mean, std = (value.expand(target.shape[1:]).clone() for value in (statistics.mean, statistics.std))
    mean[:, list(plain)], std[:, list(plain)] = 0.0, 1.0
    return Unnormalise(TARGET, mean, std)


def _refuse_missing(names: Iterable[str], made: Mapping[str, Any]) -> None:
    missing = [name for name in names if name not in made]
    if missing:
        raise FeatureError(f"nothing makes {', '.join(missing)}; there are: {', '.join(made)}")
