"""Triton: a model repository for NVIDIA's Triton Inference Server around an exported bundle."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from millwright.core.errors import BundleError, OptionError
from millwright.policies.loading import load_bundle
from millwright.policies.onnx_bundle import OnnxBundle
from millwright.policies.onnx_planner import make_session

NAME = re.compile(r"[\w.-]+", re.ASCII)
"""Of a model: it stands in quotes in its configuration, and in clients' addresses."""
VERSION = "1"
MAX_BATCH, MAX_DELAY_US = 32, 500
"""Robots in one call, and how long the first of them waits for others."""
TYPES = {
    "tensor(float)": "TYPE_FP32",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(bool)": "TYPE_BOOL",
    "tensor(int64)": "TYPE_INT64",
}
CONFIG = """\
name: "{name}"
backend: "onnxruntime"
default_model_filename: "model.onnx"
max_batch_size: {batch}
version_policy: {{ latest: {{ num_versions: 2 }} }}
{inputs}
{outputs}
dynamic_batching {{ max_queue_delay_microseconds: {delay} }}
instance_group [ {{ kind: KIND_CPU count: 1 }} ]
parameters {{ key: "intra_op_thread_count" value: {{ string_value: "1" }} }}
parameters {{ key: "millwright_digest" value: {{ string_value: "{digest}" }} }}
"""
"""Protobuf's text format of `inference.ModelConfig`."""


def write_repository(folder: Path, out: Path, name: str = "") -> Path:
    """Write `out/NAME/config.pbtxt` and `out/NAME/1/model.onnx`; other models in `out` stay.

    Args:
        folder: of an exported bundle that was accepted.
        name: of the model; "": the folder's.

    Raises:
        BundleError: the bundle is damaged, no export, or was not accepted.
        OptionError: the name is none for a model, or `out` holds something of that name that is none.
    """
    name = name or folder.resolve().name
    if not NAME.fullmatch(name):
        raise OptionError(f"{name!r} is no name for a model, which is its folder's: letters, digits, dots, dashes")
    bundle = load_bundle(folder, accepted=True)
    if not isinstance(bundle, OnnxBundle):
        raise BundleError(
            f"Triton runs exports: `millwright export {folder} --to onnx` first, then export what that wrote"
        )
    model = out / name
    if model.exists() and not (model / "config.pbtxt").is_file():
        raise OptionError(f"{model} is there and is no model of Triton's; give another --out")
    shutil.rmtree(model, ignore_errors=True)
    (model / VERSION).mkdir(parents=True)
    (model / VERSION / "model.onnx").write_bytes(bundle.model)
    (model / "config.pbtxt").write_text(write_config(bundle, model.name))
    return model


def write_config(bundle: OnnxBundle, name: str) -> str:
    """The text of `config.pbtxt`."""
    session = make_session(bundle.model, 1)
    return CONFIG.format(
        name=name,
        batch=MAX_BATCH,
        delay=MAX_DELAY_US,
        digest=bundle.manifest.id,
        inputs="\n".join(_describe("input", node) for node in session.get_inputs()),
        outputs="\n".join(_describe("output", node) for node in session.get_outputs()),
    )


def _describe(side: str, node: Any) -> str:
    """An input or output, without the batch's axis, which Triton adds."""
    dims = ", ".join(str(size) for size in node.shape[1:])
    return f'{side} [ {{ name: "{node.name}" data_type: {TYPES[node.type]} dims: [ {dims} ] }} ]'
