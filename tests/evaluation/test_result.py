"""The JSON of an evaluation, to the letter."""

from __future__ import annotations

import json

import numpy as np
import pytest

from millwright.core.errors import ResultError
from millwright.evaluation.result import EpisodeResult, Result, load_result
from millwright.evaluation.statistics import wilson


def episode(seed: int, failure: str | None = None, **metrics: float) -> EpisodeResult:
    calls = (1.0, 2.0, 9.0) if seed == 0 else (1.0,)
    return EpisodeResult(
        seed, failure is None, failure, "pick", metrics, call_ms=calls, plan_ms=calls[:1], prompt_at=(0.5, 0.25)
    )


@pytest.fixture
def result() -> Result:
    rows = (
        episode(0, wrong_object=0.0, collision=0.0, cycle_time_s=2.0),
        episode(1, wrong_object=1.0, collision=0.0, failure="wrong_object"),
        episode(2, wrong_object=0.0, collision=0.0, cycle_time_s=4.0),
        episode(3, wrong_object=0.0, collision=1.0, failure="collision"),
        episode(4, wrong_object=1.0, collision=0.0, failure="wrong_object"),
    )
    return Result(range(5), rows, {"env": "brick-table", "policy": "brick-pick", "date": "2026-11-21"})


def test_the_json_has_exactly_the_fields_of_schema_1(result):
    values = result.to_json()
    assert list(values) == [
        "schema", "env", "policy", "privileged", "seeds", "episodes", "successes", "rate", "interval", "failures",
        "verdicts", "metrics", "provenance",
    ]  # fmt: skip
    assert {key: values[key] for key in ("schema", "env", "policy", "seeds", "episodes", "successes", "rate")} == {
        "schema": 1, "env": "brick-table", "policy": "brick-pick", "seeds": "0:5", "episodes": 5, "successes": 2,
        "rate": 0.4,
    }  # fmt: skip
    assert values["interval"] == list(wilson(2, 5))
    assert values["failures"] == {"wrong_object": 2, "collision": 1}
    assert values["verdicts"][1] == {
        "seed": 1, "success": False, "failure": "wrong_object", "metrics": {"wrong_object": 1.0, "collision": 0.0},
    }  # fmt: skip


def test_metrics_are_described_over_the_episodes_that_have_them(result):
    metrics = result.to_json()["metrics"]
    assert metrics["cycle_time_s_mean"] == 3.0
    assert {f"cycle_time_s_{key}" for key in ("mean", "std", "p50", "p95", "p99")} <= set(metrics)


def test_latencies_are_described_over_calls_not_over_episodes(result):
    calls = [1.0, 2.0, 9.0, 1.0, 1.0, 1.0, 1.0]
    metrics = result.to_json()["metrics"]
    assert metrics["call_latency_ms_mean"] == pytest.approx(np.mean(calls))
    assert metrics["call_latency_ms_p99"] == pytest.approx(np.percentile(calls, 99))
    assert metrics["plan_latency_ms_mean"] == 1.0


def test_events_are_rates_with_intervals(result):
    metrics = result.to_json()["metrics"]
    assert (metrics["wrong_object_rate"], metrics["wrong_object_interval"]) == (0.4, list(wilson(2, 5)))
    assert (metrics["collision_rate"], metrics["collision_interval"]) == (0.2, list(wilson(1, 5)))


def test_a_saved_result_is_loaded_as_it_was(result, tmp_path):
    result.save(tmp_path / "result.json")
    assert load_result(tmp_path / "result.json") == result.to_json()
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_an_episodes_result_survives_json():
    before = episode(0, cycle_time_s=2.0)
    assert EpisodeResult.from_json(json.loads(json.dumps(before.to_json()))) == before


def test_properties_and_evidence_are_kept_a_verdict(tmp_path):
    known = EpisodeResult(
        0, False, "miss", "pick", {}, properties={"target": "red"}, evidence={"held_s": 0.1}, moments=(("end", 1.0),)
    )
    assert known.to_verdict()["properties"] == {"target": "red"}
    assert known.to_verdict()["evidence"] == {"held_s": 0.1}
    assert EpisodeResult.from_json(json.loads(json.dumps(known.to_json()))) == known


def test_what_an_older_version_wrote_is_still_read(tmp_path):
    row = episode(0).to_json()
    older = {name: row[name] for name in row if name not in ("properties", "evidence", "strip", "moments")}
    assert EpisodeResult.from_json(older) == episode(0)
    assert list(episode(0).to_verdict()) == ["seed", "success", "failure", "metrics"]


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', "{}", "\xff"])
def test_a_file_that_is_no_result_is_refused_by_name(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ResultError, match=r"other\.json"):
        load_result(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ResultError, match=r"none\.json"):
        load_result(tmp_path / "none.json")
