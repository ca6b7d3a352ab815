"""brick-clear: from nothing to a policy that clears the table into a tray, twelve picks in a row without help."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from millwright.catalog import Clearer, Player, make_env
from millwright.evaluation.clearing import ReduceClearing, from_json, summarise
from millwright.evaluation.provenance import collect_provenance, compute_claim_digest
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.limit import Limit
from millwright.processors.place import PlaceInHand, PointInHand
from millwright.processors.processor import Processor
from millwright.processors.window import Window
from millwright.recipes.brick_pick import BOX, IMAGE, POSE, STATE, BrickPick
from millwright.recipes.recipe import describe_command
from millwright.recipes.scenes import play_scenes
from millwright.robots import ur5e

ANCHOR, PLACE = "observation.anchor", "observation.place"
HELD_PX = 24
"""Side of the window between the fingers: enough to see whether they hold something."""


@dataclass(frozen=True)
class BrickClear(BrickPick):
    """Record perturbed demonstrations of putting bricks into a tray, train, and clear whole tables.

    Demonstrations begin in the middle of clearing: bricks in the tray, the arm where it put the last one. The report is
    about tables: every scene of `seeds` is cleared with as many picks as there are bricks, each pointed at by a click
    on one of those left; whatever a failed pick left behind stays.
    """

    name: ClassVar[str] = "brick-clear"
    env: ClassVar[str] = "brick-clear"
    judge: ClassVar[str] = "place"
    read: ClassVar[tuple[str, ...]] = (IMAGE, BOX, POSE, STATE, ANCHOR, PLACE)
    recorded: ClassVar[Mapping[str, Any]] = {"restless": True, "underway": True}
    crops: ClassVar[tuple[Processor, ...]] = (
        PromptCrop(), Limit("region", 2.0), Window(size=HELD_PX, to="image"), PointInHand(), PlaceInHand(),
    )  # fmt: skip
    numbers: ClassVar[Concat] = Concat((("anchor", ()), (POSE, (2,)), (STATE, (6,)), ("place", ())))
    num_numbers: ClassVar[int] = 8
    sizes: ClassVar[Mapping[str, Any]] = {
        "proprio_widths": (128, 128),
        "image_size": HELD_PX,
        "image_channels": (16, 32, 32),
    }
    linger: ClassVar[int] = 4
    measured: ClassVar[tuple[str, ...]] = ("summary.json",)
    scenes_a_seed: ClassVar[int] = 1600
    about: ClassVar[str] = "clear the table into a tray, twelve picks in a row without help, within the joints' limits"

    episodes: int = 1600
    samples: int = 2_000_000
    seeds: str = "5000:5050"

    def evaluate(self, bundle: Path, seeds: range, out: Path) -> dict[str, Any]:
        """Clear the tables of these seeds; `out/tables` gets a file a scene."""
        player = Player(self.env, self.evaluated, str(bundle))
        result = clear_tables(player, seeds, self.workers, out / "tables", describe_command(self.name, self))
        Console().print(describe_tables(result))
        return result


def clear_tables(player: Player, seeds: range, workers: int, folder: Path, command: str = "") -> dict[str, Any]:
    """Clear the tables of these seeds and sum up; what the folder holds for the same claim is not played again.

    Returns:
        the summary of `summarise`, with env, policy, seeds, every table's picks and provenance.
    """
    env = make_env(player.env, **player.env_options)
    num_picks = len(env.unwrapped.object_names)
    env.close()
    claim = compute_claim_digest({**player.describe(), "num_picks": num_picks})
    played = play_scenes(ReduceClearing(Clearer(player, num_picks)), dict.fromkeys(seeds, claim), folder, workers)
    scenes = {seed: from_json(picks) for seed, picks in played.items()}
    return {
        "schema": 1,
        "env": player.env,
        "policy": player.describe()["policy"],
        "seeds": f"{seeds.start}:{seeds.stop}",
        **summarise(scenes, num_picks),
        "scenes_by_seed": {str(seed): [pick._asdict() for pick in picks] for seed, picks in scenes.items()},
        "provenance": collect_provenance(player.describe(), command),
    }


def describe_tables(result: Mapping[str, Any]) -> str:
    """The result of `clear_tables` in a few lines."""
    tables, limits = result["tables"], [ur5e.VELOCITY_LIMIT_RAD_S, ur5e.ACCELERATION_LIMIT_RAD_S2]
    failures = ", ".join(f"{count} {name}" for name, count in result["failures"].items()) or "none"
    speed, acceleration = result["max_joint_speed_rad_s"], result["max_joint_acceleration_rad_s2"]
    cycle = result.get("cycle_time_s_mean", math.nan)
    return "\n".join(
        (
            f"single picks: {_say_rate(result['successes'], result['picks'], result['interval'])}",
            f"whole tables: {_say_rate(tables['cleared'], result['scenes'], tables['interval'])}",
            f"failures: {failures}",
            f"mean cycle: {cycle:.2f} s from pointing to released and clear",
            f"joints, at most: {speed:.2f} of {limits[0]:.2f} rad/s, {acceleration:.2f} of {limits[1]:.2f} rad/s^2",
        )
    )


def _say_rate(count: int, total: int, interval: Sequence[float]) -> str:
    low, high = interval
    return f"{count}/{total} = {count / total:.1%} ({low:.1%} to {high:.1%})"
