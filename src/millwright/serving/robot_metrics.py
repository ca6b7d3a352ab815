"""RobotMetrics: what a robot's side counts and times, as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from millwright.core.errors import ActionError, ExpiredPlanError, FeatureError, RemoteError
from millwright.serving.command_loop import Halted
from millwright.serving.fallback import ANSWERED, DRIVES, FALLS_BACK, HOLDS, REASONS
from millwright.serving.limiter import KINDS
from millwright.serving.watchdog import REASONS as HALTS

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
SHARES = tuple(tenth / 10 for tenth in range(11))
ERRORS = (RemoteError, ActionError, ExpiredPlanError, FeatureError)
"""What a policy that drives may raise: told as 0 until then, so that the first one is seen as a rise."""
DRIVERS = {DRIVES: "policy", HOLDS: "hold", FALLS_BACK: "fallback"}
"""What a fallback does -> who drives then."""


class RobotMetrics:
    """Of one robot, in a registry of its own. What may happen is there from the beginning, as 0."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.ticks = self._count("ticks", "Ticks of control, by who drove.", "driver")
        self.interventions = self._count("interventions", "What the limiter did, and why.", "what", "why")
        self.switches = self._count("switches", "Who drives from then on, and why.", "to", "why")
        self.halts = self._count("halts", "Halts of the command loop, and why.", "why")
        self.errors = self._count("policy_errors", "Errors of the policy that nobody fell back from.", "kind")
        self.frame_drops = self._count("frame_drops", "Observations that came and went while a tick still went on.")
        self.age = self._time("chunk_age_seconds", "Age of the chunk that a tick's action is from.")
        self.act = self._time("act_seconds", "Time that the policy took for a tick.")
        self.stages = self._time("plan_stage_seconds", "Time that a stage of a server's plan took.", "stage")
        self.confidence = Histogram(
            "millwright_robot_confidence", "Confidence of each new chunk, where it tells one.",
            buckets=SHARES, registry=self.registry,
        )  # fmt: skip
        self._begin()

    def count_halt(self, halted: Halted) -> None:
        """The command loop halted the arm; call it once for each halt."""
        self.halts.labels(halted.why).inc()

    def _begin(self) -> None:
        for driver in DRIVERS.values():
            self.ticks.labels(driver)
        for why, what in KINDS.items():
            self.interventions.labels(what, why)
        for to, reasons in ((DRIVES, (ANSWERED,)), (HOLDS, REASONS), (FALLS_BACK, REASONS)):
            for why in reasons:
                self.switches.labels(DRIVERS[to], name_reason(why))
        for error in ERRORS:
            self.errors.labels(error.__name__)
        for why in HALTS:
            self.halts.labels(why)

    def _count(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"millwright_robot_{name}", about, labels, registry=self.registry)

    def _time(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(f"millwright_robot_{name}", about, labels, buckets=SECONDS, registry=self.registry)


def name_reason(why: str) -> str:
    """The reason as the value of a label."""
    return why.replace(" ", "_")
