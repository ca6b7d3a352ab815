"""A real Prometheus reads a real server and a robot, takes the alert rules, and gives back what was served."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from millwright.core.clock import TickClock
from millwright.core.listening import listen
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.golden import make_observation
from millwright.serving.metered import Metered
from millwright.serving.metrics_page import MetricsPage
from millwright.serving.remote import RemotePlanner
from millwright.serving.robot_metrics import RobotMetrics
from tests.serving.prometheus import PROMETHEUS, ROOT, needs_prometheus

TICKS = 6


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    words = (sys.executable, "-m", "millwright", "serve", "brick-pick", "--port", "0", "--http-port", "0")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"(grpc://\S+) and http://(\S+)", process.stdout.readline())
        assert found
        yield found[1], found[2]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


class Watching:
    """A Prometheus that runs in a folder, and is asked."""

    def __init__(self, folder: Path, targets: dict[str, str]) -> None:
        assert PROMETHEUS is not None
        config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
        config["rule_files"] = [str(ROOT / "deploy" / "prometheus" / "alerts.yml")]
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        with listen("127.0.0.1", 0) as free:
            host, port = free.getsockname()
        self.url = f"http://{host}:{port}/api/v1"
        words = (f"--web.listen-address={host}:{port}", "--config.file=prometheus.yml", "--storage.tsdb.path=data")
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen([PROMETHEUS, *words], cwd=folder, stderr=log)
        self._client = httpx.Client(trust_env=False)

    def ask(self, path: str, **words: str) -> Any:
        """The data of an answer; None while nobody answers."""
        try:
            answer = self._client.get(f"{self.url}/{path}", params=words)
        except httpx.TransportError:
            return None
        return answer.json()["data"] if answer.is_success else None

    def count(self, query: str) -> float | None:
        """The sum of what a query gives; None while it gives nothing."""
        found = self.ask("query", query=f"sum({query})")
        return float(found["result"][0]["value"][1]) if found and found["result"] else None

    def await_count(self, query: str, wanted: float) -> None:
        until_s, found = time.monotonic() + 30, None
        while found != wanted and time.monotonic() < until_s:
            time.sleep(0.2)
            found = self.count(query)
        assert found == wanted, query

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@needs_prometheus
def test_what_was_served_and_driven_is_what_prometheus_says(server: tuple[str, str], tmp_path: Path) -> None:
    address, http = server
    metrics, planner = RobotMetrics(), RemotePlanner(address)
    with MetricsPage(metrics.registry, 0) as page:
        robot = page.url.removeprefix("http://").removesuffix("/metrics")
        watching = Watching(tmp_path, {"millwright-server": http, "millwright-robot": robot})
        try:
            policy = Metered(ChunkPlayer(planner, execute=2), metrics, TickClock(planner.rate_hz))
            policy.reset(0)
            for _ in range(TICKS):
                policy.act(make_observation(planner.inputs))
            watching.await_count('millwright_stage_seconds_count{bundle="brick-pick", stage="total"}', TICKS // 2)
            watching.await_count('millwright_robot_ticks_total{driver="policy"}', TICKS)
            watching.await_count('millwright_robot_plan_stage_seconds_count{stage="server_plan"}', TICKS // 2)
            watching.await_count("millwright_serving", 1)
            watching.await_count("up", 2)
            rules = [rule for group in watching.ask("rules")["groups"] for rule in group["rules"]]
            assert len(rules) == len(re.findall("- alert:", (ROOT / "deploy/prometheus/alerts.yml").read_text()))
            assert not [rule["name"] for rule in rules if rule.get("lastError")]
            assert not watching.ask("alerts")["alerts"]
        finally:
            watching.close()
