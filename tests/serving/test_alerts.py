"""Alert rules and the Grafana dashboard ask for what is really told, and each alert is known to fire and not to."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import make_grafana
import pytest
import yaml
from prometheus_client.metrics_core import Metric

from millwright.serving import robot_metrics
from millwright.serving.fallback import Patience
from millwright.serving.metrics import SECONDS, Metrics
from millwright.serving.robot_metrics import RobotMetrics
from tests.serving.prometheus import PROMTOOL, ROOT, needs_promtool

FOLDER = ROOT / "deploy" / "prometheus"
RULES = [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
CASES = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
DASHBOARD = json.loads(make_grafana.FILE.read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ALERTS = {rule["alert"]: rule["expr"] for rule in RULES}
QUERIES = {
    f"{panel['title']} {target['refId']}": target["expr"] for panel in PANELS for target in panel["targets"]
} | ALERTS
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
SERIES = re.compile(r"\b((?:millwright_|up\b)\w*)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!=|=)\s*"([^"]*)"')
FIXED = {"job", "instance"}
"""Labels that Prometheus itself puts on."""


def list_families() -> Iterator[Metric]:
    served = Metrics()
    served.expect("b")
    for registry in (served.registry, RobotMetrics().registry):
        yield from registry.collect()


FAMILIES = {f"{family.name}{suffix}": family for family in list_families() for suffix in SUFFIXES[family.type]}
LABELS = {
    **{f"{name}": set(labels) for name, labels in (("up", ()),)},
    **{name: {label for sample in family.samples for label in sample.labels} for name, family in FAMILIES.items()},
    "millwright_robot_plan_stage_seconds_bucket": {"stage", "le"},  # nothing is told of these before it happened
    "millwright_robot_plan_stage_seconds_sum": {"stage"},
    "millwright_robot_plan_stage_seconds_count": {"stage"},
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_asks_for_what_server_or_robot_tell(name: str) -> None:
    asked = SERIES.findall(QUERIES[name])
    assert asked or QUERIES[name].startswith("ALERTS")
    for metric, matchers in asked:
        assert metric in LABELS, f"nobody tells {metric}"
        for label, how, value in MATCHER.findall(matchers):
            assert label in LABELS[metric] | FIXED, f"{metric} has no label {label}"
            told = {sample.labels.get(label) for sample in FAMILIES[metric].samples} if metric in FAMILIES else set()
            assert label in FIXED or how == "=~" or value in told, f"no {label} of {metric} is ever {value}"


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_groups_by_labels_that_are_there(name: str) -> None:
    labels = set().union(*(LABELS[metric] for metric, _ in SERIES.findall(QUERIES[name])), FIXED, {"le"})
    for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", QUERIES[name]):
        assert {word.strip() for word in group.split(",")} <= labels


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "runbook"}
    assert len(rule["annotations"]["runbook"]) > 60


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_known_to_fire_and_not_to(alert: str) -> None:
    fires, stays = set(), set()
    for case in CASES:
        for test in case.get("alert_rule_test", []):
            (fires if test["exp_alerts"] else stays).add(test["alertname"])
        for test in case.get("promql_expr_test", []):
            named = re.search(r'alertname=~?"([^"]+)"', test["expr"])
            about = {name for name in ALERTS if not named or re.fullmatch(named[1], name)}
            shown = re.findall(r'alertname="(\w+)"', " ".join(one["labels"] for one in test["exp_samples"]))
            found = set(shown) or (about if test["exp_samples"] and named else set())
            fires |= found
            stays |= about - found
    assert alert in fires
    assert alert in stays


def test_deadlines_are_those_that_robots_keep_and_are_counted_exactly() -> None:
    deadline_s = Patience().deadline_s
    assert deadline_s in SECONDS
    assert deadline_s in robot_metrics.SECONDS
    for alert in ("MillwrightAnswersLate", "MillwrightChunksOld"):
        assert ALERTS[alert].endswith(f"> {deadline_s}")


def test_the_page_on_metrics_names_all_that_is_told_and_every_alert() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    names = {f"{family.name}{'_total' if family.type == 'counter' else ''}" for family in list_families()}
    assert not [name for name in names if name not in page]
    assert not [alert for alert in ALERTS if alert.removeprefix("Millwright") not in page]


def test_the_dashboard_is_as_its_script_writes_it() -> None:
    assert make_grafana.make_dashboard() == DASHBOARD, "run scripts/make_grafana.py"


def test_the_dashboard_can_be_imported_anywhere() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    used = set(re.findall(r"\$(?!__)\{?(\w+)", json.dumps(DASHBOARD)))
    assert used == set(variables)
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(taken)) == len(taken), "panels lie over each other"
    assert max(x for x, _ in taken) < make_grafana.WIDTH


def check(*words: str | Path) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True, check=False, cwd=FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_alerts_fire_when_they_should_and_only_then() -> None:
    check("check", "config", "prometheus.yml")
    check("test", "rules", "alerts_test.yml")


@needs_promtool
def test_prometheus_understands_each_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [re.sub(r"\$__rate_interval", "1m", query) for name, query in QUERIES.items() if name not in ALERTS]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    check("check", "rules", tmp_path / "panels.yml")
