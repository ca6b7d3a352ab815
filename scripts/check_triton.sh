#!/usr/bin/env bash
# Parse every config.pbtxt under a folder with Triton's own protobuf, in an environment of its own (it caps protobuf):
# scripts/check_triton.sh MODELS. No server is run.
set -euo pipefail
models=${1:?which folder? scripts/check_triton.sh MODELS}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${TRITON_ENV:-$here/.triton}
if ! "$target/bin/python" -c 'import tritonclient.grpc.model_config_pb2' 2>/dev/null; then
    "${PYTHON:-python3}" -m venv "$target"
    "$target/bin/python" -m pip install --quiet --disable-pip-version-check 'tritonclient[grpc]>=2.50'
fi
"$target/bin/python" - "$models" <<'PYTHON'
import sys
from pathlib import Path

from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig

files = sorted(Path(sys.argv[1]).rglob("config.pbtxt"))
assert files, f"no config.pbtxt under {sys.argv[1]}"
for file in files:
    config = text_format.Parse(file.read_text(), ModelConfig())
    assert config.name == file.parent.name, f"{file}: name is {config.name!r}, its folder {file.parent.name!r}"
    versions = [path for path in file.parent.iterdir() if path.is_dir() and path.name.isdecimal()]
    assert versions, f"{file.parent}: no folder of a version"
    for version in versions:
        assert (version / config.default_model_filename).is_file(), f"{version}: no {config.default_model_filename}"
    assert config.backend == "onnxruntime"
    assert config.max_batch_size > 0
    assert config.HasField("dynamic_batching")
    assert config.instance_group[0].count
    sides = {"in": config.input, "out": config.output}
    told = [f"{side} {io.name} {DataType.Name(io.data_type)} {list(io.dims)}" for side in sides for io in sides[side]]
    print(f"{file}: {config.name}, versions {', '.join(path.name for path in versions)}; {'; '.join(told)}")
PYTHON
