"""`millwright profile` times a bundle by its stages and holds it against a budget."""

from __future__ import annotations

import json

import pytest

from millwright import cli


def test_a_shipped_bundle_is_timed_by_its_stages(tmp_path, capsys):
    file = tmp_path / "profile.json"
    words = ["brick-pick", "--calls", "5", "--env.max_steps", "30", "--budget-ms", "60000", "--json", str(file)]
    assert cli.main(["profile", *words]) == 0
    told = capsys.readouterr().out
    assert "within the budget of 60000 ms" in told
    assert "parameters" in told
    numbers = json.loads(file.read_text())
    assert numbers["calls"] == 5
    assert numbers["within_budget"] is True
    assert {f"{stage}_p99" for stage in ("preprocess", "encode", "memory", "decide", "whole")} <= set(numbers)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["brick-pick", "--calls", "0"], "at least one call"),
        (["brick-pick", "--budget-ms", "-1"], "more than 0"),
        (["no-such-bundle"], "no-such-bundle"),
    ],
)
def test_what_cannot_be_timed_is_refused(words, told, capsys):
    assert cli.main(["profile", *words]) == 2
    assert told in capsys.readouterr().err
