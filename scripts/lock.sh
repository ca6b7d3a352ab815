#!/usr/bin/env bash
# Write requirements.lock from pyproject.toml: one set of versions for every machine, no index, no path, no CUDA;
# robosuite is in it, whose pins no other resolver than one with overrides can meet;
# and requirements-lerobot.lock, the same with LeRobot beside it.
# Versions already in the lock stay where pyproject.toml allows them; `scripts/lock.sh --upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
new=$(mktemp)
trap 'rm -f "$new"' EXIT

lock() { # which lock, where the version of torch stands, what to compile
    local lock=$1 torch=$2
    shift 2
    : >"$new"
    [ ! -f "$lock" ] || cp "$lock" "$new"
    .venv/bin/uv pip compile pyproject.toml --universal --fork-strategy fewest --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --quiet --output-file "$new" "$@"
    {
        echo "# Written by scripts/lock.sh. torch brings its own needs: they differ between its builds."
        # The build of torch decides what else it needs (nvidia-*, triton), so only its version is fixed here.
        grep -vE "^(#|torch==|nvidia-|cuda-|triton==)|'never'" "$new"
        grep -oE 'torch==[0-9.]+' "$torch"
    } >"$lock"
}

robosuite=(scripts/robosuite.in --override scripts/requirements.overrides)
lock requirements.lock pyproject.toml --extra dev --extra dashboard --extra serving --extra export --extra lift \
    --extra language --extra driving "${robosuite[@]}" \
    --python-version 3.11 "$@"
lock requirements-lerobot.lock scripts/lerobot.overrides scripts/lerobot.in --extra serving "${robosuite[@]}" \
    --override scripts/lerobot.overrides --python-version 3.12 "$@"
