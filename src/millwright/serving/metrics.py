"""Metrics: what a server counts and times, as Prometheus reads it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from millwright.serving.refusal import Code
from millwright.serving.stages import SERVER

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
SWAPPED, REFUSED = "swapped", "refused"
"""What became of a bundle that was to take another's place."""
SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.stages = Histogram(
            "millwright_stage_seconds", "Time that a stage of an answer took.", ("bundle", "stage"),
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.batches = Histogram(
            "millwright_batch_size", "Robots planned for in one call of the policy.", ("bundle",),
            buckets=SIZES, registry=self.registry,
        )  # fmt: skip
        self.drops = Counter(
            "millwright_queue_drops", "Observations whose place a newer one took.", ("bundle",), registry=self.registry
        )
        self.refused = Counter(
            "millwright_refused", "Observations and calls that were refused.", ("code",), registry=self.registry
        )
        self.swaps = Counter(
            "millwright_swaps", "Bundles that were to take another's place: swapped, or refused.",
            ("bundle", "outcome"), registry=self.registry,
        )  # fmt: skip
        self.robots = Gauge("millwright_robots", "Robots heard of lately.", ("bundle",), registry=self.registry)
        self.serving = Gauge("millwright_serving", "1 while health says SERVING, else 0.", registry=self.registry)
        self.streams = Gauge("millwright_streams", "Streams that are open.", registry=self.registry)

        for code in Code:
            self.refused.labels(code.name)
        self.refused.labels("UNAUTHENTICATED")

    def expect(self, bundle: str) -> None:
        """That bundle is served: what has not happened yet is told as 0, so that the first time is seen as a rise."""
        for stage in (*SERVER, "total"):
            self.stages.labels(bundle, stage)
        self.batches.labels(bundle)
        self.drops.labels(bundle)
        self.robots.labels(bundle)
        for outcome in (SWAPPED, REFUSED):
            self.swaps.labels(bundle, outcome)

    def observe(self, bundle: str, spent: Mapping[str, float]) -> None:
        """Stages took so long, s."""
        for stage, took_s in spent.items():
            self.stages.labels(bundle, stage).observe(took_s)


@contextmanager
def time_stage(stage: str, spent: MutableMapping[str, float]) -> Iterator[None]:
    """Say in `spent` how long it took, s."""
    started_s = time.perf_counter()
    try:
        yield
    finally:
        spent[stage] = time.perf_counter() - started_s
