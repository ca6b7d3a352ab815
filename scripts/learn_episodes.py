"""Play one scene with the shipped policy at every length of execution, into the teaching page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import millwright
from millwright.catalog import SHIPPED, USUAL
from millwright.core.features import Observation
from millwright.core.planner import Chunk, Memory, Planner
from millwright.policies.bundle import load_bundle, load_manifest
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.hand_targets import HandTargets

FILE = Path(millwright.__file__).parent / "dashboard" / "static" / "learn" / "episodes.js"
POLICY, TARGET, SEED = "brick-pick", "red", 7001
LENGTH, LINGER = 16, 4
UNIT_M = 1e-4
SHOWN = [0, 1, 2, 7]
"""Of a hand target: x, y, z and the opening; the page draws no turning."""


def main() -> None:
    """Write the file; the page loads it as a script, since a page opened from disk may not fetch data."""
    env = millwright.make_env("brick-table")
    about = {"policy": POLICY, "digest": load_manifest(SHIPPED / POLICY).id, "seed": SEED, "target": TARGET}
    about |= {"execute": USUAL.execute, "blend": USUAL.blend, "rate_hz": env.metadata["control_hz"], "unit_m": UNIT_M}
    rows = ",\n".join(json.dumps(record(env, execute), separators=(",", ":")) for execute in range(1, LENGTH + 1))
    head = "// Real episodes of the shipped policy, written by scripts/learn_episodes.py."
    note = "// Numbers are differences from tick to tick, in units of unit_m."
    FILE.write_text(
        f'{head}\n{note}\n"use strict";\nconst EPISODES = {json.dumps(about)[:-1]}, "episodes": [\n{rows}\n]}};\n'
    )
    print(f"{FILE.stat().st_size / 1000:.0f} kB")


class Listening(Planner):
    """A planner that keeps every plan it gave, before the player blends it with the one before."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.inputs, self.action, self.rate_hz = planner.inputs, planner.action, planner.rate_hz
        self.plans: list[np.ndarray] = []

    def plan(self, observations: Sequence[Observation], memories: Sequence[Memory]) -> tuple[list[Chunk], list[Memory]]:
        chunks, kept = self._planner.plan(observations, memories)
        self.plans += [chunk.actions for chunk in chunks]
        return chunks, kept


def record(env: Any, execute: int) -> dict[str, Any]:
    """One episode: every plan, where the hand and the brick were at each tick, and how it ended."""
    planner = Listening(load_bundle(SHIPPED / POLICY).planner(threads=1))
    policy = HandTargets(ChunkPlayer(planner, execute, USUAL.blend, name=POLICY))
    judge = millwright.make_judge("brick-table")
    episode = millwright.run_episode(env, policy, judge, SEED, options={"target": TARGET}, linger=LINGER)
    facts = [step.facts for step in episode.steps]
    return {
        "execute": execute,
        "success": episode.verdict.success,
        "failure": episode.verdict.failure,
        "plans": [encode(plan[:, SHOWN]) for plan in planner.plans],
        "hand": encode([[*fact.hand_pose[:3], fact.opening_m] for fact in facts]),
        "brick": encode([fact.positions[fact.target] for fact in facts]),
    }


def encode(rows: ArrayLike) -> list[list[int]]:
    """Columns of (ticks, n) in units of UNIT_M, each as its first value and then the differences."""
    columns = np.round(np.asarray(rows) / UNIT_M).astype(int).T
    return [np.diff(column, prepend=0).tolist() for column in columns]


if __name__ == "__main__":
    main()
