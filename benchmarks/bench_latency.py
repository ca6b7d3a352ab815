"""Closed-loop success under latency, synchronous against asynchronous; prints a table, then JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from millwright.catalog import Player
from millwright.evaluation.suite import evaluate, parse_seeds

ENV = "brick-table"
LATENCIES_MS = (50, 100, 250, 450)
WAYS: dict[str, dict[str, Any]] = {
    "plans while it plays": {},
    "the same, always at full tempo": {"tempo": 1.0},
    "the same, the old chunk does not fade out": {"blend": 0},
    "the same, it fades out for three ticks": {"blend": 3},
    "stands until the plan is there": {"waits": True},
    "takes late plans for up to date": {"stale": True},
}


def list_cells(latencies_ms: Sequence[int] = LATENCIES_MS) -> list[tuple[str, int, dict[str, Any]]]:
    """How, at what latency in ms, and what says so to a `Player`."""
    late = [
        (way, latency_ms, {"latency_s": (latency_ms / 1000, latency_ms / 1000), **how})
        for latency_ms in latencies_ms
        for way, how in WAYS.items()
    ]
    return [("without latency", 0, {}), ("the same, the old chunk does not fade out", 0, {"blend": 0}), *late]


def measure(policy: str, seeds: str, workers: int, latencies_ms: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each way and latency, on the same scenes."""
    rows = []
    for way, latency_ms, playing in list_cells(latencies_ms):
        player = Player(ENV, policy=policy, **playing)
        result = evaluate(player, parse_seeds(seeds), workers, claim=player.describe(), progress=False).to_json()
        kept = ("successes", "episodes", "rate", "interval", "failures")
        means = {"cycle_s": "cycle_time_s_mean", "jerk_rad_s3": "jerk_rad_s3_mean"}
        measured = {name: result["metrics"].get(metric) for name, metric in means.items()}
        rows.append({"way": way, "latency_ms": latency_ms, **{name: result[name] for name in kept}, **measured})
        print(write_row(rows[-1]), flush=True)
    return rows


def write_row(row: dict[str, Any]) -> str:
    """A line of a table in Markdown."""
    low, high = row["interval"]
    failures = ", ".join(f"{count} {name}" for name, count in row["failures"].items()) or "none"
    cycle = "" if row["cycle_s"] is None else f"{row['cycle_s']:.2f}"
    counted = f"{row['successes']}/{row['episodes']} | {low:.1%} to {high:.1%} | {failures} | {cycle}"
    return f"| {row['way']} | {row['latency_ms']} | {counted} | {row['jerk_rad_s3']:.1f} |"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", default="brick-pick", help="a bundle")
    parser.add_argument("--seeds", default="5000:5200", help="scenes A:B; from 10000 on for published figures")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--latencies-ms", type=int, nargs="+", default=LATENCIES_MS)
    arguments = parser.parse_args()
    columns = ("how", "latency, ms", "succeeded", "95% interval", "failures", "mean cycle, s", "mean jerk, rad/s3")
    print(f"| {' | '.join(columns)} |\n{'| --- ' * len(columns)}|")
    rows = measure(arguments.policy, arguments.seeds, arguments.workers, arguments.latencies_ms)
    about = Player(ENV, policy=arguments.policy).describe()
    print(json.dumps({**about, "seeds": arguments.seeds, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
