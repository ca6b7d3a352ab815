#!/usr/bin/env bash
# Write the Python of src/millwright/serving/protos/*.proto anew, or into the folder that is given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-src}
.venv/bin/python -m grpc_tools.protoc -I src --python_out="$out" --pyi_out="$out" src/millwright/serving/protos/*.proto
