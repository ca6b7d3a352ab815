"""Measuring of a trained cell: scenes it never saw, where its plans end, and whether it looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from millwright.catalog import Player, make_env
from millwright.evaluation.aiming import measure_aiming
from millwright.evaluation.asking import Asked
from millwright.evaluation.result import Result
from millwright.evaluation.scene_view import make_view
from millwright.evaluation.suite import evaluate
from millwright.policies.bundle import load_bundle
from millwright.recipes.brick_pick import ENV
from millwright.recipes.study.setup import Setup

REACHED_M = 0.03
"""Fingertips that come this near to the middle of a brick went to it: bricks lie at least 7 cm apart."""
EYES = ("other-scene", "grey")
"""What the anchors are shown instead of what they look at."""


def play(setup: Setup, bundle: Path, seeds: range, eyes: str = "") -> dict[str, Any]:
    """Play a trained cell and count."""
    options = setup.recording.played_options
    player = Player(ENV, options, str(bundle), eyes=eyes, execute=setup.execute, blend=setup.blend)
    return count(evaluate(player, seeds, claim=player.describe(), progress=False))


def count(result: Result) -> dict[str, Any]:
    """What the study keeps of a result."""
    distances = {
        name: result.values(f"{name}_m") for name in ("final_distance", "final_wrist_distance", "min_distance")
    }
    return {
        "episodes": len(result.episodes),
        "successes": result.successes,
        "interval": list(result.interval),
        "failures": result.failures,
        "reached": sum(distance < REACHED_M for distance in distances["min_distance"]),
        **{f"{name}_mm": round(1e3 * float(np.mean(values)), 1) for name, values in distances.items()},
        "succeeded": [episode.seed for episode in result.episodes if episode.success],
    }


def aim(options: Mapping[str, Any], bundle: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Where the first plans of a trained cell end."""
    planner = load_bundle(bundle).planner()
    env = make_env(ENV, **options)
    view = make_view(env)

    def plan(asked: Asked) -> NDArray[np.float32]:
        return planner.plan([asked.observation], [None])[0][0].actions

    try:
        return measure_aiming(plan, env, view, seeds).to_json()
    finally:
        view.close()
        env.close()
