"""What the page on latency says is what was measured."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_measured_way_to_play_stands_on_the_page_with_its_count() -> None:
    page = (ROOT / "docs" / "latency.md").read_text()
    rows = json.loads((ROOT / "results" / "bench-latency.json").read_text())["measured"]["rows"]
    assert {row["latency_ms"] for row in rows} == {0, 50, 100, 250, 450}
    for row in rows:
        low, high = row["interval"]
        counted = f"{row['successes']}/{row['episodes']} | {low:.1%} to {high:.1%}"
        failures = ", ".join(f"{count} {name}" for name, count in row["failures"].items()) or "none"
        means = f"{row['cycle_s']:.2f} | {row['jerk_rad_s3']:.1f}"
        assert f"| {row['way']} | {row['latency_ms']} | {counted} | {failures} | {means} |" in page
