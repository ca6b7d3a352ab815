"""Write the Grafana dashboard anew: `python scripts/make_grafana.py`. Rows, panels and queries are the tables below."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parents[1] / "deploy" / "grafana" / "millwright.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT = 24, 8
"""Of the page, and of a panel, in Grafana's units."""
SERVER, ROBOT = 'job="millwright-server", instance=~"$server"', 'job="millwright-robot", instance=~"$robot"'


class Panel(NamedTuple):
    """A panel; `queries`: what its curves are called -> PromQL."""

    title: str
    unit: str
    queries: Mapping[str, str]
    kind: str = "timeseries"
    stacked: bool = False


def rate(metric: str, who: str, by: str, more: str = "") -> str:
    """How often a second."""
    return f"sum by ({by}) (rate({metric}{{{who}{more}}}[$__rate_interval]))"


def rise(metric: str, by: str, more: str = "") -> str:
    """How often of late, on robots."""
    return f"sum by ({by}) (increase({metric}{{{ROBOT}{more}}}[$__rate_interval]))"


def quantiles(shares: tuple[float, ...], histogram: str, who: str, by: str, more: str = "") -> dict[str, str]:
    """Of a histogram, a curve each."""
    buckets = rate(f"{histogram}_bucket", who, f"{by}, le", more)
    return {f"p{100 * share:g} {{{{{by}}}}}": f"histogram_quantile({share}, {buckets})" for share in shares}


def mean(histogram: str, who: str, by: str, more: str = "") -> str:
    """Of a histogram."""
    return f"{rate(f'{histogram}_sum', who, by, more)} / {rate(f'{histogram}_count', who, by, more)}"


STAGE, TOTAL, PARTS = "millwright_stage_seconds", ', stage="total"', ', stage!="total"'
PLAN, ACT, AGE, CONFIDENCE = (
    f"millwright_robot_{name}" for name in ("plan_stage_seconds", "act_seconds", "chunk_age_seconds", "confidence")
)
TICKS, INTERVENTIONS, SWITCHES, HALTS, ERRORS, MISSED = (
    f"millwright_robot_{name}_total"
    for name in ("ticks", "interventions", "switches", "halts", "policy_errors", "frame_drops")
)
DROPS = "millwright_queue_drops_total"
ALERTS = 'ALERTS{alertstate="firing", alertname=~"Millwright.*"}'
ALL_TICKS = rate(TICKS, ROBOT, "instance")
LIMITED = f"{rate(INTERVENTIONS, ROBOT, 'instance, what, why')} / on (instance) group_left {ALL_TICKS}"
NOT_DRIVEN = rate(TICKS, ROBOT, "instance", ', driver!="policy"') + f" / {ALL_TICKS}"
STATES = {"0": {"text": "down", "color": "red"}, "1": {"text": "up", "color": "green"}}
ROWS: dict[str, tuple[Panel, ...]] = {
    "Is it up": (
        Panel("Servers", "short", {"{{instance}}": f"up{{{SERVER}}}"}, "stat"),
        Panel("Health says SERVING", "short", {"{{instance}}": f"millwright_serving{{{SERVER}}}"}, "stat"),
        Panel("Robots", "short", {"{{instance}}": f"up{{{ROBOT}}}"}, "stat"),
        Panel("Alerts that fire", "short", {"{{alertname}} {{instance}} {{why}}": ALERTS}),
    ),
    "Latency by stage": (
        Panel("Answers of the server", "s", quantiles((0.5, 0.95, 0.99), STAGE, SERVER, "bundle", TOTAL)),
        Panel("Stages on the server, p95", "s", quantiles((0.95,), STAGE, SERVER, "stage", PARTS)),
        Panel("Stages on the server, mean", "s", {"{{stage}}": mean(STAGE, SERVER, "stage", PARTS)}, stacked=True),
        Panel("Stages as robots see them, mean", "s", {"{{stage}}": mean(PLAN, ROBOT, "stage")}, stacked=True),
        Panel("What a policy takes of a tick", "s", quantiles((0.5, 0.99), ACT, ROBOT, "instance")),
        Panel("Robots in one call, mean", "short", {"{{bundle}}": mean("millwright_batch_size", SERVER, "bundle")}),
    ),
    "Robots": (
        Panel("Robots heard of lately", "short", {"{{bundle}}": f"sum by (bundle) (millwright_robots{{{SERVER}}})"}),
        Panel("Streams", "short", {"{{instance}}": f"millwright_streams{{{SERVER}}}"}),
        Panel("Answers a second", "reqps", {"{{bundle}}": rate(f"{STAGE}_count", SERVER, "bundle", TOTAL)}),
        Panel("Ticks a second, by who drives", "hertz", {"{{driver}}": rate(TICKS, ROBOT, "driver")}, stacked=True),
    ),
    "Drops": (
        Panel("Overtaken by newer observations", "reqps", {"{{bundle}}": rate(DROPS, SERVER, "bundle")}),
        Panel("Refused", "reqps", {"{{code}}": rate("millwright_refused_total", SERVER, "code")}),
        Panel("Frames missed", "reqps", {"{{instance}}": rate(MISSED, ROBOT, "instance")}),
    ),
    "Interventions": (
        Panel("Ticks in which the limiter did something", "percentunit", {"{{instance}} {{what}} {{why}}": LIMITED}),
        Panel("Stops of the limiter, halts of the command loop", "short", {
            "{{instance}} stopped: {{why}}": rise(INTERVENTIONS, "instance, why", ', what="stopped"'),
            "{{instance}} halted: {{why}}": rise(HALTS, "instance, why"),
        }),
    ),
    "Fallbacks": (
        Panel("Switches", "short", {"to {{to}}: {{why}}": rise(SWITCHES, "to, why")}),
        Panel("Ticks that the policy did not drive", "percentunit", {"{{instance}}": NOT_DRIVEN}),
        Panel("Errors that nobody fell back from", "short", {"{{kind}}": rise(ERRORS, "kind")}),
    ),
    "Confidence and age": (
        Panel("Confidence of new chunks", "percentunit", {
            "mean {{instance}}": mean(CONFIDENCE, ROBOT, "instance"),
            **quantiles((0.1,), CONFIDENCE, ROBOT, "instance"),
        }),
        Panel("Age of the chunk that is played", "s", quantiles((0.5, 0.95), AGE, ROBOT, "instance")),
    ),
}  # fmt: skip


def make_dashboard() -> dict[str, Any]:
    """The whole dashboard, as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        place = {"x": 0, "y": top, "w": WIDTH, "h": 1}
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        )
        top += 1
        across = len(row) if len(row) <= 4 else 3
        wide = WIDTH // across
        for number, panel in enumerate(row):
            down, along = divmod(number, across)
            place = {"x": along * wide, "y": top + down * HEIGHT, "w": wide, "h": HEIGHT}
            panels.append(make_panel(panel, len(panels) + 1, place))
        top += HEIGHT * -(-len(row) // across)
    return {
        "uid": "millwright", "title": "millwright", "tags": ["millwright", "robots"], "schemaVersion": 38, "version": 1,
        "editable": True, "graphTooltip": 1, "refresh": "15s", "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser", "annotations": {"list": []}, "links": [],
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}},
            make_choice("server", 'label_values(up{job="millwright-server"}, instance)'),
            make_choice("robot", 'label_values(up{job="millwright-robot"}, instance)'),
        ]},
        "panels": panels,
    }  # fmt: skip


def make_choice(name: str, query: str) -> dict[str, Any]:
    """Of the instances that are told of; all at first."""
    return {
        "name": name, "label": name.capitalize(), "type": "query", "datasource": SOURCE, "refresh": 2, "sort": 1,
        "query": {"query": query, "refId": name}, "definition": query, "multi": True,
        "includeAll": True, "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }  # fmt: skip


def make_panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    """One panel with its queries."""
    targets = [
        {"refId": chr(ord("A") + index), "datasource": SOURCE, "expr": query, "legendFormat": name, "range": True}
        for index, (name, query) in enumerate(panel.queries.items())
    ]
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    options: dict[str, Any] = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
    if panel.kind == "stat":
        defaults["mappings"] = [{"type": "value", "options": STATES}]
        options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background", "textMode": "value_and_name"}
    elif panel.stacked:
        defaults["custom"] = {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40}
    return {
        "id": number, "type": panel.kind, "title": panel.title, "datasource": SOURCE, "gridPos": place,
        "targets": targets, "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options,
    }  # fmt: skip


if __name__ == "__main__":
    FILE.write_text(json.dumps(make_dashboard(), indent=1) + "\n")
