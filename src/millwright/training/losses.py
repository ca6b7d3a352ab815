"""The file of losses that a training leaves, as rows of numbers; to read it needs nothing else of training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOSSES = "losses.jsonl"


def load_losses(out: Path) -> list[dict[str, Any]]:
    """The rows of a training so far, oldest first."""
    return [json.loads(line) for line in read_lines(out / LOSSES)]


def read_lines(file: Path) -> list[str]:
    """Complete lines; a last one without its end was cut off by a crash."""
    lines = file.read_text().splitlines(keepends=True) if file.is_file() else []
    return [line for line in lines if line.endswith("\n")]
