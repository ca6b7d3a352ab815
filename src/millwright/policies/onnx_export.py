"""Export: a bundle as one ONNX graph, from observations to actions, with its memory as inputs and outputs."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor, nn

from millwright.core.errors import BundleError, import_extra
from millwright.nets.parameters import count_parameters
from millwright.policies.bundle import Bundle
from millwright.policies.denoising import Denoising
from millwright.policies.network import FIRST, PAST
from millwright.policies.networks import describe_network
from millwright.policies.onnx_bundle import OnnxBundle
from millwright.policies.onnx_planner import BEGUN, MEMORY, NEXT
from millwright.processors.text import EncodeText

OPSET = 18
"""The one torch's exporter writes itself; ONNX Runtime has had it since 1.14."""
BATCH = 2
"""Robots in the example. One would be taken for a constant."""


def export_onnx(bundle: Bundle) -> OnnxBundle:
    """The bundle for ONNX Runtime, in single precision. It was not tried yet: `accepted` is None.

    Raises:
        MissingExtraError: the exporter is not installed.
        BundleError: the network does what ONNX cannot hold; says what, and which bundles export.
    """
    for module in ("onnx", "onnxscript"):
        import_extra(module, "export")
    if isinstance(bundle.network, Denoising) and bundle.network.config.temperature:
        raise BundleError(
            f"{describe_network(bundle.network)['network']} draws its noise from what it sees, which ONNX cannot hold; "
            "bundles of it export with temperature=0, those of all other networks do as they are"
        )
    graph = _Graph(bundle)
    example = graph.make_example()
    with torch.no_grad():
        graph(list(example.values()))  # works out what is kept between calls, from true numbers
        model = _write(graph, example)
    config = _describe(bundle, graph.encoders)
    original = bundle.make_manifest()
    contents = {"model.onnx": model, "config.json": config}
    manifest = replace(
        original,
        digests={name: sha256(content).hexdigest() for name, content in contents.items()},
        lineage={**bundle.lineage, "exported_from": bundle.planner().digest},
        runtime="onnx",
    )
    return OnnxBundle(model, config, manifest)


def replace_model(bundle: OnnxBundle, model: bytes, precision: str) -> OnnxBundle:
    """The same around another graph with the same inputs and outputs; not tried yet."""
    config = json.dumps({**bundle.config, "precision": precision}, indent=2, allow_nan=False).encode()
    digests = {"model.onnx": sha256(model).hexdigest(), "config.json": sha256(config).hexdigest()}
    return OnnxBundle(model, config, replace(bundle.manifest, digests=digests, accepted=None))


class _Graph(nn.Module):
    """All of `NetworkPlanner.plan`, memory included, as a function of tensors alone.

    Reads the observation's numbers, embeddings of its texts, and of each name that is remembered what it was; gives
    the action, and what is to be remembered.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.network = bundle.network.eval()
        self.pipeline = replace(
            bundle.pipeline, inputs=tuple(p for p in bundle.pipeline.inputs if not isinstance(p, EncodeText))
        )
        self.encoders = bundle.pipeline.texts
        self.features = [feature for feature in bundle.inputs.values() if not feature.is_text]
        network = bundle.network
        self.memories = (*(FIRST + name for name in network.remembered), *(PAST + name for name in network.kept))
        self.names: tuple[str, ...] = ()

    def make_example(self) -> dict[str, Tensor]:
        """An input of the right shapes; quaternions must not be 0."""
        example = {
            feature.name: torch.full((BATCH, *feature.shape), 0.5).to(getattr(torch, feature.dtype))
            for feature in self.features
        }
        example |= {encoder.to: encoder.encode(["pick"] * BATCH) for encoder in self.encoders}
        self.names = tuple(example)
        with torch.no_grad():
            batch = self._see(example)
            now = {FIRST + name: batch[name] for name in self.network.remembered}
            now |= {PAST + name: self._look_back(batch[name], name) for name in self.network.kept}
        example |= {MEMORY + name: value.clone() for name, value in now.items()}
        if self.memories:
            example[BEGUN] = torch.tensor([[True]] + [[False]] * (BATCH - 1))
        self.names = tuple(example)
        return example

    @property
    def outputs(self) -> list[str]:
        return ["action", *(NEXT + name for name in self.memories)]

    def forward(self, values: list[Tensor]) -> tuple[Tensor, ...]:
        given = dict(zip(self.names, values, strict=True))
        batch = self._see(given)
        for name in self.memories:
            now = batch[name.removeprefix(FIRST).removeprefix(PAST)]
            fresh = now if name.startswith(FIRST) else self._look_back(now, name.removeprefix(PAST))
            begun = given[BEGUN].view(-1, *[1] * (fresh.ndim - 1))
            batch[name] = torch.where(begun, given[MEMORY + name], fresh)
        batch.update(self.network.carry(batch))
        following = [self._push(batch, name) for name in self.memories]
        return self.pipeline.act(batch, self.network.sample(batch)), *following

    def _push(self, batch: Mapping[str, Tensor], name: str) -> Tensor:
        """What is to be remembered under a name: of what was kept, the newest in place of the oldest."""
        if name.startswith(FIRST):
            return batch[name]
        return torch.cat((batch[name][:, 1:], batch[name.removeprefix(PAST)].unsqueeze(1)), 1)

    def _see(self, given: Mapping[str, Tensor]) -> dict[str, Any]:
        batch = self.pipeline.observe(given)
        return {**batch, **self.network.look(batch)}

    def _look_back(self, now: Tensor, name: str) -> Tensor:
        """Before there was anything, all was as it is now: (batch, earlier, ...)."""
        return now.unsqueeze(1).expand(-1, self.network.kept[name], *now.shape[1:])


def _write(graph: _Graph, example: Mapping[str, Tensor]) -> bytes:
    axis = [{0: "batch"} for _ in example]
    try:
        with _quiet():
            program = torch.onnx.export(
                graph, (list(example.values()),), dynamo=True, opset_version=OPSET, dynamic_shapes=(axis,),
                input_names=list(example), output_names=graph.outputs, verbose=False,
            )  # fmt: skip
    except torch.onnx.OnnxExporterError as error:
        raise BundleError(f"the bundle cannot be written as ONNX: {error.__cause__ or error}") from error
    assert program is not None
    return _strip(program.model_proto)


def _strip(model: Any) -> bytes:
    """Without what the exporter notes of source files and their folders: the same bundle gives the same bytes."""
    graphs = [model.graph, *model.functions]
    for graph in graphs:
        for part in (graph, *graph.node, *getattr(graph, "input", ()), *graph.value_info):
            if hasattr(part, "metadata_props"):
                del part.metadata_props[:]
    for value in (*model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    del model.metadata_props[:]
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _describe(bundle: Bundle, encoders: Sequence[EncodeText]) -> bytes:
    own = json.loads(bundle.to_files()["config.json"])
    rows = [{field.name: getattr(encoder, field.name) for field in fields(encoder)} for encoder in encoders]
    pipeline = json.loads(bundle.pipeline.to_files()["pipeline.json"])
    parts = {name: list(count) for name, count in count_parameters(bundle.network).items()}
    told = {**own, "precision": "fp32", "texts": rows, "pipeline": pipeline, "parts": parts}
    return json.dumps(told, indent=2, allow_nan=False).encode()


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter logs and warns of what it lacks and of its own names; what fails it raises."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
