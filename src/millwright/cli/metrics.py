"""What the verbs that drive a robot share: its metrics, for Prometheus on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from millwright.cli.arguments import say
from millwright.core.errors import OptionError, import_extra

if TYPE_CHECKING:
    from millwright.serving.robot_metrics import RobotMetrics


@contextmanager
def serve_metrics(port: int | None, workers: int = 1) -> Iterator[RobotMetrics | None]:
    """What a robot's side counts, to be read at a port of loopback meanwhile; without a port, nothing.

    Raises:
        OptionError: there would be several robots.
        MissingExtraError: the extra `serving` is not installed.
        ServiceError: the port cannot be had.
    """
    if port is None:
        yield None
        return
    if workers != 1:
        raise OptionError(f"--metrics-port tells of one robot: add --workers 1, not {workers}")
    for module in ("prometheus_client", "ruckig"):
        import_extra(module, "serving")
    from millwright.serving.metrics_page import MetricsPage
    from millwright.serving.robot_metrics import RobotMetrics

    metrics = RobotMetrics()
    with MetricsPage(metrics.registry, port) as page:
        say(f"metrics at {page.url}")
        yield metrics
