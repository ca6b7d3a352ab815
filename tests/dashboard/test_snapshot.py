"""What the page is told, as JSON can say it."""

from __future__ import annotations

import json

import numpy as np

from millwright.core.judging import Verdict
from millwright.dashboard.snapshot import Outcome, Snapshot, Tally
from millwright.evaluation.statistics import wilson


def test_any_evidence_a_judge_may_give_becomes_strict_json() -> None:
    evidence = {"a": np.float32(0.5), "b": np.array([1, 2]), "c": np.True_, "d": float("nan"), "e": ("x",), "f": None}
    snapshot = Snapshot(verdict=Verdict(False, "miss", evidence))
    told = json.loads(json.dumps(snapshot.to_json(), allow_nan=False))
    assert told["verdict"]["evidence"] == {"a": 0.5, "b": [1, 2], "c": True, "d": None, "e": ["x"], "f": None}


def test_the_outcome_is_told_with_its_verdict() -> None:
    outcome = Outcome("expert", True, "red", "", 7, 40, 2.6, Verdict(True, None, {"height_m": 0.12}))
    told = Snapshot(outcome=outcome).to_json()["outcome"]
    assert told["verdict"] == {"success": True, "failure": None, "evidence": {"height_m": 0.12}}
    assert told["target"] == "red"


def test_a_tally_gives_its_count_with_the_wilson_interval() -> None:
    tally = Tally()
    for success in (True, True, False):
        tally = tally.add(success, privileged=False)
    told = tally.to_json()
    assert (told["successes"], told["episodes"], told["recent"]) == (2, 3, (True, True, False))
    assert told["interval"] == wilson(2, 3)
