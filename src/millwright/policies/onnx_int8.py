"""Eight bits: an export whose convolutions and layers count in int8, its ranges taken from observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from millwright.core.errors import import_extra
from millwright.core.features import Observation
from millwright.core.planner import Memory
from millwright.policies.onnx_bundle import OnnxBundle
from millwright.policies.onnx_export import replace_model

KINDS = ("Conv", "Gemm", "MatMul")
NETWORK = "network."
"""Before the weights of the network, as the exporter names them: all else stays in single precision."""


def quantise(bundle: OnnxBundle, films: Sequence[Sequence[Observation]]) -> OnnxBundle:
    """Static quantisation with zero points in the graph (QDQ), weights per channel; not tried yet.

    Args:
        films: observations of episodes, in order, from which the ranges of activations are taken.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
    """
    onnx: Any = import_extra("onnx", "export")
    quantisation: Any = import_extra("onnxruntime.quantization", "export")
    shape_inference: Any = import_extra("onnxruntime.quantization.shape_inference", "export")
    with TemporaryDirectory() as folder:
        plain, prepared, small = (Path(folder) / f"{name}.onnx" for name in ("plain", "prepared", "small"))
        plain.write_bytes(bundle.model)
        shape_inference.quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        quantisation.quantize_static(
            prepared, small, _Calibration(_feed(bundle, films)),
            quant_format=quantisation.QuantFormat.QDQ, per_channel=True,
            activation_type=quantisation.QuantType.QUInt8, weight_type=quantisation.QuantType.QInt8,
            nodes_to_quantize=_find_layers(onnx.load(prepared)),
        )  # fmt: skip
        return replace_model(bundle, small.read_bytes(), "int8")


class _Calibration:
    """What `quantize_static` reads: one call's inputs after the other, then None."""

    def __init__(self, feeds: Iterable[Mapping[str, Any]]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> Mapping[str, Any] | None:
        return next(self._feeds, None)


def _feed(bundle: OnnxBundle, films: Sequence[Sequence[Observation]]) -> Iterator[Mapping[str, Any]]:
    planner = bundle.planner()
    for film in films:
        memory: Memory = None
        for seen in film:
            yield planner.feed([seen], [memory])
            _, (memory,) = planner.plan([seen], [memory])


def _find_layers(model: Any) -> list[str]:
    return [
        node.name
        for node in model.graph.node
        if node.op_type in KINDS and any(name.startswith(NETWORK) for name in node.input)
    ]
