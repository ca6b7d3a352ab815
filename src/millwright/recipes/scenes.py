"""What was played scene by scene: a file a scene, so that a recipe goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from millwright.core.workers import map_seeds
from millwright.recipes.recipe import write_json


def play_scenes(
    make_play: Callable[[], Callable[[int], list[Any]]], claims: Mapping[int, str], folder: Path, workers: int
) -> dict[int, list[Any]]:
    """What was played in each scene, as JSON gives it back; what the folder holds is not played again.

    Args:
        make_play: picklable; called once a worker, gives what plays the scene of a seed and tells what came out.
        claims: seed -> what decides its outcomes, as a digest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {seed: folder / f"{seed}.json" for seed in claims}
    missing = [seed for seed, claim in claims.items() if _load(files[seed]).get("claim") != claim]
    played = map_seeds(make_play, missing, workers)
    for seed, outcomes in track(played, "scenes", total=len(missing), console=Console(stderr=True)):
        write_json(files[seed], {"claim": claims[seed], "outcomes": outcomes})
    return {seed: _load(file)["outcomes"] for seed, file in files.items()}


def _load(file: Path) -> dict[str, Any]:
    """Nothing, of a file that is not there or not whole: its scene is played again."""
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) and isinstance(kept.get("outcomes"), list) else {}
