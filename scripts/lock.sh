#!/usr/bin/env bash
# Write requirements.lock from pyproject.toml: one set of versions for every machine, no index, no path, no CUDA.
# Versions already in the lock stay where pyproject.toml allows them; `scripts/lock.sh --upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
new=$(mktemp)
trap 'rm -f "$new"' EXIT
[ -f requirements.lock ] && cp requirements.lock "$new"
.venv/bin/uv pip compile pyproject.toml --extra dev --extra dashboard --universal --python-version 3.11 --fork-strategy fewest \
    --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet --output-file "$new" "$@"
{
    echo "# Written by scripts/lock.sh. torch brings its own needs: they differ between its builds."
    # The build of torch decides what else it needs (nvidia-*, triton), so only its version is fixed here.
    grep -vE '^(#|torch==|nvidia-|cuda-|triton==)' "$new"
    sed -nE 's/.*"(torch==[0-9.]+)".*/\1/p' pyproject.toml
} >requirements.lock
