"""Pipeline: all that happens between an observation and a network, and between a network and an action."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from millwright.core.errors import FeatureError, choose
from millwright.processors.base_frame import BaseFrame, FromBaseFrame
from millwright.processors.clip import Clip
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.grey import Grey
from millwright.processors.gripper import GripperChance, GripperSign
from millwright.processors.hand import HandAbsolute, HandRelative
from millwright.processors.joints import JointTargets
from millwright.processors.limit import Limit
from millwright.processors.normalise import Normalise, Unnormalise
from millwright.processors.pinhole_box import PinholeBox
from millwright.processors.place import PlaceInHand, PointInHand
from millwright.processors.processor import Batch, Invertible, Processor, need
from millwright.processors.resize import ResizeImage
from millwright.processors.road import RoadMask
from millwright.processors.steps import StepDelta, StepSum
from millwright.processors.text import EncodeText
from millwright.processors.window import Window

PROCESSORS: dict[str, type[Processor]] = {
    "grey": Grey,
    "prompt-crop": PromptCrop,
    "resize-image": ResizeImage,
    "road-mask": RoadMask,
    "pinhole-box": PinholeBox,
    "window": Window,
    "concat": Concat,
    "encode-text": EncodeText,
    "place-in-hand": PlaceInHand,
    "point-in-hand": PointInHand,
    "limit": Limit,
    "clip": Clip,
    "normalise": Normalise,
    "unnormalise": Unnormalise,
    "hand-relative": HandRelative,
    "hand-absolute": HandAbsolute,
    "base-frame": BaseFrame,
    "from-base-frame": FromBaseFrame,
    "step-delta": StepDelta,
    "step-sum": StepSum,
    "joint-targets": JointTargets,
    "gripper-sign": GripperSign,
    "gripper-chance": GripperChance,
}
"""Names in pipeline.json -> classes; a new processor needs a row here to travel in a bundle."""

TARGET = "target"
"""What a network predicts, as it predicts it (normalised, relative)."""
ACTION = "action"
"""The same as actions (batch, length, dof)."""


@dataclass(frozen=True)
class Pipeline:
    """`inputs` make a network's inputs from observations; `outputs` make actions from its prediction.

    The targets it is trained on are made by undoing `outputs`, so the two cannot disagree.
    """

    inputs: tuple[Processor, ...]
    outputs: tuple[Invertible, ...]

    @property
    def texts(self) -> tuple[EncodeText, ...]:
        """What encodes texts: it costs more than all the rest, and a text seldom changes."""
        return tuple(processor for processor in self.inputs if isinstance(processor, EncodeText))

    def observe(self, batch: Batch) -> dict[str, Any]:
        """Add the network's inputs to a batch of observations."""
        return _run(self.inputs, batch)

    def act(self, batch: Batch, prediction: Tensor) -> Tensor:
        """Actions (batch, length, dof) from what the network predicted for these observations."""
        return need(_run(self.outputs, {**batch, TARGET: prediction}), ACTION)

    def aim(self, batch: Batch, action: Tensor) -> dict[str, Any]:
        """Add the network's target for these observations, made from the actions it should have chosen."""
        undo = tuple(processor.inverse() for processor in reversed(self.outputs))
        return _run(undo, {**batch, ACTION: action})

    def to_files(self) -> dict[str, bytes]:
        """Content of `pipeline.json` and `pipeline.safetensors`."""
        tensors: dict[str, Tensor] = {}
        rows = {
            side: [_to_row(processor, f"{side}.{i}", tensors) for i, processor in enumerate(getattr(self, side))]
            for side in ("inputs", "outputs")
        }
        return {
            "pipeline.json": json.dumps(rows, indent=2, allow_nan=False).encode(),
            "pipeline.safetensors": safetensors.torch.save(tensors),
        }

    @staticmethod
    def from_files(files: dict[str, bytes]) -> Pipeline:
        """The inverse of `to_files`.

        Raises:
            FeatureError: the files do not fit together (a declared tensor is missing) or are broken.
            UnknownNameError: a processor that is in no table.
        """
        try:
            rows = json.loads(files["pipeline.json"])
            tensors = safetensors.torch.load(files["pipeline.safetensors"])
            inputs, outputs = rows["inputs"], rows["outputs"]
        except (ValueError, KeyError, TypeError, SafetensorError) as error:
            raise FeatureError(f"the pipeline's files cannot be read: {error!r}") from error
        return Pipeline(
            tuple(_from_row(row, tensors) for row in inputs), tuple(_from_row(row, tensors) for row in outputs)
        )


def _run(processors: tuple[Processor, ...], batch: Batch) -> dict[str, Any]:
    result = dict(batch)
    for processor in processors:
        result = processor(result)
    return result


def _to_row(processor: Processor, prefix: str, tensors: dict[str, Tensor]) -> dict[str, Any]:
    names = {kind: name for name, kind in PROCESSORS.items()}
    if type(processor) not in names:
        raise FeatureError(
            f"{type(processor).__name__} is in no table, so it cannot be written; processors: {', '.join(PROCESSORS)}"
        )
    row: dict[str, Any] = {"processor": names[type(processor)]}
    for field in fields(processor):
        value = getattr(processor, field.name)
        if isinstance(value, Tensor):
            tensors[f"{prefix}.{field.name}"] = value.contiguous()
            row[field.name] = {"tensor": f"{prefix}.{field.name}"}
        else:
            row[field.name] = value
    return row


def _from_row(row: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    kind = choose("processor", row["processor"], PROCESSORS)
    values = {name: value for name, value in row.items() if name != "processor"}
    for name, value in values.items():
        if isinstance(value, dict):
            if value["tensor"] not in tensors:
                raise FeatureError(
                    f"{row['processor']} declares {value['tensor']!r} for {row.get('name', name)!r}, but "
                    f"pipeline.safetensors holds only: {', '.join(sorted(tensors)) or 'nothing'}"
                )
            values[name] = tensors[value["tensor"]]
        else:
            values[name] = freeze(value)
    try:
        return kind(**values)
    except TypeError as error:
        raise FeatureError(f"{row['processor']}: {error}") from error


def freeze(value: Any) -> Any:
    """JSON's lists as tuples, all the way down."""
    return tuple(map(freeze, value)) if isinstance(value, list) else value
